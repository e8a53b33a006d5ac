#include <stdlib.h>

#include "net/internal.h"

struct net_wake {
    struct net_object object;
    void (*fn)(void *owner);
    void *owner;
    uv_async_t handle;
};

static void free_wake(uv_handle_t *handle)
{
    free(handle->data);
}

static void close_wake(struct net_object *object)
{
    struct net_wake *wake = (struct net_wake *)object;
    net_object_remove(object);
    uv_close((uv_handle_t *)&wake->handle, free_wake);
}

static void woken(uv_async_t *handle)
{
    struct net_wake *wake = handle->data;
    wake->fn(wake->owner);
}

enum err net_wake_create(
    struct net_wake **out, struct net_loop *loop, void (*fn)(void *owner), void *owner)
{
    struct net_wake *wake = calloc(1, sizeof *wake);
    if (!wake)
        return ERR_NOMEM;
    wake->fn = fn;
    wake->owner = owner;
    if (uv_async_init(&loop->uv, &wake->handle, woken)) {
        free(wake);
        return ERR_SYSTEM;
    }
    wake->handle.data = wake;
    net_object_add(loop, &wake->object, "wake", close_wake);
    *out = wake;
    return ERR_OK;
}

void net_wake_send(struct net_wake *wake)
{
    uv_async_send(&wake->handle);
}

void net_wake_destroy(struct net_wake *wake)
{
    if (wake)
        close_wake(&wake->object);
}
