#include "net/loop.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "net/internal.h"
#include "observe/log.h"

void net_object_add(struct net_loop *loop, struct net_object *object, const char *kind,
    void (*close)(struct net_object *object))
{
    object->kind = kind;
    object->close = close;
    object->next = loop->objects;
    object->link = &loop->objects;
    if (object->next)
        object->next->link = &object->next;
    loop->objects = object;
}

void net_object_remove(struct net_object *object)
{
    if (!object->link)
        return;
    *object->link = object->next;
    if (object->next)
        object->next->link = object->link;
    object->link = NULL;
}

void net_object_own(void *object)
{
    net_object_remove(object);
}

static void drain(struct net_loop *loop)
{
    while (uv_run(&loop->uv, UV_RUN_DEFAULT))
        ;
}

static void close_left_open(struct net_loop *loop)
{
    while (loop->objects) {
        struct net_object *object = loop->objects;
        if (object->kind)
            log_warn("net.left_open", "loop=%s kind=%s", loop->name, object->kind);
        object->close(object);
        assert(loop->objects != object);
    }
}

static void close_pace(struct net_loop *loop)
{
    uv_close((uv_handle_t *)&loop->before_wait, NULL);
    uv_close((uv_handle_t *)&loop->after_wait, NULL);
}

enum err net_loop_create(struct net_loop **out, const char *name, const char *ca_file)
{
    struct net_loop *loop = calloc(1, sizeof *loop);
    if (!loop)
        return ERR_NOMEM;
    snprintf(loop->name, sizeof loop->name, "%s", name);
    if (ca_file && !(loop->ca_file = strdup(ca_file)))
        goto no_loop;
    if (uv_loop_init(&loop->uv))
        goto no_loop;
    uv_prepare_init(&loop->uv, &loop->before_wait);
    uv_check_init(&loop->uv, &loop->after_wait);
    loop->before_wait.data = loop->after_wait.data = loop;
    if (wheel_start(loop))
        goto no_wheel;
    if (names_start(loop))
        goto no_names;
    if (http_multi_start(loop))
        goto no_curl;
    if (lws_glue_start(loop))
        goto no_lws;
    *out = loop;
    return ERR_OK;

no_lws:
    http_multi_stop(loop);
no_curl:
    names_stop(loop);
no_names:
    wheel_stop(loop);
no_wheel:
    close_pace(loop);
    drain(loop);
    uv_loop_close(&loop->uv);
no_loop:
    free(loop->ca_file);
    free(loop);
    return ERR_SYSTEM;
}

/* Runs after all other preparations: those begun later run first. */
static void gather(uv_prepare_t *prepare)
{
    struct net_loop *loop = prepare->data;
    uint64_t since_us = clock_us() - loop->woken_us;
    bool is_hurried = loop->is_hurried;
    loop->is_hurried = false;
    if (is_hurried || since_us >= loop->gather_us || uv_backend_timeout(&loop->uv) == 0)
        return;
    struct timespec rest = {.tv_nsec = (long)(loop->gather_us - since_us) * 1000};
    nanosleep(&rest, NULL);
    uv_update_time(&loop->uv);
}

static void note_wake(uv_check_t *check)
{
    struct net_loop *loop = check->data;
    loop->woken_us = clock_us();
}

void net_loop_gather(struct net_loop *loop, unsigned gather_us)
{
    loop->gather_us = gather_us;
    uv_prepare_start(&loop->before_wait, gather);
    uv_check_start(&loop->after_wait, note_wake);
    uv_unref((uv_handle_t *)&loop->before_wait);
    uv_unref((uv_handle_t *)&loop->after_wait);
}

void net_loop_run(struct net_loop *loop)
{
    uv_run(&loop->uv, UV_RUN_DEFAULT);
}

void net_loop_stop(struct net_loop *loop)
{
    uv_stop(&loop->uv);
}

/* Whose it is can be told from its kind: ours have names (close_left_open), the rest are the libraries'. */
static void name_handle(uv_handle_t *handle, void *owner)
{
    const struct net_loop *loop = owner;
    log_error("net.handle_left", "loop=%s kind=%s active=%d closing=%d", loop->name,
        uv_handle_type_name(handle->type), uv_is_active(handle), uv_is_closing(handle));
}

/* A library kept a handle (seen once, of libwebsockets, after connections that stood still): said aloud, and left alone. To
   end the process for it would cost what other threads still have to write. */
static void keep_left(struct net_loop *loop)
{
    static _Atomic(struct net_loop *) left;
    uv_walk(&loop->uv, name_handle, loop);
    loop->next_left = atomic_exchange(&left, loop);
}

/* Websocket connections must be gone before their context, and the context's handles before the loop:
   destroy, run, destroy again is libwebsockets' way with a loop that is not its own. */
void net_loop_destroy(struct net_loop *loop)
{
    if (!loop)
        return;
    close_left_open(loop);
    http_multi_stop(loop);
    names_stop(loop);
    lws_glue_stop(loop);
    wheel_stop(loop);
    close_pace(loop);
    drain(loop);
    if (uv_loop_close(&loop->uv)) {
        keep_left(loop);
        return;
    }
    free(loop->ca_file);
    free(loop);
}

uint64_t net_loop_now_ms(const struct net_loop *loop)
{
    return uv_now(&loop->uv);
}
