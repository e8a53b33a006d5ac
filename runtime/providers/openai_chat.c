/* Chat completions over server-sent events:

       POST ─► on_status ─► on_body ─► sse ─► chat_reply ─► on_text …
                                                    └─ at the end ─► on_tool_call … on_done

   The connection is given back to the pool by letting the answer end by itself; when a server leaves it
   open after [DONE], the reply is finished after END_WAIT_MS all the same. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net/http.h"
#include "observe/log.h"
#include "providers/llm.h"
#include "providers/openai_chat_codec.h"
#include "providers/openai_chat_reply.h"
#include "providers/origin.h"
#include "providers/sse.h"

#define MOST_REQUEST_BYTES (1024 * 1024)
#define MOST_ANSWER_BYTES (8 * 1024 * 1024)
#define MOST_EVENT_BYTES (512 * 1024)
#define MOST_PLAIN_BYTES (512 * 1024)
#define END_WAIT_MS 100

enum phase {
    PHASE_WAITING,   /* no token yet */
    PHASE_STREAMING, /* tokens come */
    PHASE_ENDED,     /* [DONE] seen, the connection is still finishing */
    PHASE_FINAL,     /* on_done or on_failed was called */
};

struct llm {
    const struct llm_listener *listener;
    void *owner;
    struct net_loop *loop;
    struct http_call *call; /* NULL once it is done */
    struct net_timer *timer;
    enum phase phase;
    unsigned first_token_timeout_ms;
    unsigned idle_timeout_ms;
    int status;
    unsigned retry_after_ms;
    bool is_stream; /* the answer is events, not one JSON object */
    bool is_busy;   /* inside a callback of ours: freeing waits for its end */
    bool is_cancelled;
    struct sse sse;
    struct chat_reply reply;
    struct strbuf body; /* an error's, or a plain answer's */
};

static void destroy(struct llm *llm)
{
    net_timer_destroy(llm->timer);
    sse_free(&llm->sse);
    chat_reply_free(&llm->reply);
    strbuf_free(&llm->body);
    free(llm);
}

static void enter(struct llm *llm)
{
    llm->is_busy = true;
}

static void leave(struct llm *llm)
{
    llm->is_busy = false;
    if (llm->is_cancelled)
        destroy(llm);
}

static bool is_over(const struct llm *llm)
{
    return llm->is_cancelled || llm->phase == PHASE_FINAL;
}

static void drop_connection(struct llm *llm)
{
    if (llm->call)
        http_cancel(llm->call);
    llm->call = NULL;
    net_timer_clear(llm->timer);
}

static void give_up(struct llm *llm, const struct failure *failure)
{
    if (is_over(llm))
        return;
    drop_connection(llm);
    llm->phase = PHASE_FINAL;
    llm->listener->on_failed(llm->owner, failure);
}

static void fail(struct llm *llm, enum err err, const char *why)
{
    give_up(llm, &(struct failure){.kind = failure_of_err(err), .err = err, .why = why});
}

static void arm(struct llm *llm)
{
    unsigned wait_ms = llm->idle_timeout_ms;
    if (llm->phase == PHASE_WAITING)
        wait_ms = llm->first_token_timeout_ms;
    if (llm->phase == PHASE_ENDED)
        wait_ms = END_WAIT_MS;
    net_timer_set(llm->timer, net_loop_now_ms(llm->loop) + wait_ms);
}

static void give_text(struct llm *llm)
{
    struct slice text = strbuf_slice(&llm->reply.text);
    if (text.len && !is_over(llm))
        llm->listener->on_text(llm->owner, text);
}

/* Everything came: calls, then the end; or the reason why the reply is not to be trusted. */
static void finish(struct llm *llm)
{
    const char *why = "";
    enum err err = chat_reply_finish(&llm->reply, &why);
    if (!err)
        give_text(llm);
    if (err) {
        fail(llm, err, why);
        return;
    }
    drop_connection(llm);
    for (size_t i = 0; i < llm->reply.call_count && !is_over(llm); i++) {
        struct chat_call *call = &llm->reply.calls[i];
        llm->listener->on_tool_call(llm->owner, strbuf_slice(&call->id), strbuf_slice(&call->name),
            strbuf_slice(&call->arguments));
    }
    if (is_over(llm))
        return;
    llm->phase = PHASE_FINAL;
    llm->listener->on_done(llm->owner, &llm->reply.usage);
}

