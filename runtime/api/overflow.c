#include "api/overflow.h"

#include <stdio.h>
#include <stdlib.h>

#include "api/answer.h"
#include "base/clock.h"
#include "base/id.h"
#include "observe/log.h"
#include "observe/metrics.h"
#include "script/agent.h"
#include "telephony/twiml.h"

#define ALL_BUSY "Sorry, all our lines are busy right now. Please call again in a few minutes."
#define ROW_MAX_BYTES 8192

/* ---- the row ---- */

static void begin_row(struct strbuf *row, struct slice tenant_id, struct slice call_sid)
{
    char name[128], id[ID_SIZE];
    snprintf(name, sizeof name, "overflow %.*s", (int)call_sid.len, call_sid.data);
    id_of(slice_from(name), id);
    strbuf_init(row, ROW_MAX_BYTES);
    strbuf_printf(row, "{\"id\":\"%s\",\"end_reason\":\"overflow\",\"direction\":\"inbound\"", id);
    strbuf_add_text(row, ",\"tenant_id\":");
    strbuf_add_json(row, tenant_id);
    strbuf_add_text(row, ",\"call_sid\":");
    strbuf_add_json(row, call_sid);
}

static void add_text(struct strbuf *row, const char *name, struct slice value)
{
    if (!value.len)
        return;
    strbuf_printf(row, ",\"%s\":", name);
    strbuf_add_json(row, value);
}

static void add_now(struct strbuf *row, const char *name)
{
    char now[CLOCK_TEXT_SIZE];
    clock_wall_text(clock_wall_ms(), now);
    add_text(row, name, slice_from(now));
}

/* Frees the row. False: it is lost, and counted. */
static bool keep_row(const struct public_settings *settings, struct strbuf *row)
{
    strbuf_add_char(row, '}');
    char *text = strbuf_take(row);
    bool is_kept = text && records_put_take(settings->records, RECORD_CALL, text) == ERR_OK;
    if (!is_kept) {
        metric_add(METRIC_OVERFLOW_ROWS_LOST, 1);
        log_warn("record.dropped", "kind=%s", "overflow");
    }
    return is_kept;
}

/* ---- the answer to a new caller ---- */

static void put_caller(const struct public_settings *settings, const struct overflow_caller *caller)
{
    struct strbuf row;
    if (!caller->call_sid[0])
        return;
    begin_row(&row, slice_from(caller->agent->tenant_id), slice_from(caller->call_sid));
    add_text(&row, "from_number", slice_from(caller->from));
    add_text(&row, "to_number", slice_from(caller->to));
    add_text(&row, "script_version", slice_from(caller->agent->version));
    strbuf_printf(&row, ",\"attempt\":%u", caller->attempt);
    add_now(&row, "started_at");
    if (caller->agent->overflow.kind == OVERFLOW_SAY) {
        add_text(&row, "outcome", SLICE("abandoned"));
        add_now(&row, "ended_at");
    }
    (void)keep_row(settings, &row);
}

void overflow_answer(const struct public_settings *settings, struct exchange *exchange,
    const struct overflow_caller *caller)
{
    const struct agent_overflow *overflow = &caller->agent->overflow;
    const char *tenant = caller->agent->tenant_id; /* of letters that a URL may hold */
    char url[URL_MAX_BYTES];
    struct strbuf twiml;
    strbuf_init(&twiml, TWIML_MAX_BYTES);
    switch (overflow->kind) {
    case OVERFLOW_SAY:
        twiml_say_and_hangup(&twiml, overflow->say[0] ? overflow->say : ALL_BUSY);
        break;
    case OVERFLOW_VOICEMAIL:
        snprintf(url, sizeof url, "%s" RECORDING_PATH "?tenant=%s", settings->public_url, tenant);
        twiml_voicemail(&twiml, overflow->say, url);
        break;
    case OVERFLOW_FORWARD:
        snprintf(url, sizeof url, "%s" DIAL_DONE_PATH "?tenant=%s", settings->public_url, tenant);
        twiml_forward(&twiml, overflow->say, overflow->forward, url);
        break;
    }
    put_caller(settings, caller);
    answer_twiml_take(exchange, &twiml);
}

