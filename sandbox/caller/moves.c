#include "caller/moves.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/strbuf.h"
#include "net/http.h"

#define POLL_MS 100
#define ANSWER_MAX_BYTES (1u << 20)

struct moves {
    struct net_loop *loop;
    struct net_timer *timer;
    struct http_call *http; /* the request under way */
    const struct moves_listener *listener;
    void *owner;
    char url[200];
    size_t seen;
    int status;
    struct strbuf body;
    bool is_wanted;
    bool is_looking; /* the next answer is told */
    bool is_stale;   /* the one under way was asked for before */
};

static void ask(void *owner);

static void tell(struct moves *moves)
{
    json_t *answer = json_loadb(moves->body.data, moves->body.len, 0, NULL);
    const json_t *updates = json_object_get(answer, "updates");
    for (; moves->seen < json_array_size(updates); moves->seen++) {
        const json_t *update = json_array_get(updates, moves->seen);
        const char *twiml = json_string_value(json_object_get(update, "Twiml"));
        if (twiml || json_object_get(update, "Status"))
            moves->listener->on_move(moves->owner, slice_from(twiml));
    }
    json_decref(answer);
}

/* A port that does not answer is asked again, unless somebody waits for the answer. */
static void answered(struct moves *moves, bool is_good)
{
    if (is_good)
        tell(moves);
    if (moves->is_looking && moves->is_stale) {
        moves->is_stale = false;
        ask(moves);
    } else if (moves->is_looking) {
        moves->is_looking = false;
        moves->listener->on_looked(moves->owner);
    } else if (moves->is_wanted) {
        net_timer_set(moves->timer, clock_ms() + POLL_MS);
    }
}

static void on_status(void *owner, int status, struct slice content_type, unsigned retry_after_ms)
{
    ((struct moves *)owner)->status = status;
}

static void on_body(void *owner, struct slice data)
{
    strbuf_add_slice(&((struct moves *)owner)->body, data);
}

static void on_done(void *owner, enum err err, const char *why)
{
    struct moves *moves = owner;
    moves->http = NULL;
    answered(moves, !err && moves->status == 200 && !moves->body.failed);
}

static void ask(void *owner)
{
    static const struct http_listener listener = {on_status, on_body, on_done};
    struct moves *moves = owner;
    struct http_options options = {
        .method = "GET",
        .url = moves->url,
        .connect_timeout_ms = 1000,
        .first_byte_timeout_ms = 2000,
        .idle_timeout_ms = 2000,
        .total_timeout_ms = 3000,
        .max_body_bytes = ANSWER_MAX_BYTES,
        .allow_private = true,
    };
    moves->status = 0;
    strbuf_clear(&moves->body);
    if (http_start(&moves->http, moves->loop, &options, &listener, moves) == ERR_OK)
        return;
    moves->http = NULL;
    net_timer_set(moves->timer, clock_ms() + POLL_MS);
}

enum err moves_start(struct moves **out, struct net_loop *loop, const char *control,
    const char *call_sid, const struct moves_listener *listener, void *owner)
{
    struct moves *moves = calloc(1, sizeof *moves);
    if (!moves)
        return ERR_NOMEM;
    moves->loop = loop;
    moves->listener = listener;
    moves->owner = owner;
    strbuf_init(&moves->body, ANSWER_MAX_BYTES);
    int len = snprintf(moves->url, sizeof moves->url, "http://%s/calls/%s", control, call_sid);
    enum err err = len < 0 || (size_t)len >= sizeof moves->url
                       ? ERR_BAD
                       : net_timer_create(&moves->timer, loop, ask, moves);
    if (err) {
        free(moves);
        return err;
    }
    *out = moves;
    return ERR_OK;
}

void moves_watch(struct moves *moves, bool is_wanted)
{
    moves->is_wanted = is_wanted;
    if (is_wanted && !moves->http)
        net_timer_set(moves->timer, clock_ms() + POLL_MS);
    else if (!is_wanted)
        net_timer_clear(moves->timer);
}

void moves_look(struct moves *moves)
{
    moves->is_looking = true;
    moves->is_stale = moves->http != NULL;
    if (!moves->http)
        net_timer_set(moves->timer, clock_ms());
}

void moves_destroy(struct moves *moves)
{
    if (!moves)
        return;
    if (moves->http)
        http_cancel(moves->http);
    net_timer_destroy(moves->timer);
    strbuf_free(&moves->body);
    free(moves);
}
