#include <signal.h>
#include <stdlib.h>

#include "net/internal.h"

static const int numbers[] = {SIGTERM, SIGINT, SIGHUP};
#define SIGNAL_COUNT (sizeof numbers / sizeof numbers[0])

struct net_signals {
    struct net_object object;
    void (*fn)(void *owner, int number);
    void *owner;
    uv_signal_t handles[SIGNAL_COUNT];
    unsigned open; /* handles not closed yet */
};

static void handle_closed(uv_handle_t *handle)
{
    struct net_signals *signals = handle->data;
    if (--signals->open == 0)
        free(signals);
}

static void close_signals(struct net_object *object)
{
    struct net_signals *signals = (struct net_signals *)object;
    net_object_remove(object);
    for (size_t i = 0; i < SIGNAL_COUNT; i++)
        uv_close((uv_handle_t *)&signals->handles[i], handle_closed);
}

static void arrived(uv_signal_t *handle, int number)
{
    struct net_signals *signals = handle->data;
    signals->fn(signals->owner, number);
}

enum err net_signals_create(struct net_signals **out, struct net_loop *loop,
    void (*fn)(void *owner, int number), void *owner)
{
    struct net_signals *signals = calloc(1, sizeof *signals);
    if (!signals)
        return ERR_NOMEM;
    signals->fn = fn;
    signals->owner = owner;
    signals->open = SIGNAL_COUNT;
    net_object_add(loop, &signals->object, "signals", close_signals);
    int failed = 0;
    for (size_t i = 0; i < SIGNAL_COUNT; i++) {
        uv_signal_init(&loop->uv, &signals->handles[i]);
        signals->handles[i].data = signals;
        failed |= uv_signal_start(&signals->handles[i], arrived, numbers[i]);
    }
    if (failed) {
        close_signals(&signals->object);
        return ERR_SYSTEM;
    }
    *out = signals;
    return ERR_OK;
}

void net_signals_destroy(struct net_signals *signals)
{
    if (signals)
        close_signals(&signals->object);
}
