#include "api/transfers.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/answer.h"
#include "api/overflow.h"
#include "base/clock.h"
#include "observe/log.h"
#include "observe/metrics.h"
#include "telephony/transfer_link.h"
#include "telephony/twiml.h"

#define NOBODY "I'm sorry, nobody can take your call right now. Please call again later. Goodbye."
#define LEAVE_MESSAGE                                                                              \
    "I'm sorry, nobody can take your call right now. Please leave a message after the tone."

/* ---- what became of it ---- */

static const struct ending {
    const char *status; /* the carrier's DialCallStatus */
    const char *kept;   /* the row's transfer_status */
    enum metric metric;
} endings[] = {
    {"completed", "bridged", METRIC_TRANSFERS_BRIDGED},
    {"answered", "bridged", METRIC_TRANSFERS_BRIDGED},
    {"no-answer", "no-answer", METRIC_TRANSFERS_NO_ANSWER},
    {"busy", "busy", METRIC_TRANSFERS_BUSY},
    {"canceled", "canceled", METRIC_TRANSFERS_CANCELED},
    {"failed", "failed", METRIC_TRANSFERS_FAILED},
};
static const struct ending declined = {"completed", "declined", METRIC_TRANSFERS_DECLINED};

/* Who picks up and presses no key has completed a call, but was not connected. */
static const struct ending *find_ending(const struct form *form)
{
    struct slice status = form_get(form, "DialCallStatus");
    bool was_apart = slice_is_nocase(form_get(form, "DialBridged"), "false");
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        if (!slice_is(status, endings[i].status))
            continue;
        bool is_bridged = endings[i].metric == METRIC_TRANSFERS_BRIDGED;
        return is_bridged && was_apart ? &declined : &endings[i];
    }
    return &endings[sizeof endings / sizeof *endings - 1];
}

static bool is_bridged(const struct ending *ending)
{
    return ending->metric == METRIC_TRANSFERS_BRIDGED;
}

/* Lost when the queue of records is full: it is told once, and an error would be read out to the caller. */
static void keep_row(const struct public_settings *settings, const struct transfer_link *link,
    const struct ending *ending, const struct form *form)
{
    char seconds[16];
    bool is_good = is_bridged(ending);
    json_t *row = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "id", link->call_id,
        "tenant_id", link->tenant_id, "call_sid", link->call_sid, "end_reason", "transferred",
        "transfer_to", link->to, "transfer_status", ending->kept, "transfer_kind",
        link->is_warm ? "warm" : "blind", "outcome",
        is_good        ? "transferred"
        : link->was[0] ? link->was
                       : "abandoned");
    if (row && is_good)
        json_object_set_new(row, "is_contained", json_false());
    bool has_length =
        slice_copy(form_get(form, "DialCallDuration"), seconds, sizeof seconds) && seconds[0];
    if (row && is_good && has_length)
        json_object_set_new(row, "transfer_ms", json_integer(strtoll(seconds, NULL, 10) * 1000));
    char *text = row ? json_dumps(row, JSON_COMPACT) : NULL;
    json_decref(row);
    if (!text || records_put_take(settings->records, RECORD_CALL, text) != ERR_OK)
        log_warn("record.dropped", "call=%s kind=%s", link->call_id, "transfer");
}

/* ---- the answers ---- */

static void answer_voicemail(const struct public_settings *settings, struct exchange *exchange,
    const struct transfer_link *link)
{
    char url[URL_MAX_BYTES];
    struct strbuf twiml;
    snprintf(url, sizeof url, "%s" RECORDING_PATH "?tenant=%s&call=%s", settings->public_url,
        link->tenant_id, link->call_id);
    strbuf_init(&twiml, TWIML_MAX_BYTES);
    twiml_voicemail(&twiml, LEAVE_MESSAGE, url);
    answer_twiml_take(exchange, &twiml);
}

/* The caller may have hung up while it rang: nobody hears the answer. */
static bool is_caller_gone(const struct form *form)
{
    static const char *const gone[] = {
        "completed", "canceled", "failed", "busy", "no-answer", NULL};
    return slice_is_one_of(form_get(form, "CallStatus"), gone);
}

static void go_on(struct voice *voice, const struct public_settings *settings,
    struct exchange *exchange, const struct http_request *request, const struct form *form,
    const struct transfer_link *link, const struct ending *ending)
{
    switch (link->then) {
    case TRANSFER_BACK:
        voice_return(voice, exchange, request, form, link, ending->kept);
        break;
    case TRANSFER_VOICEMAIL:
        answer_voicemail(settings, exchange, link);
        break;
    case TRANSFER_HANGUP:
    case TRANSFER_THENS:
        answer_end(exchange, NOBODY);
        break;
    }
}

/* ---- the questions ---- */

/* Where the carrier's signature is checked it covers the link. */
static enum err read_link(struct transfer_link *link, const struct public_settings *settings,
    const struct http_request *request)
{
    struct slice key = settings->auth_token[0] ? SLICE("") : slice_from(settings->token_key);
    return transfer_link_read(link, request->query, key);
}

bool transfers_dial_done(struct voice *voice, const struct public_settings *settings,
    struct exchange *exchange, const struct http_request *request, const struct form *form)
{
    struct transfer_link link;
    enum err err = read_link(&link, settings, request);
    if (err == ERR_NOT_FOUND)
        return false;
    bool is_ours = err == ERR_OK && form_get(form, "DialCallStatus").len &&
                   slice_is(form_get(form, "CallSid"), link.call_sid);
    if (!is_ours) {
        answer_status(exchange, err == ERR_NOMEM ? 503 : 400);
        return true;
    }
    const struct ending *ending = find_ending(form);
    log_info("transfer.done", "call=%s call_sid=%s status=%s then=%s", link.call_id, link.call_sid,
        ending->kept, transfer_then_name(link.then));
    metric_add(ending->metric, 1);
    keep_row(settings, &link, ending, form);
    if (is_bridged(ending) || is_caller_gone(form))
        answer_end(exchange, NULL);
    else
        go_on(voice, settings, exchange, request, form, &link, ending);
    return true;
}

/* With a key: whoever picked up takes the call. */
void transfers_whisper(const struct public_settings *settings, struct exchange *exchange,
    const struct http_request *request, const struct form *form)
{
    struct transfer_link link;
    enum err err = read_link(&link, settings, request);
    if (err) {
        answer_status(exchange, err == ERR_NOMEM ? 503 : 400);
        return;
    }
    bool is_taken = form_get(form, "Digits").len > 0;
    log_info("transfer.whisper", "call=%s is_taken=%d", link.call_id, is_taken);
    struct strbuf url, twiml;
    strbuf_init(&url, URL_MAX_BYTES);
    strbuf_printf(&url, "%s" WHISPER_PATH "?", settings->public_url);
    strbuf_add_slice(&url, request->query);
    strbuf_init(&twiml, TWIML_MAX_BYTES);
    if (is_taken)
        twiml_nothing(&twiml);
    else
        twiml_whisper(&twiml, link.whisper, link.prompt, url.failed ? "" : url.data);
    strbuf_free(&url);
    answer_twiml_take(exchange, &twiml);
}