/* `is_last`: the body ended behind it. A last event that was cut in the middle says nothing about those
   before it. */
static void take_event(struct llm *llm, const struct sse_event *event, bool is_last)
{
    char why[CHAT_CODE_SIZE + 32];
    enum err err = chat_reply_take(&llm->reply, event->data);
    if (err == ERR_REFUSED || slice_is(event->kind, "error")) {
        snprintf(why, sizeof(why), "error in the stream: %s", llm->reply.code);
        give_up(llm, &(struct failure){.kind = failure_of_status(500, llm->reply.code),
                         .err = ERR_REFUSED,
                         .status = llm->status,
                         .why = why});
        return;
    }
    if (err && !(is_last && llm->is_stream)) {
        fail(llm, err, "the answer cannot be read");
        return;
    }
    if (llm->reply.text.len || llm->reply.call_count)
        llm->phase = PHASE_STREAMING;
    if (llm->reply.is_ended)
        llm->phase = PHASE_ENDED;
    if (!err)
        give_text(llm);
}

static void take_stream(struct llm *llm, struct slice data)
{
    struct sse_event event;
    while (!is_over(llm) && llm->phase != PHASE_ENDED) {
        if (sse_next(&llm->sse, &data, &event)) {
            fail(llm, ERR_BAD, "an event of the stream is too long");
            return;
        }
        if (!event.is_whole)
            break;
        take_event(llm, &event, false);
        if (!is_over(llm) && llm->phase != PHASE_WAITING)
            arm(llm);
    }
}

static void on_status(void *owner, int status, struct slice content_type, unsigned retry_after_ms)
{
    struct llm *llm = owner;
    llm->status = status;
    llm->retry_after_ms = retry_after_ms;
    llm->is_stream = !slice_starts(content_type, "application/json");
}

static bool is_success(const struct llm *llm)
{
    return llm->status >= 200 && llm->status < 300;
}

static void on_body(void *owner, struct slice data)
{
    struct llm *llm = owner;
    enter(llm);
    if (is_success(llm) && llm->is_stream)
        take_stream(llm, data);
    else
        strbuf_add_slice(&llm->body, data); /* what is over its limit is cut off */
    leave(llm);
}

static void fail_by_status(struct llm *llm)
{
    char code[CHAT_CODE_SIZE];
    char why[CHAT_CODE_SIZE + 32];
    chat_error_code(strbuf_slice(&llm->body), code);
    snprintf(why, sizeof(why), "http %d%s%s", llm->status, *code ? " " : "", code);
    give_up(llm, &(struct failure){.kind = failure_of_status(llm->status, code),
                     .err = ERR_REFUSED,
                     .status = llm->status,
                     .retry_after_ms = llm->retry_after_ms,
                     .why = why});
}

/* The body ended: an event without its blank line may wait, or a plain answer is whole. */
static void take_rest(struct llm *llm)
{
    struct sse_event event = {.is_whole = !llm->is_stream, .data = strbuf_slice(&llm->body)};
    if (llm->is_stream && sse_finish(&llm->sse, &event))
        event.is_whole = false;
    if (event.is_whole && llm->phase != PHASE_ENDED)
        take_event(llm, &event, true);
}

static void on_done(void *owner, enum err err, const char *why)
{
    struct llm *llm = owner;
    llm->call = NULL;
    enter(llm);
    if (is_over(llm)) {
        leave(llm);
        return;
    }
    if (!err && !is_success(llm))
        fail_by_status(llm);
    else if (err && llm->reply.finish == CHAT_FINISH_NONE && !llm->reply.is_ended)
        fail(llm, err, why);
    else if (!err)
        take_rest(llm);
    if (!is_over(llm))
        finish(llm);
    leave(llm);
}

