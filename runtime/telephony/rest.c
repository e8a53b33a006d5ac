#include "telephony/rest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/crypto.h"
#include "base/strbuf.h"
#include "net/http.h"
#include "telephony/form.h"
#include "telephony/rest_answer.h"

#define ANSWER_MAX_BYTES 65536
#define LIST_MAX_BYTES (1u << 20) /* a hundred texts, each as long as texts get */
#define FORM_MAX_BYTES 32768
#define ATTEMPTS_MAX 3
#define TWIML_MAX_BYTES 4000 /* Twilio's own limit */
#define PAUSE_MS 250         /* before the second attempt, doubled before the third */

/* Whether asking again could do the thing twice.

      429: Twilio says it was not processed. 5xx: unknown, so only a hang-up and a change of a recording are asked for again.
      What is made is never asked for again here: whether it may be is the asker's to find out. */
enum rest_kind { REST_CREATE, REST_LIST, REST_REDIRECT, REST_HANG_UP, REST_CHANGE };

struct rest_call {
    struct net_loop *loop;
    struct http_call *http;  /* NULL between attempts */
    struct net_timer *timer; /* the pause between attempts */
    const struct rest_listener *listener;
    void *owner;
    enum rest_kind kind;
    unsigned attempts;
    int status;
    unsigned retry_after_ms;
    uint64_t before_ms;
    bool is_asked; /* this attempt may have reached Twilio */
    char *url;
    char *user_password;
    struct strbuf form;
    struct strbuf answer;
};

static void destroy(struct rest_call *call)
{
    net_timer_destroy(call->timer);
    if (call->user_password)
        explicit_bzero(call->user_password, strlen(call->user_password));
    free(call->user_password);
    free(call->url);
    strbuf_free(&call->form);
    strbuf_free(&call->answer);
    free(call);
}

static void finish(struct rest_call *call, const struct rest_outcome *outcome)
{
    const struct rest_listener *listener = call->listener;
    void *owner = call->owner;
    struct strbuf answer = call->answer; /* the outcome's body */
    strbuf_init(&call->answer, 0);
    destroy(call);
    if (listener->on_outcome)
        listener->on_outcome(owner, outcome);
    else
        listener->on_done(owner, outcome->err, outcome->code, outcome->sid, outcome->why);
    strbuf_free(&answer);
}

static void finish_unasked(struct rest_call *call, enum err err, const char *why)
{
    struct rest_outcome outcome = {.err = err, .is_untaken = true, .may_pass = true, .why = why};
    finish(call, &outcome);
}

static bool may_repeat(const struct rest_call *call)
{
    if (call->attempts >= ATTEMPTS_MAX || call->kind == REST_CREATE || call->kind == REST_LIST)
        return false;
    bool may_be_twice = call->kind == REST_HANG_UP || call->kind == REST_CHANGE;
    return call->status == 429 || (call->status >= 500 && may_be_twice);
}

static void pause_before_repeat(struct rest_call *call)
{
    uint16_t random;
    crypto_random(&random, sizeof random);
    unsigned pause_ms = PAUSE_MS << (call->attempts - 1);
    pause_ms += random % (pause_ms / 2);
    if (call->retry_after_ms > pause_ms && call->retry_after_ms <= 5000)
        pause_ms = call->retry_after_ms;
    net_timer_set(call->timer, clock_ms() + pause_ms);
}

static void on_status(void *owner, int status, struct slice content_type, unsigned retry_after_ms)
{
    struct rest_call *call = owner;
    call->status = status;
    call->retry_after_ms = retry_after_ms;
}

static void on_body(void *owner, struct slice data)
{
    struct rest_call *call = owner;
    strbuf_add_slice(&call->answer, data);
}

static void on_asked(void *owner)
{
    struct rest_call *call = owner;
    call->is_asked = true;
}

/* 429 is promised not to have been processed; of a 5xx only Twilio's own word that it is out of service is believed:
   what stands before it (and 500, 502, 504) may have passed the request on. */
