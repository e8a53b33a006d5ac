#include "api/public.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/answer.h"
#include "api/call_back.h"
#include "api/call_recording.h"
#include "api/overflow.h"
#include "api/texts.h"
#include "api/transfers.h"
#include "api/voice.h"
#include "base/clock.h"
#include "base/id.h"
#include "observe/log.h"
#include "observe/metrics.h"
#include "telephony/form.h"
#include "telephony/signature.h"
#include "telephony/stream_codec.h"

#define BODY_MAX_BYTES 65536
#define MESSAGES_PER_SECOND_MAX 400 /* Twilio sends 50; a catch-up after a stall may burst */

struct public
{
    struct public_settings settings;
    struct live_worker *worker;
    struct voice *voice;
    struct call_back_desk *call_backs;
    struct server *server;
    bool is_draining;
};

/* ---- who is asking ---- */

/* The URL Twilio signed: our public origin, with the scheme's WebSocket twin for upgrades. */
static void url_of(const struct public *public, const struct http_request *request, bool is_upgrade,
    struct strbuf *out)
{
    answer_add_origin(out, public->settings.public_url, is_upgrade);
    strbuf_add_slice(out, request->path);
    if (request->query.len) {
        strbuf_add_char(out, '?');
        strbuf_add_slice(out, request->query);
    }
}

static void log_refusal(const struct http_request *request, const struct form *form)
{
    struct strbuf names; /* names only: values are the caller's */
    strbuf_init(&names, 1024);
    for (size_t i = 0; form && i < form->count; i++) {
        strbuf_add_slice(&names, form->fields[i].name);
        strbuf_add_char(&names, ' ');
    }
    log_warn("signature.bad", "path=%.*s parameters=%s has_header=%d", (int)request->path.len,
        request->path.data, names.data ? names.data : "", request->signature.len > 0);
    strbuf_free(&names);
}

static bool is_signed(const struct public *public, const struct http_request *request,
    const struct form *form, bool is_upgrade)
{
    if (!public->settings.auth_token[0])
        return true;
    struct strbuf url;
    strbuf_init(&url, URL_MAX_BYTES);
    url_of(public, request, is_upgrade, &url);
    bool is_right =
        !url.failed &&
        signature_check(request->signature, slice_from(public->settings.auth_token),
            slice_from(public->settings.second_token), strbuf_slice(&url), form, request->body);
    strbuf_free(&url);
    if (!is_right) {
        metric_add(METRIC_WEBHOOK_SIGNATURE_BAD, 1);
        log_refusal(request, form);
    }
    return is_right;
}

/* ---- /twilio/status, /twilio/stream-status ---- */

/* Said twice or out of order, it is the row's business which one stays. */
static char *status_row(struct slice call_sid, struct slice status, struct slice duration)
{
    char seconds[16], now[CLOCK_TEXT_SIZE];
    clock_wall_text(clock_wall_ms(), now);
    struct strbuf row;
    strbuf_init(&row, 4096);
    strbuf_add_text(&row, "{\"call_sid\":");
    strbuf_add_json(&row, call_sid);
    strbuf_add_text(&row, ",\"carrier_status\":");
    strbuf_add_json(&row, status);
    if (duration.len && slice_copy(duration, seconds, sizeof seconds))
        strbuf_printf(&row, ",\"duration_ms\":%lld", strtoll(seconds, NULL, 10) * 1000);
    strbuf_printf(&row, ",\"ended_at\":\"%s\"}", now);
    return strbuf_take(&row);
}

/* Of a call that we made, the outbox's row too. */
static bool put_call_back(const struct public *public, struct slice query, const struct form *form)
{
    struct call_back_link link;
    return call_back_link_read(&link, query) != ERR_OK ||
           call_back_put_status(
               &public->settings, &link, form_get(form, "CallSid"), form_get(form, "CallStatus"));
}

