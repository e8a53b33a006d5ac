/* Timers that are due soon, which is nearly all that ever is set, hang in a wheel of one slot a millisecond: setting one
   anew costs the same however many there are. Later ones wait in libuv's heap.

       net_timer_set ─┬─ soon ──► slots[due % SLOTS] ◄── one libuv timer, at the earliest of them
                      └─ later ─► a libuv timer of its own */
#include <stdlib.h>
#include <string.h>

#include "net/internal.h"
#include "observe/log_call.h"

#define SLOTS 512u
#define WORD_BITS 64u

struct net_timer {
    struct net_object object;
    struct net_loop *loop;
    void (*fn)(void *owner);
    void *owner;
    uv_timer_t handle;       /* armed for what is due later */
    struct net_timer *next;  /* in its slot */
    struct net_timer **link; /* NULL when it is in none */
    uint64_t due_ms;         /* in its slot */
    uint64_t deadline_ms;    /* while it is armed */
    struct log_call *log;    /* that armed it */
};

struct slot {
    struct net_timer *first;
    struct net_timer **end; /* where the next one hangs: what was set first fires first */
};

struct wheel {
    uv_timer_t handle;
    uint64_t armed_ms; /* the handle's time while a timer is in a slot; none is due earlier */
    size_t count;
    struct slot slots[SLOTS];
    uint64_t used[SLOTS / WORD_BITS]; /* a bit a slot with something in it */
};

/* ---- the wheel ---- */

static bool is_in_slot(const struct net_timer *timer)
{
    return timer->link != NULL;
}

static void leave_slot(struct net_timer *timer)
{
    struct wheel *wheel = timer->loop->wheel;
    unsigned number = timer->due_ms % SLOTS;
    struct slot *slot = &wheel->slots[number];
    *timer->link = timer->next;
    if (timer->next)
        timer->next->link = timer->link;
    else
        slot->end = timer->link;
    timer->link = NULL;
    if (!slot->first)
        wheel->used[number / WORD_BITS] &= ~(1ull << number % WORD_BITS);
    if (--wheel->count == 0)
        uv_timer_stop(&wheel->handle);
}

static void turn(uv_timer_t *handle);

static void arm_wheel(struct net_loop *loop, uint64_t due_ms)
{
    uint64_t now_ms = uv_now(&loop->uv);
    loop->wheel->armed_ms = due_ms;
    uv_timer_start(&loop->wheel->handle, turn, due_ms > now_ms ? due_ms - now_ms : 0, 0);
}

static void enter_slot(struct net_timer *timer, uint64_t due_ms)
{
    struct wheel *wheel = timer->loop->wheel;
    unsigned number = due_ms % SLOTS;
    struct slot *slot = &wheel->slots[number];
    timer->due_ms = due_ms;
    timer->next = NULL;
    timer->link = slot->end;
    *slot->end = timer;
    slot->end = &timer->next;
    wheel->used[number / WORD_BITS] |= 1ull << number % WORD_BITS;
    if (wheel->count++ == 0 || due_ms < wheel->armed_ms)
        arm_wheel(timer->loop, due_ms);
}

/* After a stall a slot may hold what is due a turn later too. */
static struct net_timer *due_in_slot(const struct wheel *wheel, uint64_t at_ms)
{
    struct net_timer *timer = wheel->slots[at_ms % SLOTS].first;
    while (timer && timer->due_ms > at_ms)
        timer = timer->next;
    return timer;
}

/* The moment of the first slot from `from_ms` on that holds something. There is one. */
static uint64_t next_used_ms(const struct wheel *wheel, uint64_t from_ms)
{
    unsigned first = from_ms % SLOTS;
    uint64_t bits = wheel->used[first / WORD_BITS] & (~0ull << first % WORD_BITS);
    for (unsigned word = first / WORD_BITS, passed = 0;; passed++) {
        if (bits) {
            unsigned slot = word * WORD_BITS + (unsigned)__builtin_ctzll(bits);
            return from_ms + (slot + SLOTS - first) % SLOTS;
        }
        word = (word + 1) % (SLOTS / WORD_BITS);
        bits = wheel->used[word];
        if (passed > SLOTS / WORD_BITS)
            return from_ms;
    }
}