static void finish_answered(struct rest_call *call)
{
    struct rest_answer answer;
    struct slice body = strbuf_slice(&call->answer);
    if (call->kind == REST_LIST)
        rest_answer_read_list(&answer, call->status, body);
    else
        rest_answer_read(&answer, call->status, body);
    bool is_busy = call->status == 429 || (call->status == 503 && answer.code);
    struct rest_outcome outcome = {.err = answer.err,
        .status = call->status,
        .code = answer.code,
        .is_untaken = is_busy || (call->status >= 400 && call->status < 500),
        .may_pass = is_busy,
        .after_ms = call->retry_after_ms,
        .sid = slice_from(answer.sid),
        .body = body,
        .why = answer.why};
    finish(call, &outcome);
}

static void on_done(void *owner, enum err err, const char *why)
{
    struct rest_call *call = owner;
    call->http = NULL;
    if (err && !call->is_asked) {
        finish_unasked(call, err, why);
    } else if (err) {
        struct rest_outcome outcome = {.err = err, .why = why};
        finish(call, &outcome);
    } else if (may_repeat(call)) {
        pause_before_repeat(call);
    } else {
        finish_answered(call);
    }
}

static enum err start_attempt(struct rest_call *call)
{
    static const struct http_listener listener = {on_status, on_body, on_done, on_asked};
    static const struct http_header headers[] = {
        {"Content-Type", "application/x-www-form-urlencoded"},
        {"Accept", "application/json"},
    };
    struct http_options options = {
        .method = call->kind == REST_LIST ? "GET" : "POST",
        .url = call->url,
        .headers = headers,
        .header_count = sizeof headers / sizeof headers[0],
        .body = strbuf_slice(&call->form),
        .user_password = call->user_password,
        .connect_timeout_ms = 3000,
        .first_byte_timeout_ms = 10000,
        .idle_timeout_ms = 5000,
        .total_timeout_ms = 15000,
        .max_body_bytes = call->answer.limit,
        .allow_private = true, /* the operator's own setting, not a script's */
        .is_once = call->kind == REST_CREATE,
        .ask_before_ms = call->before_ms,
    };
    call->attempts++;
    call->status = 0;
    call->retry_after_ms = 0;
    call->is_asked = false;
    strbuf_clear(&call->answer);
    return http_start(&call->http, call->loop, &options, &listener, call);
}

static void on_pause_over(void *owner)
{
    struct rest_call *call = owner;
    enum err err = start_attempt(call);
    if (err)
        finish_unasked(call, err, "the request could not be started");
}

