#include "unit/routing/virtual_loop.h"

#include <stdlib.h>

#include "net/loop.h"

#define TIMERS_MOST 8

struct net_timer {
    void (*fn)(void *owner);
    void *owner;
    uint64_t due_ms; /* 0: not set */
};

static uint64_t clock_now_ms;
static struct net_timer *timers[TIMERS_MOST];

void virtual_begin(void)
{
    clock_now_ms = 1000000;
}

static struct net_timer *next_due(uint64_t until_ms)
{
    struct net_timer *next = NULL;
    for (unsigned i = 0; i < TIMERS_MOST; i++) {
        struct net_timer *timer = timers[i];
        if (timer && timer->due_ms && timer->due_ms <= until_ms &&
            (!next || timer->due_ms < next->due_ms))
            next = timer;
    }
    return next;
}

/* What a timer sets in the past fires a millisecond later, as on the real loop. */
void virtual_run_for(uint64_t ms)
{
    uint64_t until_ms = clock_now_ms + ms;
    struct net_timer *timer;
    while ((timer = next_due(until_ms))) {
        clock_now_ms = timer->due_ms > clock_now_ms ? timer->due_ms : clock_now_ms + 1;
        timer->due_ms = 0;
        timer->fn(timer->owner);
    }
    if (clock_now_ms < until_ms)
        clock_now_ms = until_ms;
}

unsigned virtual_timers(void)
{
    unsigned count = 0;
    for (unsigned i = 0; i < TIMERS_MOST; i++)
        count += timers[i] != NULL;
    return count;
}

/* ---- in place of net ---- */

uint64_t __wrap_net_loop_now_ms(const struct net_loop *loop);
enum err __wrap_net_timer_create(
    struct net_timer **out, struct net_loop *loop, void (*fn)(void *owner), void *owner);
void __wrap_net_timer_set(struct net_timer *timer, uint64_t deadline_ms);
void __wrap_net_timer_clear(struct net_timer *timer);
void __wrap_net_timer_destroy(struct net_timer *timer);

uint64_t __wrap_net_loop_now_ms(const struct net_loop *loop)
{
    return clock_now_ms;
}

enum err __wrap_net_timer_create(
    struct net_timer **out, struct net_loop *loop, void (*fn)(void *owner), void *owner)
{
    for (unsigned i = 0; i < TIMERS_MOST; i++) {
        if (timers[i])
            continue;
        *out = timers[i] = calloc(1, sizeof **out);
        *timers[i] = (struct net_timer){.fn = fn, .owner = owner};
        return ERR_OK;
    }
    return ERR_FULL;
}

void __wrap_net_timer_set(struct net_timer *timer, uint64_t deadline_ms)
{
    timer->due_ms = deadline_ms;
}

void __wrap_net_timer_clear(struct net_timer *timer)
{
    timer->due_ms = 0;
}

void __wrap_net_timer_destroy(struct net_timer *timer)
{
    for (unsigned i = 0; i < TIMERS_MOST; i++)
        if (timer && timers[i] == timer)
            timers[i] = NULL;
    free(timer);
}