static void on_status(struct public *public, struct exchange *exchange,
    const struct http_request *request, const struct form *form)
{
    struct slice call_sid = form_get(form, "CallSid");
    struct slice status = form_get(form, "CallStatus");
    log_info("call.status", "call_sid=%.*s status=%.*s", (int)call_sid.len, call_sid.data,
        (int)status.len, status.data);
    if (!call_sid.len || !status.len) {
        answer_status(exchange, 400);
        return;
    }
    char *row = status_row(call_sid, status, form_get(form, "CallDuration"));
    bool is_kept = row &&
                   records_put_take(public->settings.records, RECORD_CALL_STATUS, row) == ERR_OK &&
                   put_call_back(public, request->query, form);
    answer_status(exchange, is_kept ? 204 : 500); /* 500: Twilio tells us again */
}

static void on_stream_status(struct exchange *exchange, const struct form *form)
{
    struct slice call_sid = form_get(form, "CallSid");
    struct slice event = form_get(form, "StreamEvent");
    struct slice error = form_get(form, "StreamError");
    log_info("stream.status", "call_sid=%.*s kind=%.*s error=%.*s", (int)call_sid.len,
        call_sid.data, (int)event.len, event.data, (int)error.len, error.data);
    answer_status(exchange, 204);
}

/* ---- /twilio/sms-status ---- */

/* The row is named by the URL, which is signed too: the carrier's word may be here before its answer to our request. */
static json_t *text_status_row(const struct form *query, const struct form *form)
{
    struct slice sid = form_get(form, "MessageSid"), status = form_get(form, "MessageStatus");
    struct slice id = form_get(query, "id"), tenant = form_get(query, "tenant");
    struct slice code = form_get(form, "ErrorCode");
    if (!id_is(id) || !tenant.len || !sid.len || !status.len)
        return NULL;
    return json_pack("{s:s%, s:s%, s:s%, s:s%, s:s%}", "outbox_id", id.data, id.len, "tenant_id",
        tenant.data, tenant.len, "sid", sid.data, sid.len, "status", status.data, status.len,
        "error_code", code.data ? code.data : "", code.len);
}

static void on_sms_status(struct public *public, struct exchange *exchange,
    const struct http_request *request, const struct form *form)
{
    struct form *query = calloc(1, sizeof *query);
    enum err err = query ? form_parse(query, request->query) : ERR_NOMEM;
    json_t *row = err ? NULL : text_status_row(query, form);
    char *text = row ? json_dumps(row, JSON_COMPACT) : NULL;
    if (!err)
        form_free(query);
    free(query);
    json_decref(row);
    if (!text) {
        answer_status(exchange, 400);
        return;
    }
    bool is_kept = records_put_take(public->settings.records, RECORD_TEXT_STATUS, text) == ERR_OK;
    answer_status(exchange, is_kept ? 204 : 500); /* 500: Twilio may tell us again */
}

/* ---- routes ---- */

enum public_route {
    ROUTE_VOICE,
    ROUTE_STATUS,
    ROUTE_STREAM_STATUS,
    ROUTE_RECORDING,
    ROUTE_DIAL_DONE,
    ROUTE_WHISPER,
    ROUTE_SMS,
    ROUTE_SMS_STATUS,
    ROUTE_AMD,
    ROUTES
};

static const char *const paths[ROUTES] = {[ROUTE_VOICE] = VOICE_PATH,
    [ROUTE_STATUS] = "/twilio/status",
    [ROUTE_STREAM_STATUS] = "/twilio/stream-status",
    [ROUTE_RECORDING] = RECORDING_PATH,
    [ROUTE_DIAL_DONE] = DIAL_DONE_PATH,
    [ROUTE_WHISPER] = WHISPER_PATH,
    [ROUTE_SMS] = TEXTS_PATH,
    [ROUTE_SMS_STATUS] = "/twilio/sms-status",
    [ROUTE_AMD] = AMD_PATH};

/* ROUTES: none of ours. */
static enum public_route find_route(struct slice path)
{
    unsigned route = 0;
    while (route < ROUTES && !slice_is(path, paths[route]))
        route++;
    return (enum public_route)route;
}

