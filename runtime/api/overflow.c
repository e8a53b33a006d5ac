#include "api/overflow.h"

#include <assert.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/answer.h"
#include "api/sound_rows.h"
#include "base/clock.h"
#include "base/id.h"
#include "observe/log.h"
#include "observe/metrics.h"
#include "script/agent.h"
#include "telephony/twiml.h"

#define ALL_BUSY "Sorry, all our lines are busy right now. Please call again in a few minutes."
#define ROW_MAX_BYTES 8192

/* ---- the row ---- */

/* What on_incoming may want. */
static const struct way {
    const char *verdict; /* its name in script/verdict.h */
    const char *end_reason;
    enum agent_overflow_kind kind;
    const char *outcome; /* NULL: what comes of it says so */
} ways[] = {
    {"reject", "rejected", OVERFLOW_REJECT, "abandoned"},
    {"redirect", "redirected", OVERFLOW_FORWARD, NULL},
    {"voicemail", "to_voicemail", OVERFLOW_VOICEMAIL, NULL},
    {"say", "turned_away", OVERFLOW_SAY, "answered"},
};

#define WAY_COUNT (sizeof ways / sizeof *ways)
#define OVERFLOW "overflow"
#define BUDGET "budget"

/* What was decided for one caller. */
struct decision {
    enum agent_overflow_kind kind;
    const char *end_reason;
    const char *outcome; /* NULL: what comes of it says so */
    const char *say;     /* of REJECT: the reason; NULL: nothing */
    const char *number;
};

/* Whom a row is about. */
struct names {
    struct slice tenant_id;
    struct slice call_sid;
    struct slice
        call_id; /* of a call that an agent took first: the row is that one's; empty: none did */
    const char *end_reason; /* of all others */
};

static void name_row(const struct names *names, char id[ID_SIZE])
{
    char name[128];
    snprintf(name, sizeof name, "overflow %.*s", (int)names->call_sid.len, names->call_sid.data);
    if (names->call_id.len)
        slice_copy(names->call_id, id, ID_SIZE);
    else
        id_of(slice_from(name), id);
}

