#include "caller/watch.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/strbuf.h"
#include "net/http.h"

#define POLL_MS 250
#define ANSWER_MAX_BYTES (1u << 20)

struct watch {
    struct net_loop *loop;
    struct net_timer *timer;
    struct http_call *http; /* the request under way */
    const struct watch_listener *listener;
    void *owner;
    char url[300]; /* up to and with "after=" */
    json_int_t after;
    int status;
    struct strbuf body;
    bool has_answered;
    bool has_ended;
    uint64_t give_up_ms; /* 0: not finishing */
};

static void end(struct watch *watch)
{
    if (watch->has_ended)
        return;
    watch->has_ended = true;
    net_timer_clear(watch->timer);
    watch->listener->on_ended(watch->owner);
}

/* Whether the server said that nothing follows. */
static bool read_answer(struct watch *watch)
{
    json_t *answer = json_loadb(watch->body.data, watch->body.len, 0, NULL);
    json_t *events = json_object_get(answer, "events");
    json_t *next = json_object_get(answer, "next");
    size_t i;
    json_t *event;
    if (json_is_array(events))
        watch->has_answered = true;
    json_array_foreach(events, i, event)
    {
        json_int_t n = json_integer_value(json_object_get(event, "n"));
        watch->after = n; /* from the beginning again when another process answers */
        watch->listener->on_event(watch->owner, event);
    }
    if (json_is_integer(next) && json_integer_value(next) > watch->after)
        watch->after = json_integer_value(next);
    bool has_ended = json_is_true(json_object_get(answer, "ended"));
    json_decref(answer);
    return has_ended;
}

static void on_status(void *owner, int status, struct slice content_type, unsigned retry_after_ms)
{
    struct watch *watch = owner;
    watch->status = status;
}

static void on_body(void *owner, struct slice data)
{
    struct watch *watch = owner;
    strbuf_add_slice(&watch->body, data);
}

/* A poll that fails is made again: the server may not know the call yet. */
static void on_done(void *owner, enum err err, const char *why)
{
    struct watch *watch = owner;
    watch->http = NULL;
    bool has_ended = !err && watch->status == 200 && !watch->body.failed && read_answer(watch);
    if (watch->give_up_ms && (has_ended || clock_ms() >= watch->give_up_ms)) {
        end(watch);
        return;
    }
    net_timer_set(watch->timer, clock_ms() + (watch->give_up_ms ? POLL_MS / 5 : POLL_MS));
}

static void poll_now(void *owner)
{
    static const struct http_listener listener = {on_status, on_body, on_done};
    struct watch *watch = owner;
    char url[340];
    snprintf(url, sizeof url, "%s%" JSON_INTEGER_FORMAT, watch->url, watch->after);
    struct http_options options = {
        .method = "GET",
        .url = url,
        .connect_timeout_ms = 1000,
        .first_byte_timeout_ms = 2000,
        .idle_timeout_ms = 2000,
        .total_timeout_ms = 3000,
        .max_body_bytes = ANSWER_MAX_BYTES,
        .allow_private = true,
    };
    watch->status = 0;
    strbuf_clear(&watch->body);
    if (http_start(&watch->http, watch->loop, &options, &listener, watch) == ERR_OK)
        return;
    watch->http = NULL;
    if (watch->give_up_ms)
        end(watch);
    else
        net_timer_set(watch->timer, clock_ms() + POLL_MS);
}

enum err watch_start(struct watch **out, struct net_loop *loop, const char *admin,
    const char *call_sid, const struct watch_listener *listener, void *owner)
{
    struct watch *watch = calloc(1, sizeof *watch);
    if (!watch)
        return ERR_NOMEM;
    watch->loop = loop;
    watch->listener = listener;
    watch->owner = owner;
    strbuf_init(&watch->body, ANSWER_MAX_BYTES);
    int len = snprintf(
        watch->url, sizeof watch->url, "http://%s/api/calls/%s/events?after=", admin, call_sid);
    enum err err = len < 0 || (size_t)len >= sizeof watch->url
                       ? ERR_BAD
                       : net_timer_create(&watch->timer, loop, poll_now, watch);
    if (err) {
        free(watch);
        return err;
    }
    net_timer_set(watch->timer, clock_ms() + POLL_MS);
    *out = watch;
    return ERR_OK;
}

void watch_finish(struct watch *watch, unsigned patience_ms)
{
    watch->give_up_ms = clock_ms() + patience_ms;
    if (!watch->http)
        net_timer_set(watch->timer, clock_ms());
}

bool watch_has_answered(const struct watch *watch)
{
    return watch->has_answered;
}

void watch_destroy(struct watch *watch)
{
    if (!watch)
        return;
    if (watch->http)
        http_cancel(watch->http);
    net_timer_destroy(watch->timer);
    strbuf_free(&watch->body);
    free(watch);
}