static void run(struct net_timer *timer)
{
    struct net_loop *loop = timer->loop;
    struct log_call *before = log_call_enter(timer->log);
    loop->in_timer = true;
    timer->fn(timer->owner);
    loop->in_timer = false;
    log_call_leave(before);
}

/* All in the wheel that is due, in order, however late it is. What a callback sets is due later than now, so this ends. */
static void turn(uv_timer_t *handle)
{
    struct net_loop *loop = handle->data;
    struct wheel *wheel = loop->wheel;
    uint64_t now_ms = uv_now(&loop->uv);
    for (uint64_t at_ms = wheel->armed_ms; wheel->count; at_ms++) {
        at_ms = next_used_ms(wheel, at_ms);
        if (at_ms > now_ms) {
            arm_wheel(loop, at_ms);
            break;
        }
        struct net_timer *timer;
        while ((timer = due_in_slot(wheel, at_ms))) {
            leave_slot(timer);
            run(timer);
        }
    }
}

enum err wheel_start(struct net_loop *loop)
{
    struct wheel *wheel = calloc(1, sizeof *wheel);
    if (!wheel)
        return ERR_NOMEM;
    uv_timer_init(&loop->uv, &wheel->handle);
    wheel->handle.data = loop;
    for (size_t i = 0; i < SLOTS; i++)
        wheel->slots[i].end = &wheel->slots[i].first;
    loop->wheel = wheel;
    return ERR_OK;
}

static void free_wheel(uv_handle_t *handle)
{
    free(handle); /* its first member */
}

void wheel_stop(struct net_loop *loop)
{
    uv_close((uv_handle_t *)&loop->wheel->handle, free_wheel);
    loop->wheel = NULL;
}

/* ---- timers ---- */

static void free_timer(uv_handle_t *handle)
{
    free(handle->data);
}

static void disarm(struct net_timer *timer)
{
    if (is_in_slot(timer))
        leave_slot(timer);
    else
        uv_timer_stop(&timer->handle);
}

static void close_timer(struct net_object *object)
{
    struct net_timer *timer = (struct net_timer *)object;
    net_object_remove(object);
    disarm(timer);
    log_call_release(timer->log);
    uv_close((uv_handle_t *)&timer->handle, free_timer);
}

static void fire(uv_timer_t *handle)
{
    run(handle->data);
}

enum err net_timer_create(
    struct net_timer **out, struct net_loop *loop, void (*fn)(void *owner), void *owner)
{
    struct net_timer *timer = calloc(1, sizeof *timer);
    if (!timer)
        return ERR_NOMEM;
    timer->loop = loop;
    timer->fn = fn;
    timer->owner = owner;
    uv_timer_init(&loop->uv, &timer->handle);
    timer->handle.data = timer;
    net_object_add(loop, &timer->object, "timer", close_timer);
    *out = timer;
    return ERR_OK;
}

/* libuv's clock is the same monotonic one in milliseconds, and deadlines stay absolute, so a stale loop time does not shift
   them. Within the run of due timers a past deadline is put 1 ms ahead: fired again at once, a timer that always re-arms
   would starve the rest. */
void net_timer_set(struct net_timer *timer, uint64_t deadline_ms)
{
    struct net_loop *loop = timer->loop;
    log_call_keep(&timer->log);
    bool is_armed = is_in_slot(timer) || uv_is_active((uv_handle_t *)&timer->handle);
    if (is_armed && timer->deadline_ms == deadline_ms)
        return;
    uint64_t now_ms = uv_now(&loop->uv);
    uint64_t earliest_ms = now_ms + (loop->in_timer ? 1 : 0);
    uint64_t due_ms = deadline_ms > earliest_ms ? deadline_ms : earliest_ms;
    disarm(timer);
    timer->deadline_ms = deadline_ms;
    if (due_ms - now_ms < SLOTS)
        enter_slot(timer, due_ms);
    else
        uv_timer_start(&timer->handle, fire, due_ms - now_ms, 0);
}

void net_timer_clear(struct net_timer *timer)
{
    disarm(timer);
}

void net_timer_destroy(struct net_timer *timer)
{
    if (timer)
        close_timer(&timer->object);
}
