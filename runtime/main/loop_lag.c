#include "main/loop_lag.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/worst.h"

#define LOOK_MS 50

struct loop_lag {
    struct net_timer *timer;
    enum side_thread thread;
    uint64_t due_ms; /* 0: the loop has not run yet */
    struct worst worst;
};

static void look(void *owner)
{
    struct loop_lag *lag = owner;
    uint64_t now_ms = clock_ms();
    if (lag->due_ms && now_ms > lag->due_ms)
        worst_note(&lag->worst, (uint32_t)(now_ms - lag->due_ms), now_ms);
    lag->due_ms = now_ms + LOOK_MS;
    metric_set_side_lag(lag->thread, worst_now(&lag->worst, now_ms), lag->due_ms);
    net_timer_set(lag->timer, lag->due_ms);
}

enum err loop_lag_start(struct loop_lag **out, struct net_loop *loop, enum side_thread thread)
{
    struct loop_lag *lag = calloc(1, sizeof *lag);
    if (!lag)
        return ERR_NOMEM;
    lag->thread = thread;
    enum err err = net_timer_create(&lag->timer, loop, look, lag);
    if (err) {
        free(lag);
        return err;
    }
    net_timer_set(lag->timer, clock_ms());
    *out = lag;
    return ERR_OK;
}

void loop_lag_stop(struct loop_lag *lag)
{
    if (!lag)
        return;
    metric_set_side_lag(lag->thread, 0, 0);
    net_timer_destroy(lag->timer);
    free(lag);
}