static void begin_row(struct strbuf *row, const struct names *names)
{
    char id[ID_SIZE];
    bool had_agent = names->call_id.len > 0;
    name_row(names, id);
    strbuf_init(row, ROW_MAX_BYTES);
    strbuf_add_text(row, "{\"id\":");
    strbuf_add_json(row, slice_from(id));
    if (!had_agent)
        strbuf_printf(row, ",\"end_reason\":\"%s\"", names->end_reason);
    strbuf_add_text(row, ",\"direction\":\"inbound\",\"tenant_id\":");
    strbuf_add_json(row, names->tenant_id);
    strbuf_add_text(row, ",\"call_sid\":");
    strbuf_add_json(row, names->call_sid);
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

static void put_caller(const struct public_settings *settings, const struct overflow_caller *caller,
    const struct decision *decision)
{
    struct strbuf row;
    if (!caller->call_sid[0])
        return;
    const struct names names = {.tenant_id = slice_from(caller->agent->tenant_id),
        .call_sid = slice_from(caller->call_sid),
        .end_reason = decision->end_reason};
    begin_row(&row, &names);
    add_text(&row, "from_number", slice_from(caller->from));
    add_text(&row, "to_number", slice_from(caller->to));
    add_text(&row, "script_version", slice_from(caller->agent->version));
    strbuf_printf(&row, ",\"attempt\":%u", caller->attempt);
    add_now(&row, "started_at");
    if (decision->outcome) {
        add_text(&row, "outcome", slice_from(decision->outcome));
        add_now(&row, "ended_at");
    }
    (void)keep_row(settings, &row);
}

static void answer(const struct public_settings *settings, struct exchange *exchange,
    const struct overflow_caller *caller, const struct decision *decision)
{
    bool is_forward = decision->kind == OVERFLOW_FORWARD;
    char url[URL_MAX_BYTES]; /* the tenant's name is of letters that it may hold */
    struct strbuf twiml;
    bool is_overflow = strcmp(decision->end_reason, OVERFLOW) == 0;
    snprintf(url, sizeof url, "%s%s?tenant=%s%s%s", settings->public_url,
        is_forward ? DIAL_DONE_PATH : RECORDING_PATH, caller->agent->tenant_id,
        is_overflow ? "" : "&reason=", is_overflow ? "" : decision->end_reason);
    strbuf_init(&twiml, TWIML_MAX_BYTES);
    switch (decision->kind) {
    case OVERFLOW_SAY:
        twiml_say_and_hangup(&twiml, decision->say);
        break;
    case OVERFLOW_VOICEMAIL:
        twiml_voicemail(&twiml, decision->say, url);
        break;
    case OVERFLOW_FORWARD:
        twiml_dial(&twiml, decision->say ? decision->say : "", decision->number, NULL, url);
        break;
    case OVERFLOW_REJECT:
        twiml_reject(&twiml, decision->say);
        break;
    }
    put_caller(settings, caller, decision);
    answer_twiml_take(exchange, &twiml);
}

void overflow_answer(const struct public_settings *settings, struct exchange *exchange,
    const struct overflow_caller *caller, bool is_for_budget)
{
    const struct agent_overflow *overflow = &caller->agent->overflow;
    bool is_over = overflow->kind == OVERFLOW_SAY;
    struct decision decision = {.kind = overflow->kind,
        .end_reason = is_for_budget ? BUDGET : OVERFLOW,
        .outcome = is_over ? "abandoned" : NULL,
        .say = is_over && !overflow->say[0] ? ALL_BUSY : overflow->say,
        .number = overflow->forward};
    answer(settings, exchange, caller, &decision);
}

void overflow_obey(const struct public_settings *settings, struct exchange *exchange,
    const struct overflow_caller *caller, const char *kind, const char *text)
{
    size_t i = 0;
    while (i < WAY_COUNT && strcmp(ways[i].verdict, kind) != 0)
        i++;
    assert(i < WAY_COUNT);
    bool is_forward = ways[i].kind == OVERFLOW_FORWARD;
    struct decision decision = {.kind = ways[i].kind,
        .end_reason = ways[i].end_reason,
        .outcome = ways[i].outcome,
        .say = is_forward ? NULL : text,
        .number = text};
    answer(settings, exchange, caller, &decision);
}

/* ---- what came of it ---- */

static bool is_id(struct slice text)
{
    bool is_good = text.len == ID_SIZE - 1;
    for (size_t i = 0; is_good && i < text.len; i++) {
        bool is_dash = i == 8 || i == 13 || i == 18 || i == 23;
        is_good = is_dash ? text.data[i] == '-' : isxdigit((unsigned char)text.data[i]) != 0;
    }
    return is_good;
}

static const char *known_reason(struct slice text)
{
    for (size_t i = 0; i < WAY_COUNT; i++)
        if (slice_is(text, ways[i].end_reason))
            return ways[i].end_reason;
    return slice_is(text, BUDGET) ? BUDGET : OVERFLOW;
}

/* What our URL said of the tenant and the agent's call, and the carrier of its own. */
static bool read_names(
    const struct http_request *request, const struct form *form, struct names *names)
{
    struct slice query = request->query;
    *names = (struct names){.call_sid = form_get(form, "CallSid"), .end_reason = OVERFLOW};
    while (query.len) {
        struct slice value = slice_split(&query, '&');
        struct slice name = slice_split(&value, '=');
        if (slice_is(name, "tenant"))
            names->tenant_id = value;
        else if (slice_is(name, "reason"))
            names->end_reason = known_reason(value);
        else if (slice_is(name, "call"))
            names->call_id = value;
    }
    return names->tenant_id.len && names->tenant_id.len < TENANT_ID_SIZE && names->call_sid.len &&
           names->call_sid.len < ERRAND_TEXT_SIZE && (!names->call_id.len || is_id(names->call_id));
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

static bool keep_sound(
    const struct public_settings *settings, const struct names *names, const struct form *form)
{
    char tenant_id[TENANT_ID_SIZE], call_id[ID_SIZE];
    slice_copy(names->tenant_id, tenant_id, sizeof tenant_id);
    name_row(names, call_id);
    const struct sound_told told = {
        .tenant_id = tenant_id, .call_id = call_id, .is_voicemail = true, .form = form};
    return sound_rows_put(settings, &told);
}

void overflow_recording(const struct public_settings *settings, struct exchange *exchange,
    const struct http_request *request, const struct form *form)
{
    struct names names;
    struct slice status = form_get(form, "RecordingStatus");
    if (!read_names(request, form, &names)) {
        answer_status(exchange, 400);
        return;
    }
    log_info("call.voicemail", "call_sid=%.*s tenant=%.*s status=%.*s has_recording=%d",
        (int)names.call_sid.len, names.call_sid.data, (int)names.tenant_id.len,
        names.tenant_id.data, (int)status.len, status.data, has_recording(form));
    bool is_kept = true;
    if (has_recording(form)) {
        struct strbuf row;
        begin_row(&row, &names);
        add_recording(&row, form);
        is_kept = keep_row(settings, &row) && keep_sound(settings, &names, form);
    }
    if (is_kept)
        answer_end(exchange, NULL);
    else
        answer_status(exchange, 500); /* the carrier tells us a second time anyway */
}

void overflow_dial_done(const struct public_settings *settings, struct exchange *exchange,
    const struct http_request *request, const struct form *form)
{
    struct names names;
    struct slice status = form_get(form, "DialCallStatus");
    if (!read_names(request, form, &names) || !status.len) {
        answer_status(exchange, 400);
        return;
    }
    bool is_answered = slice_is(status, "completed") || slice_is(status, "answered");
    log_info("call.forwarded", "call_sid=%.*s tenant=%.*s status=%.*s", (int)names.call_sid.len,
        names.call_sid.data, (int)names.tenant_id.len, names.tenant_id.data, (int)status.len,
        status.data);
    struct strbuf row;
    begin_row(&row, &names);
    add_text(&row, "outcome", is_answered ? SLICE("transferred") : SLICE("abandoned"));
    add_now(&row, "ended_at");
    /* Lost or not: an error would be read out to the caller, and this is told once. */
    (void)keep_row(settings, &row);
    answer_end(exchange, is_answered ? NULL : ALL_BUSY);
}