static void follow(struct public *public, enum public_route route, struct exchange *exchange,
    const struct http_request *request, const struct form *form)
{
    switch (route) {
    case ROUTE_VOICE:
        voice_answer(public->voice, exchange, request, form);
        break;
    case ROUTE_STATUS:
        on_status(public, exchange, request, form);
        break;
    case ROUTE_STREAM_STATUS:
        on_stream_status(exchange, form);
        break;
    case ROUTE_RECORDING:
        if (!call_recording_told(&public->settings, exchange, request, form))
            overflow_recording(&public->settings, exchange, request, form);
        break;
    case ROUTE_DIAL_DONE:
        if (!transfers_dial_done(public->voice, &public->settings, exchange, request, form))
            overflow_dial_done(&public->settings, exchange, request, form);
        break;
    case ROUTE_WHISPER:
        transfers_whisper(&public->settings, exchange, request, form);
        break;
    case ROUTE_SMS:
        texts_take(&public->settings, exchange, form);
        break;
    case ROUTE_SMS_STATUS:
        on_sms_status(public, exchange, request, form);
        break;
    case ROUTE_AMD:
        call_back_answered(public->call_backs, exchange, request, form);
        break;
    case ROUTES:
        break;
    }
}

static void on_request(void *owner, struct exchange *exchange, const struct http_request *request)
{
    struct public *public = owner;
    bool is_post = slice_is(request->method, "POST");
    bool is_get = slice_is(request->method, "GET");
    enum public_route route = find_route(request->path);
    if (route == ROUTES) {
        answer_status(exchange, slice_is(request->path, STREAM_PATH) ? 426 : 404);
        return;
    }
    if (!is_post && !is_get) {
        answer_status(exchange, 405);
        return;
    }
    struct form *form = calloc(1, sizeof *form);
    enum err err = form ? form_parse(form, is_post ? request->body : request->query) : ERR_NOMEM;
    if (err != ERR_OK)
        answer_status(exchange, err == ERR_NOMEM ? 503 : 400);
    else if (!is_signed(public, request, is_post ? form : NULL, false))
        answer_status(exchange, 403);
    else
        follow(public, route, exchange, request, form);
    if (err == ERR_OK)
        form_free(form);
    free(form);
}

static int on_upgrade(void *owner, const struct http_request *request)
{
    struct public *public = owner;
    if (!slice_is(request->path, STREAM_PATH))
        return 404;
    if (!is_signed(public, request, NULL, true))
        return 403;
    if (public->is_draining && request->elsewhere.len) {
        metric_add(METRIC_CALLS_PASSED_ON, 1);
        return 503;
    }
    return live_worker_is_full(public->worker) ? 503 : 101;
}

static void on_socket(void *owner, struct ws *ws, const struct http_request *request)
{
    struct public *public = owner;
    live_worker_accept(public->worker, ws);
}

static void on_cancelled(void *owner, struct exchange *exchange)
{
    struct public *public = owner;
    voice_cancelled(public->voice, exchange);
}

static const struct server_handlers handlers = {.on_request = on_request,
    .on_cancelled = on_cancelled,
    .on_upgrade = on_upgrade,
    .on_socket = on_socket};

/* ---- life ---- */

enum err public_start(struct public **out, struct net_loop *loop, struct live_worker *worker,
    const struct public_settings *settings, char why[200])
{
    struct public *public = calloc(1, sizeof *public);
    if (!public)
        return ERR_NOMEM;
    public->settings = *settings;
    public->worker = worker;
    struct server_options options = {.listen = settings->listen,
        .is_shared = true,
        .max_body_bytes = BODY_MAX_BYTES,
        .max_message_bytes = STREAM_MESSAGE_MAX_BYTES,
        .max_queue_bytes = 256 * 1024,
        .max_messages_per_second = MESSAGES_PER_SECOND_MAX,
        .request_timeout_ms = 5000,
        .max_connections = 4096};
    enum err err = voice_create(&public->voice, loop, worker, settings);
    if (err == ERR_OK)
        err = call_back_desk_create(&public->call_backs, loop, settings);
    if (err == ERR_OK)
        err = server_start(&public->server, loop, &options, &handlers, public, why);
    if (err != ERR_OK) {
        voice_destroy(public->voice);
        call_back_desk_destroy(public->call_backs);
        free(public);
        return err;
    }
    *out = public;
    return ERR_OK;
}

void public_drain(struct public *public, uint64_t hang_up_ms)
{
    public->is_draining = true;
    voice_drain(public->voice, hang_up_ms);
}

void public_destroy(struct public *public)
{
    if (!public)
        return;
    voice_destroy(public->voice);
    call_back_desk_destroy(public->call_backs);
    server_destroy(public->server);
    free(public);
}