/* ---- what came of it ---- */

/* What our URL said of the tenant, and the carrier of the call. */
static bool read_names(const struct http_request *request, const struct form *form,
    struct slice *tenant_id, struct slice *call_sid)
{
    struct slice query = request->query;
    *tenant_id = (struct slice){"", 0};
    *call_sid = form_get(form, "CallSid");
    while (query.len) {
        struct slice value = slice_split(&query, '&');
        if (slice_is(slice_split(&value, '='), "tenant"))
            *tenant_id = value;
    }
    return tenant_id->len && tenant_id->len < TENANT_ID_SIZE && call_sid->len &&
           call_sid->len < ERRAND_TEXT_SIZE;
}

static void answer_end(struct exchange *exchange, const char *words)
{
    struct strbuf twiml;
    strbuf_init(&twiml, TWIML_MAX_BYTES);
    if (words)
        twiml_say_and_hangup(&twiml, words);
    else
        twiml_hangup(&twiml);
    answer_twiml_take(exchange, &twiml);
}

/* Only the carrier's question while the call lasts has its parties; the later word that the file is there has not. */
static void add_recording(struct strbuf *row, const struct form *form)
{
    char seconds[16];
    if (slice_copy(form_get(form, "RecordingDuration"), seconds, sizeof seconds) && seconds[0])
        strbuf_printf(row, ",\"recording_ms\":%lld", strtoll(seconds, NULL, 10) * 1000);
    add_text(row, "recording_url", form_get(form, "RecordingUrl"));
    add_text(row, "from_number", form_get(form, "From"));
    add_text(row, "to_number", form_get(form, "To"));
    add_text(row, "outcome", SLICE("voicemail"));
    if (!form_get(form, "RecordingStatus").len)
        add_now(row, "ended_at");
}

static bool has_recording(const struct form *form)
{
    struct slice status = form_get(form, "RecordingStatus");
    return form_get(form, "RecordingUrl").len && (!status.len || slice_is(status, "completed"));
}

void overflow_recording(const struct public_settings *settings, struct exchange *exchange,
    const struct http_request *request, const struct form *form)
{
    struct slice tenant_id, call_sid;
    struct slice status = form_get(form, "RecordingStatus");
    if (!read_names(request, form, &tenant_id, &call_sid)) {
        answer_status(exchange, 400);
        return;
    }
    log_info("call.voicemail", "call_sid=%.*s tenant=%.*s status=%.*s has_recording=%d",
        (int)call_sid.len, call_sid.data, (int)tenant_id.len, tenant_id.data, (int)status.len,
        status.data, has_recording(form));
    bool is_kept = true;
    if (has_recording(form)) {
        struct strbuf row;
        begin_row(&row, tenant_id, call_sid);
        add_recording(&row, form);
        is_kept = keep_row(settings, &row);
    }
    if (is_kept)
        answer_end(exchange, NULL);
    else
        answer_status(exchange, 500); /* the carrier tells us a second time anyway */
}

void overflow_dial_done(const struct public_settings *settings, struct exchange *exchange,
    const struct http_request *request, const struct form *form)
{
    struct slice tenant_id, call_sid;
    struct slice status = form_get(form, "DialCallStatus");
    if (!read_names(request, form, &tenant_id, &call_sid) || !status.len) {
        answer_status(exchange, 400);
        return;
    }
    bool is_answered = slice_is(status, "completed") || slice_is(status, "answered");
    log_info("call.forwarded", "call_sid=%.*s tenant=%.*s status=%.*s", (int)call_sid.len,
        call_sid.data, (int)tenant_id.len, tenant_id.data, (int)status.len, status.data);
    struct strbuf row;
    begin_row(&row, tenant_id, call_sid);
    add_text(&row, "outcome", is_answered ? SLICE("transferred") : SLICE("abandoned"));
    add_now(&row, "ended_at");
    /* Lost or not: an error would be read out to the caller, and this is told once. */
    (void)keep_row(settings, &row);
    answer_end(exchange, is_answered ? NULL : ALL_BUSY);
}
