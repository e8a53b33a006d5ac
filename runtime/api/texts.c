#include "api/texts.h"

#include <stdio.h>
#include <stdlib.h>

#include "api/answer.h"
#include "base/clock.h"
#include "base/id.h"
#include "observe/log.h"
#include "observe/metrics.h"
#include "outreach/stops.h"
#include "script/agent_table.h"
#include "text/opt_out.h"

#define ROW_MAX_BYTES (64u << 10)
#define MEDIA_MAX 10 /* as many as the carrier takes in one text */

/* ---- the row ---- */

/* The carrier's own reading, where its account looks for such words, and ours: it knows more of them. */
static enum opt_out_word read_word(const struct form *form)
{
    struct slice told = form_get(form, "OptOutType");
    if (slice_is(told, "STOP"))
        return OPT_OUT_STOP;
    if (slice_is(told, "START"))
        return OPT_OUT_START;
    if (slice_is(told, "HELP"))
        return OPT_OUT_HELP;
    return opt_out_read_text(form_get(form, "Body"));
}

static const char *status_of(enum opt_out_word word)
{
    switch (word) {
    case OPT_OUT_STOP:
        return "stop";
    case OPT_OUT_START:
        return "start";
    case OPT_OUT_HELP:
        return "help";
    case OPT_OUT_NONE:
        break;
    }
    return "received";
}

static unsigned number(const struct form *form, const char *name, unsigned most)
{
    char digits[8];
    slice_copy(form_get(form, name), digits, sizeof digits);
    unsigned long value = strtoul(digits, NULL, 10);
    return value < most ? (unsigned)value : most;
}

static void add_text(struct strbuf *row, const char *name, struct slice value)
{
    strbuf_printf(row, ",\"%s\":", name);
    strbuf_add_json(row, value);
}

static void add_media(struct strbuf *row, const struct form *form)
{
    unsigned count = number(form, "NumMedia", MEDIA_MAX);
    if (!count)
        return;
    strbuf_add_text(row, ",\"media\":[");
    for (unsigned i = 0; i < count; i++) {
        char url[24], type[32];
        snprintf(url, sizeof url, "MediaUrl%u", i);
        snprintf(type, sizeof type, "MediaContentType%u", i);
        strbuf_add_text(row, i ? ",{\"url\":" : "{\"url\":");
        strbuf_add_json(row, form_get(form, url));
        add_text(row, "type", form_get(form, type));
        strbuf_add_char(row, '}');
    }
    strbuf_add_char(row, ']');
}

static char *row_of(const struct agent *agent, const struct form *form, const char *status)
{
    char name[80], id[ID_SIZE], now[CLOCK_TEXT_SIZE];
    struct slice sid = form_get(form, "MessageSid");
    snprintf(name, sizeof name, "sms %.*s", (int)sid.len, sid.data);
    id_of(slice_from(name), id);
    clock_wall_text(clock_wall_ms(), now);
    struct strbuf row;
    strbuf_init(&row, ROW_MAX_BYTES);
    strbuf_printf(&row,
        "{\"id\":\"%s\",\"created_at\":\"%s\",\"direction\":\"in\",\"channel\":\"sms\",\"status\":"
        "\"%s\","
        "\"segments\":%u",
        id, now, status, number(form, "NumSegments", 100));
    add_text(&row, "tenant_id", slice_from(agent->tenant_id));
    add_text(&row, "carrier_sid", sid);
    add_text(&row, "from_number", form_get(form, "From"));
    add_text(&row, "to_number", form_get(form, "To"));
    add_text(&row, "text", form_get(form, "Body"));
    add_media(&row, form);
    strbuf_add_char(&row, '}');
    return strbuf_take(&row);
}

/* ---- the webhook ---- */

static void answer_empty(struct exchange *exchange)
{
    struct strbuf twiml;
    strbuf_init(&twiml, 256);
    strbuf_add_text(&twiml, "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Response/>");
    answer_twiml_take(exchange, &twiml);
}

static void keep(const struct public_settings *settings, struct exchange *exchange,
    const struct form *form, const struct agent *agent)
{
    struct slice sid = form_get(form, "MessageSid");
    enum opt_out_word word = read_word(form);
    const char *status = status_of(word);
    char *row = row_of(agent, form, status);
    if (!row || records_put_take(settings->records, RECORD_MESSAGE, row) != ERR_OK) {
        log_warn("text.refused", "tenant=%s sid=%.*s why=%s", agent->tenant_id, (int)sid.len,
            sid.data, "no room for its row: the carrier tells of it again");
        answer_status(exchange, 500);
        return;
    }
    if (word == OPT_OUT_STOP)
        stops_note(slice_from(agent->tenant_id), form_get(form, "From"));
    else if (word == OPT_OUT_START)
        stops_forget(slice_from(agent->tenant_id), form_get(form, "From"));
    metric_add(METRIC_TEXTS_RECEIVED, 1);
    log_info("text.received", "tenant=%s sid=%.*s status=%s", agent->tenant_id, (int)sid.len,
        sid.data, status);
    answer_empty(exchange);
}

void texts_take(
    const struct public_settings *settings, struct exchange *exchange, const struct form *form)
{
    struct slice sid = form_get(form, "MessageSid"), to = form_get(form, "To");
    if (!sid.len || sid.len > 64) {
        answer_status(exchange, 400);
        return;
    }
    struct agent *agent = agent_table_find_number(to);
    if (agent) {
        keep(settings, exchange, form, agent);
    } else {
        log_warn("text.nobodys", "to=%.*s sid=%.*s do=%s", (int)to.len, to.data, (int)sid.len,
            sid.data, "give the number to a tenant (numbers of agent.lua)");
        answer_empty(exchange);
    }
    agent_release(agent);
}
