/* Chat completions over server-sent events:

       POST ─► on_status ─► on_body ─► sse ─► chat_reply ─► on_text …
                              └ plain JSON ──────┘  └─ at the end ─► on_tool_call … on_done

   What the answer is shows in its first byte, as servers' content types do not: JSON begins with a brace, no event does, and
   a page of HTML is none of both.

   Deadlines: the first text or tool call, between two of them, and all of it. Bytes that tell nothing put none of them off.

   The connection is given back to the pool by letting the answer end by itself; when a server leaves it
   open after [DONE], the reply is finished after END_WAIT_MS all the same. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/id.h"
#include "net/http.h"
#include "observe/log.h"
#include "providers/llm.h"
#include "providers/openai_chat_codec.h"
#include "providers/openai_chat_reply.h"
#include "providers/openai_chat_send.h"
#include "providers/origin.h"
#include "providers/sse.h"

#define MOST_EVENT_BYTES (512 * 1024)
#define MOST_PLAIN_BYTES (512 * 1024)
#define END_WAIT_MS 100
#define LONGEST_MS 120000 /* a reply, from the question to its end */

enum answer_kind {
    ANSWER_UNKNOWN, /* nothing of it came */
    ANSWER_STREAM,
    ANSWER_PLAIN, /* one JSON object */
};

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
    uint64_t end_by_ms;
    enum answer_kind kind;
    bool has_event; /* of a stream */
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
    give_up(llm, &(struct failure){
                     .kind = failure_of_err(err), .err = err, .status = llm->status, .why = why});
}

/* `status` is the answer's, or what an error inside of it stands for. */
static void fail_by_code(struct llm *llm, int status, const char *code, const char *why)
{
    bool is_too_long = !strcmp(code, CHAT_TOO_LONG);
    give_up(llm,
        &(struct failure){.kind = is_too_long ? FAILURE_REQUEST : failure_of_status(status, code),
            .err = is_too_long ? ERR_FULL : ERR_REFUSED,
            .status = llm->status,
            .retry_after_ms = llm->retry_after_ms,
            .why = why});
}

static void arm(struct llm *llm)
{
    unsigned wait_ms = llm->idle_timeout_ms;
    if (llm->phase == PHASE_WAITING)
        wait_ms = llm->first_token_timeout_ms;
    if (llm->phase == PHASE_ENDED)
        wait_ms = END_WAIT_MS;
    uint64_t at_ms = net_loop_now_ms(llm->loop) + wait_ms;
    net_timer_set(llm->timer, at_ms < llm->end_by_ms ? at_ms : llm->end_by_ms);
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
    if (err == ERR_REFUSED) { /* filtered: what was asked, not the service, is the reason */
        fail_by_code(llm, 400, "", why);
        return;
    }
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
    llm->has_event = true;
    enum err err = chat_reply_take(&llm->reply, event->data);
    if (err == ERR_REFUSED || slice_is(event->kind, "error")) {
        snprintf(why, sizeof(why), "error in the stream: %s", llm->reply.code);
        fail_by_code(llm, chat_error_status(llm->reply.code), llm->reply.code, why);
        return;
    }
    if (err && !(is_last && llm->kind == ANSWER_STREAM)) {
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
        if (!is_over(llm) && (llm->reply.has_news || llm->phase == PHASE_ENDED))
            arm(llm);
    }
}

static void on_status(void *owner, int status, struct slice content_type, unsigned retry_after_ms)
{
    struct llm *llm = owner;
    llm->status = status;
    llm->retry_after_ms = retry_after_ms;
}

static bool is_success(const struct llm *llm)
{
    return llm->status >= 200 && llm->status < 300;
}

static void take_plain(struct llm *llm, struct slice data)
{
    strbuf_add_slice(&llm->body, data);
    if (llm->body.failed && is_success(llm)) /* an error's is cut off */
        fail(llm, ERR_BAD, "the answer is too long");
}

/* By its first byte that is no blank. False: it cannot be an answer. */
static bool find_kind(struct llm *llm, struct slice data)
{
    struct slice text = slice_trim(data);
    if (!text.len || llm->kind != ANSWER_UNKNOWN)
        return true;
    llm->kind = text.data[0] == '{' ? ANSWER_PLAIN : ANSWER_STREAM;
    return text.data[0] != '<';
}

static void on_body(void *owner, struct slice data)
{
    struct llm *llm = owner;
    enter(llm);
    if (is_success(llm) && !find_kind(llm, data))
        fail(llm, ERR_BAD, "the answer is a page, not a model's");
    else if (is_success(llm) && llm->kind == ANSWER_STREAM)
        take_stream(llm, data);
    else
        take_plain(llm, data);
    leave(llm);
}

static void fail_by_status(struct llm *llm)
{
    char code[CHAT_CODE_SIZE];
    char why[CHAT_CODE_SIZE + 32];
    chat_error_code(strbuf_slice(&llm->body), code);
    snprintf(why, sizeof(why), "http %d%s%s", llm->status, *code ? " " : "", code);
    fail_by_code(llm, llm->status, code, why);
}

/* The body ended: an event without its blank line may wait, or a plain answer is whole. */
static void take_rest(struct llm *llm)
{
    bool is_plain = llm->kind == ANSWER_PLAIN;
    struct sse_event event = {.is_whole = is_plain, .data = strbuf_slice(&llm->body)};
    if (!is_plain && sse_finish(&llm->sse, &event))
        event.is_whole = false;
    if (event.is_whole && llm->phase != PHASE_ENDED)
        take_event(llm, &event, true);
    if (llm->kind == ANSWER_STREAM && !llm->has_event)
        fail(llm, ERR_BAD, "the answer holds no events");
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
    if (llm->status && !is_success(llm)) /* whatever became of its body */
        fail_by_status(llm);
    else if (err == ERR_FULL)
        fail(llm, ERR_BAD, why);
    else if (err && llm->reply.finish == CHAT_FINISH_NONE && !llm->reply.is_ended)
        fail(llm, err, why);
    else if (!err)
        take_rest(llm);
    if (!is_over(llm))
        finish(llm);
    leave(llm);
}

static const struct http_listener http_listener = {on_status, on_body, on_done};

static const char *late_text(const struct llm *llm)
{
    if (net_loop_now_ms(llm->loop) >= llm->end_by_ms)
        return "the answer does not end";
    return llm->phase == PHASE_WAITING ? "no first token in time" : "the stream stalled";
}

static void on_timer(void *owner)
{
    struct llm *llm = owner;
    enter(llm);
    if (llm->phase == PHASE_ENDED)
        finish(llm);
    else
        fail(llm, ERR_TIMEOUT, late_text(llm));
    leave(llm);
}

/* The last part of an id is nothing but chance. */
static void make_own_id(struct chat_reply *reply)
{
    char id[ID_SIZE];
    id_make(id);
    snprintf(reply->own_id, sizeof reply->own_id, "%s_", strrchr(id, '-') + 1);
}

static void init(struct llm *llm, struct net_loop *loop, const struct llm_settings *settings)
{
    llm->loop = loop;
    llm->first_token_timeout_ms = settings->first_token_timeout_ms;
    llm->idle_timeout_ms = settings->idle_timeout_ms;
    sse_init(&llm->sse, MOST_EVENT_BYTES);
    llm->end_by_ms = net_loop_now_ms(loop) + LONGEST_MS;
    chat_reply_init(&llm->reply);
    make_own_id(&llm->reply);
    strbuf_init(&llm->body, MOST_PLAIN_BYTES);
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
        err = openai_chat_send(&llm->call, loop, settings, messages, tools, &http_listener, llm);
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