static const struct http_listener http_listener = {on_status, on_body, on_done};

static void on_timer(void *owner)
{
    struct llm *llm = owner;
    enter(llm);
    if (llm->phase == PHASE_ENDED)
        finish(llm);
    else
        fail(llm, ERR_TIMEOUT,
            llm->phase == PHASE_WAITING ? "no first token in time" : "the stream stalled");
    leave(llm);
}

static void init(struct llm *llm, struct net_loop *loop, const struct llm_settings *settings)
{
    llm->loop = loop;
    llm->first_token_timeout_ms = settings->first_token_timeout_ms;
    llm->idle_timeout_ms = settings->idle_timeout_ms;
    sse_init(&llm->sse, MOST_EVENT_BYTES);
    chat_reply_init(&llm->reply);
    strbuf_init(&llm->body, MOST_PLAIN_BYTES);
}

/* The timer above knows what a token is; these deadlines only bound the connection. */
static enum err post(
    struct llm *llm, const struct llm_settings *settings, const char *url, struct slice body)
{
    struct strbuf bearer;
    strbuf_init(&bearer, 4096);
    strbuf_printf(&bearer, "Bearer %s", settings->api_key ? settings->api_key : "");
    struct http_header headers[] = {{"Authorization", bearer.data},
        {"Content-Type", "application/json"}, {"Accept", "text/event-stream"}};
    unsigned longest_ms = settings->first_token_timeout_ms > settings->idle_timeout_ms
                              ? settings->first_token_timeout_ms
                              : settings->idle_timeout_ms;
    struct http_options options = {
        .method = "POST",
        .url = url,
        .headers = headers,
        .header_count = sizeof(headers) / sizeof(*headers),
        .body = body,
        .connect_timeout_ms = settings->connect_timeout_ms,
        .first_byte_timeout_ms = settings->first_token_timeout_ms,
        .idle_timeout_ms = longest_ms,
        .max_body_bytes = MOST_ANSWER_BYTES,
        .allow_private = true, /* the operator chose the address; models may run next door */
    };
    enum err err =
        bearer.failed ? ERR_BAD : http_start(&llm->call, llm->loop, &options, &http_listener, llm);
    strbuf_free(&bearer);
    return err;
}

static enum err send_request(
    struct llm *llm, const struct llm_settings *settings, struct slice messages, struct slice tools)
{
    struct strbuf url, body;
    strbuf_init(&url, 2048);
    strbuf_init(&body, MOST_REQUEST_BYTES);
    enum err err = origin_http(&url, settings->base_url, "/v1/chat/completions");
    if (!err)
        err = chat_request(&body, settings, messages, tools);
    if (!err)
        err = post(llm, settings, url.data, strbuf_slice(&body));
    strbuf_free(&body);
    strbuf_free(&url);
    return err;
}

static enum err start(struct llm **out, struct net_loop *loop, const struct llm_settings *settings,
    struct slice messages, struct slice tools, const struct llm_listener *listener, void *owner)
{
    struct llm *llm = calloc(1, sizeof(*llm));
    if (!llm)
        return ERR_NOMEM;
    llm->listener = listener;
    llm->owner = owner;
    init(llm, loop, settings);
    enum err err = net_timer_create(&llm->timer, loop, on_timer, llm);
    if (!err)
        err = send_request(llm, settings, messages, tools);
    if (err) {
        destroy(llm);
        return err;
    }
    arm(llm);
    *out = llm;
    return ERR_OK;
}

static void cancel(struct llm *llm)
{
    drop_connection(llm);
    llm->is_cancelled = true;
    if (!llm->is_busy)
        destroy(llm);
}

static void warm(struct net_loop *loop, const struct llm_settings *settings)
{
    struct strbuf url;
    strbuf_init(&url, 2048);
    if (!origin_http(&url, settings->base_url, "/"))
        http_warm(loop, url.data);
    strbuf_free(&url);
}

const struct llm_ops openai_chat_llm = {"openai_chat", start, cancel, warm};
