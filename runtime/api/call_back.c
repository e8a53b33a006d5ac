#include "api/call_back.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "api/answer.h"
#include "observe/log.h"
#include "observe/metrics.h"
#include "script/agent_table.h"
#include "telephony/rest.h"
#include "telephony/twiml.h"

#define ROW_MAX_BYTES 4096
#define ENDING_MAX 64 /* calls that the carrier is asked to end, at a time */

struct ending {
    struct ending *prev, *next;
    struct call_back_desk *desk;
    struct rest_call *rest;
    char call_sid[40];
};

struct call_back_desk {
    struct net_loop *loop;
    struct public_settings settings;
    struct ending *endings;
    unsigned ending_count;
};

static void add_text(struct strbuf *out, const char *name, struct slice value)
{
    strbuf_printf(out, "%s\"%s\":", out->data[out->len - 1] == '{' ? "" : ",", name);
    strbuf_add_json(out, value);
}

static bool print_facts(
    const struct call_back_link *link, unsigned texts, char out[INCOMING_FACTS_SIZE])
{
    struct strbuf facts;
    strbuf_init(&facts, INCOMING_FACTS_SIZE - 1);
    strbuf_add_text(&facts, "{\"direction\":\"outbound\"");
    add_text(&facts, "row", slice_from(link->row_id));
    strbuf_add_text(&facts, ",\"task\":{");
    add_text(&facts, "id", slice_from(link->task_id));
    if (texts > 0)
        add_text(&facts, "title", slice_from(link->title));
    if (texts > 1 && link->details[0])
        add_text(&facts, "details", slice_from(link->details));
    strbuf_add_text(&facts, "}}");
    bool fits = !facts.failed;
    slice_copy(strbuf_slice(&facts), out, INCOMING_FACTS_SIZE);
    strbuf_free(&facts);
    return fits;
}

void call_back_facts(const struct call_back_link *link, char out[INCOMING_FACTS_SIZE])
{
    unsigned texts = 2;
    while (!print_facts(link, texts, out) && texts)
        texts--;
}

/* ---- rows ---- */

static void begin_row(struct strbuf *row, const struct call_back_link *link, struct slice call_sid)
{
    strbuf_init(row, ROW_MAX_BYTES);
    strbuf_add_text(row, "{");
    add_text(row, "row", slice_from(link->row_id));
    add_text(row, "tenant_id", slice_from(link->tenant_id));
    add_text(row, "call_sid", call_sid);
}

static bool put_row(const struct public_settings *settings, struct strbuf *row)
{
    strbuf_add_text(row, "}");
    char *text = strbuf_take(row);
    return text && records_put_take(settings->records, RECORD_CALL_BACK, text) == ERR_OK;
}

bool call_back_put_status(const struct public_settings *settings, const struct call_back_link *link,
    struct slice call_sid, struct slice status)
{
    struct strbuf row;
    begin_row(&row, link, call_sid);
    add_text(&row, "carrier_status", status);
    return put_row(settings, &row);
}

static bool put_answered(const struct public_settings *settings, const struct call_back_link *link,
    const struct form *form, bool leaves_message)
{
    struct strbuf row;
    begin_row(&row, link, form_get(form, "CallSid"));
    add_text(&row, "answered_by", form_get(form, "AnsweredBy"));
    strbuf_printf(&row, ",\"left_message\":%s", leaves_message ? "true" : "false");
    return put_row(settings, &row);
}

/* ---- a machine answered ---- */

static void forget(struct ending *ending)
{
    DL_DELETE(ending->desk->endings, ending);
    ending->desk->ending_count--;
    free(ending);
}

static void on_ended(void *owner, enum err err, int code, struct slice sid, const char *why)
{
    struct ending *ending = owner;
    if (err)
        log_warn("call_back.unended", "call_sid=%s err=%s code=%d why=%s", ending->call_sid,
            err_name(err), code, why);
    forget(ending);
}

/* What is not taken ends by itself: the agent that speaks to a machine is asked nothing, and says goodbye. */
static void end_call(struct call_back_desk *desk, struct slice call_sid, struct slice twiml)
{
    static const struct rest_listener listener = {.on_done = on_ended};
    struct ending *ending = desk->ending_count < ENDING_MAX ? calloc(1, sizeof *ending) : NULL;
    if (!ending)
        return;
    ending->desk = desk;
    slice_copy(call_sid, ending->call_sid, sizeof ending->call_sid);
    enum err err = rest_update_call(&ending->rest, desk->loop, &desk->settings.rest,
        ending->call_sid, twiml, &listener, ending);
    if (err) {
        log_warn("call_back.unended", "call_sid=%s err=%s", ending->call_sid, err_name(err));
        free(ending);
        return;
    }
    DL_APPEND(desk->endings, ending);
    desk->ending_count++;
}

static void leave(struct call_back_desk *desk, struct slice call_sid, const char *words)
{
    struct strbuf twiml;
    strbuf_init(&twiml, TWIML_MAX_BYTES);
    if (words[0])
        twiml_say_and_hangup(&twiml, words);
    end_call(desk, call_sid, strbuf_slice(&twiml));
    strbuf_free(&twiml);
}

void call_back_answered(struct call_back_desk *desk, struct exchange *exchange,
    const struct http_request *request, const struct form *form)
{
    struct call_back_link link;
    struct slice by = form_get(form, "AnsweredBy"), call_sid = form_get(form, "CallSid");
    if (call_back_link_read(&link, request->query) != ERR_OK || !by.len || !call_sid.len) {
        answer_status(exchange, 400);
        return;
    }
    struct agent *agent = agent_table_find(slice_from(link.tenant_id));
    bool is_machine = slice_starts(by, "machine"), is_fax = slice_is(by, "fax");
    const char *words = is_machine && agent ? agent->call_back_message : "";
    log_info("call_back.answered", "call_sid=%.*s tenant=%s by=%.*s leaves_message=%d",
        (int)call_sid.len, call_sid.data, link.tenant_id, (int)by.len, by.data, words[0] != 0);
    bool is_kept = put_answered(&desk->settings, &link, form, words[0] != 0);
    if (is_machine || is_fax) /* human, unknown: the agent goes on */
        leave(desk, call_sid, words);
    agent_release(agent);
    answer_status(exchange, is_kept ? 204 : 500);
}

/* ---- life ---- */

enum err call_back_desk_create(
    struct call_back_desk **out, struct net_loop *loop, const struct public_settings *settings)
{
    struct call_back_desk *desk = calloc(1, sizeof *desk);
    if (!desk)
        return ERR_NOMEM;
    desk->loop = loop;
    desk->settings = *settings;
    *out = desk;
    return ERR_OK;
}

void call_back_desk_destroy(struct call_back_desk *desk)
{
    if (!desk)
        return;
    while (desk->endings) {
        rest_cancel(desk->endings->rest);
        forget(desk->endings);
    }
    free(desk);
}