/* Names that become part of the path. */
static bool is_sid(const char *text)
{
    size_t len =
        text ? strspn(text, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz") : 0;
    return len > 0 && len < 64 && text[len] == 0;
}

static enum err create(struct rest_call **out, struct net_loop *loop,
    const struct rest_settings *settings, enum rest_kind kind, const char *resource,
    struct slice query)
{
    if (!settings->base_url || !settings->auth_token || !is_sid(settings->account_sid))
        return ERR_BAD;
    struct rest_call *call = calloc(1, sizeof *call);
    if (!call)
        return ERR_NOMEM;
    call->loop = loop;
    call->kind = kind;
    strbuf_init(&call->form, FORM_MAX_BYTES);
    strbuf_init(&call->answer, kind == REST_LIST ? LIST_MAX_BYTES : ANSWER_MAX_BYTES);
    struct slice base = slice_from(settings->base_url);
    while (base.len && base.data[base.len - 1] == '/')
        base.len--;
    if (asprintf(&call->url, "%.*s/2010-04-01/Accounts/%s/%s.json%s%.*s", (int)base.len, base.data,
            settings->account_sid, resource, query.len ? "?" : "", (int)query.len,
            query.data ? query.data : "") < 0)
        call->url = NULL;
    if (asprintf(&call->user_password, "%s:%s", settings->account_sid, settings->auth_token) < 0)
        call->user_password = NULL;
    if (!call->url || !call->user_password ||
        net_timer_create(&call->timer, loop, on_pause_over, call)) {
        destroy(call);
        return ERR_NOMEM;
    }
    *out = call;
    return ERR_OK;
}

static enum err start(struct rest_call *call, const struct rest_listener *listener, void *owner)
{
    call->listener = listener;
    call->owner = owner;
    enum err err = call->form.failed ? ERR_BAD : start_attempt(call);
    if (err)
        destroy(call);
    return err;
}

enum err rest_create(struct rest_call **out, struct net_loop *loop,
    const struct rest_settings *settings, const char *list, struct slice form, uint64_t before_ms,
    const struct rest_listener *listener, void *owner)
{
    struct rest_call *call;
    enum err err = create(&call, loop, settings, REST_CREATE, list, (struct slice){"", 0});
    if (err)
        return err;
    strbuf_add_slice(&call->form, form);
    call->before_ms = before_ms;
    err = start(call, listener, owner);
    if (!err)
        *out = call;
    return err;
}

enum err rest_read_list(struct rest_call **out, struct net_loop *loop,
    const struct rest_settings *settings, const char *list, struct slice query,
    const struct rest_listener *listener, void *owner)
{
    struct rest_call *call;
    enum err err = create(&call, loop, settings, REST_LIST, list, query);
    if (err)
        return err;
    err = start(call, listener, owner);
    if (!err)
        *out = call;
    return err;
}

enum err rest_update_call(struct rest_call **out, struct net_loop *loop,
    const struct rest_settings *settings, const char *call_sid, struct slice twiml,
    const struct rest_listener *listener, void *owner)
{
    if (!is_sid(call_sid) || twiml.len > TWIML_MAX_BYTES)
        return ERR_BAD;
    char resource[80];
    snprintf(resource, sizeof resource, "Calls/%s", call_sid);
    struct rest_call *call;
    enum err err = create(&call, loop, settings, twiml.len ? REST_REDIRECT : REST_HANG_UP, resource,
        (struct slice){"", 0});
    if (err)
        return err;
    if (twiml.len)
        form_encode(&call->form, SLICE("Twiml"), twiml);
    else
        form_encode(&call->form, SLICE("Status"), SLICE("completed"));
    err = start(call, listener, owner);
    if (!err)
        *out = call;
    return err;
}

enum err rest_record_call(struct rest_call **out, struct net_loop *loop,
    const struct rest_settings *settings, const char *call_sid, struct slice form,
    const struct rest_listener *listener, void *owner)
{
    char list[80];
    if (!is_sid(call_sid))
        return ERR_BAD;
    snprintf(list, sizeof list, "Calls/%s/Recordings", call_sid);
    return rest_create(out, loop, settings, list, form, 0, listener, owner);
}

enum err rest_change_recording(struct rest_call **out, struct net_loop *loop,
    const struct rest_settings *settings, const char *call_sid, const char *recording_sid,
    struct slice form, const struct rest_listener *listener, void *owner)
{
    char resource[160];
    struct rest_call *call;
    if (!is_sid(call_sid) || !is_sid(recording_sid))
        return ERR_BAD;
    snprintf(resource, sizeof resource, "Calls/%s/Recordings/%s", call_sid, recording_sid);
    enum err err = create(&call, loop, settings, REST_CHANGE, resource, (struct slice){"", 0});
    if (err)
        return err;
    strbuf_add_slice(&call->form, form);
    err = start(call, listener, owner);
    if (!err)
        *out = call;
    return err;
}

enum err rest_read_recordings(struct rest_call **out, struct net_loop *loop,
    const struct rest_settings *settings, const char *call_sid,
    const struct rest_listener *listener, void *owner)
{
    char list[80];
    if (!is_sid(call_sid))
        return ERR_BAD;
    snprintf(list, sizeof list, "Calls/%s/Recordings", call_sid);
    return rest_read_list(out, loop, settings, list, (struct slice){"", 0}, listener, owner);
}

void rest_cancel(struct rest_call *call)
{
    if (call->http)
        http_cancel(call->http);
    destroy(call);
}
