#include <stdlib.h>

#include "net/internal.h"

struct net_poll {
    struct net_object object;
    void (*fn)(void *owner, int events);
    void *owner;
    uv_poll_t handle;
};

static void free_poll(uv_handle_t *handle)
{
    free(handle->data);
}

static void close_poll(struct net_object *object)
{
    struct net_poll *poll = (struct net_poll *)object;
    net_object_remove(object);
    uv_close((uv_handle_t *)&poll->handle, free_poll);
}

/* An error of the descriptor counts as ready for both: the library that owns it finds out by trying. */
static void ready(uv_poll_t *handle, int status, int events)
{
    struct net_poll *poll = handle->data;
    int both = NET_READ | NET_WRITE;
    int seen = (events & UV_READABLE ? NET_READ : 0) | (events & UV_WRITABLE ? NET_WRITE : 0);
    poll->fn(poll->owner, status < 0 ? both : seen);
}

enum err net_poll_create(struct net_poll **out, struct net_loop *loop, int fd,
    void (*fn)(void *owner, int events), void *owner)
{
    struct net_poll *poll = calloc(1, sizeof *poll);
    if (!poll)
        return ERR_NOMEM;
    poll->fn = fn;
    poll->owner = owner;
    if (uv_poll_init(&loop->uv, &poll->handle, fd)) {
        free(poll);
        return ERR_SYSTEM;
    }
    poll->handle.data = poll;
    net_object_add(loop, &poll->object, "poll", close_poll);
    *out = poll;
    return ERR_OK;
}

void net_poll_set(struct net_poll *poll, int events)
{
    int wanted = (events & NET_READ ? UV_READABLE : 0) | (events & NET_WRITE ? UV_WRITABLE : 0);
    if (wanted)
        uv_poll_start(&poll->handle, wanted, ready);
    else
        uv_poll_stop(&poll->handle);
}

void net_poll_destroy(struct net_poll *poll)
{
    if (poll)
        close_poll(&poll->object);
}
