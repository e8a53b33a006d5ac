#include <stdlib.h>

#include "net/internal.h"

struct net_timer {
    struct net_object object;
    struct net_loop *loop;
    void (*fn)(void *owner);
    void *owner;
    uv_timer_t handle;
    uint64_t deadline_ms; /* while it is armed */
};

static void free_timer(uv_handle_t *handle)
{
    free(handle->data);
}

static void close_timer(struct net_object *object)
{
    struct net_timer *timer = (struct net_timer *)object;
    net_object_remove(object);
    uv_close((uv_handle_t *)&timer->handle, free_timer);
}

static void fire(uv_timer_t *handle)
{
    struct net_timer *timer = handle->data;
    struct net_loop *loop = timer->loop;
    loop->in_timer = true;
    timer->fn(timer->owner);
    loop->in_timer = false;
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

/* libuv's clock is the same monotonic one in milliseconds, and a handle keeps its absolute due time, so
   a stale loop time does not shift the deadline. Within the run of due timers a past deadline is put
   1 ms ahead: libuv would fire it again at once, and a timer that always re-arms would starve the rest. */
void net_timer_set(struct net_timer *timer, uint64_t deadline_ms)
{
    bool is_armed = uv_is_active((uv_handle_t *)&timer->handle);
    if (is_armed && timer->deadline_ms == deadline_ms)
        return;
    timer->deadline_ms = deadline_ms;
    uint64_t now_ms = uv_now(&timer->loop->uv);
    uint64_t wait_ms = deadline_ms > now_ms ? deadline_ms - now_ms : 0;
    if (!wait_ms && timer->loop->in_timer)
        wait_ms = 1;
    uv_timer_start(&timer->handle, fire, wait_ms, 0);
}

void net_timer_clear(struct net_timer *timer)
{
    uv_timer_stop(&timer->handle);
}

void net_timer_destroy(struct net_timer *timer)
{
    if (timer)
        close_timer(&timer->object);
}
