/* A transfer that waits for the words before it: the carrier is asked to dial when they were heard.

     call:transfer in a reply, on_user_turn's ──► the reply was heard ─┐
     in another hook ──► its words were heard, or a silence ───────────┤
     a budget's end ───────────────────────────────────────────────────┴─► row: dialing ─► REST ─┬─► the carrier stops the stream
        the caller is back, and knows why ◄── refused, or the carrier did not take it ◄──────────┘     └─ api/transfers.c

   Why the stream ends is known before it does. A caller whom nobody took comes back with another stream (reentry.c). */
#include "live/handover.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "live/call.h"
#include "observe/log.h"
#include "observe/metrics.h"
#include "telephony/twiml.h"

#define TWIML_MAX_BYTES 4000 /* the carrier's */
#define URL_MAX_BYTES 2048
#define FAILED "failed"

/* ---- plans ---- */

struct handover_plan *handover_plan(const struct call_transfer *transfer)
{
    struct handover_plan *plan = calloc(1, sizeof *plan);
    if (!plan)
        return NULL;
    slice_copy(transfer->number, plan->to, sizeof plan->to);
    plan->say = slice_dup(transfer->say);
    plan->whisper = slice_dup(transfer->whisper);
    plan->timeout_s = transfer->timeout_s;
    plan->then = transfer->then;
    if (plan->say && plan->whisper)
        return plan;
    handover_plan_free(plan);
    return NULL;
}

struct handover_plan *handover_plan_to(const char *number, enum transfer_then then)
{
    const struct call_transfer transfer = {.number = slice_from(number),
        .say = SLICE(""),
        .whisper = SLICE(""),
        .timeout_s = HANDOVER_RINGS_S,
        .then = then};
    return handover_plan(&transfer);
}

void handover_plan_free(struct handover_plan *plan)
{
    if (!plan)
        return;
    free(plan->say);
    free(plan->whisper);
    free(plan);
}

/* One at a time: while the carrier is being asked nothing is planned any more; until then the newest counts. */
void handover_take(struct call *call, struct handover_plan *plan, bool is_hooks)
{
    bool is_under_way = call->end_reason && strcmp(call->end_reason, TRANSFERRED) == 0;
    if (!plan || is_under_way) {
        log_warn("transfer.dropped", "call=%s is_under_way=%d", call->facts.call_id, is_under_way);
        handover_plan_free(plan);
        return;
    }
    handover_plan_free(call->plan);
    call->plan = plan;
    call->wants_transfer = is_hooks;
}

/* A hook's wish is no part of what the caller goes on from. */
void handover_forget(struct call *call)
{
    if (call->wants_transfer)
        return;
    handover_plan_free(call->plan);
    call->plan = NULL;
}

/* ---- back again ---- */

static const char *words_of(const char *status)
{
    static const struct {
        const char *status;
        const char *words;
    } known[] = {{"no-answer", "no answer"}, {"busy", "the line was busy"},
        {"canceled", "nobody was reached in time"}, {"declined", "the call was not accepted"}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strcmp(status, known[i].status) == 0)
            return known[i].words;
    return "it could not be put through";
}

static void tell_model(struct call *call, const char *status, const char *to)
{
    char text[256];
    snprintf(text, sizeof text, "The transfer to %s failed: %s. The caller is back with you.", to,
        words_of(status));
    conversation_add_note(&call->conversation, slice_from(text));
    snprintf(text, sizeof text, "transfer to %s: %s", to, words_of(status));
    history_add(&call->history, "tool", slice_from(text), call->turn_number);
    journal_note_transfer(call, status);
}

void handover_welcome(struct call *call)
{
    struct slice to = slice_from(call->came_back);
    struct slice status = slice_split(&to, ' ');
    char why[HANDOVER_STATUS_SIZE], number[HANDOVER_STATUS_SIZE];
    if (!status.len)
        return;
    slice_copy(status, why, sizeof why);
    slice_copy(to, number, sizeof number);
    tell_model(call, why, agent_is_number(number) ? number : "somebody");
}

/* It goes on with us. Who has no budget left has nobody to go on with. */
static void stay(struct call *call, const char *why)
{
    metric_add(METRIC_TRANSFERS_FAILED, 1);
    call->end_reason = NULL;
    call->facts.transfers++;
    tell_model(call, FAILED, call->left_for);
    log_warn("transfer.failed", "call=%s why=%s", call->facts.call_id, why);
    if (call->spending == SPENDING_OVER)
        spending_look(call, false);
    else if (call->agent->transfer_failed[0])
        hooks_say(call, slice_from(call->agent->transfer_failed), false);
}

/* ---- the carrier ---- */

static void on_done(void *owner, enum err err, int code, struct slice sid, const char *why)
{
    struct call *call = owner;
    call->handover = NULL;
    if (err == ERR_OK || call->is_finished)
        return;
    char text[200];
    snprintf(text, sizeof text, "%s %d %.150s", err_name(err), code, why);
    journal_transfer(call, call->left_for, FAILED, NULL);
    stay(call, text);
}

static void fill_link(
    struct transfer_link *link, const struct call *call, const struct handover_plan *plan)
{
    *link = (struct transfer_link){
        .attempt = call->attempt, .is_warm = plan->whisper[0] != 0, .then = plan->then};
    slice_copy(slice_from(call->facts.tenant_id), link->tenant_id, sizeof link->tenant_id);
    slice_copy(slice_from(call->facts.call_id), link->call_id, sizeof link->call_id);
    slice_copy(slice_from(call->facts.call_sid), link->call_sid, sizeof link->call_sid);
    slice_copy(slice_from(plan->to), link->to, sizeof link->to);
    slice_copy(slice_from(journal_outcome_so_far(call)), link->was, sizeof link->was);
}

static void add_url(struct strbuf *out, const struct call *call, const char *url,
    const struct transfer_link *link, const struct call_back_link *call_back)
{
    strbuf_init(out, URL_MAX_BYTES);
    strbuf_add_text(out, url);
    strbuf_add_char(out, '?');
    transfer_link_add(out, link, call_back, slice_from(call_settings(call)->token_key));
}

/* ERR_FULL: more than the carrier takes. */
static enum err write_twiml(
    struct strbuf *twiml, const struct call *call, const struct handover_plan *plan)
{
    const struct live_settings *settings = call_settings(call);
    struct transfer_link link;
    struct strbuf action, whisper;
    fill_link(&link, call, plan);
    add_url(&action, call, settings->dial_done_url, &link,
        call->call_back.row_id[0] ? &call->call_back : NULL);
    slice_copy(slice_from(call->agent->transfer_prompt), link.prompt, sizeof link.prompt);
    slice_copy(slice_from(plan->whisper), link.whisper, sizeof link.whisper);
    add_url(&whisper, call, settings->whisper_url, &link, NULL);
    bool is_whole = !action.failed && !whisper.failed;
    const struct twiml_transfer transfer = {.words = plan->say,
        .number = plan->to,
        .caller_id = call->facts.called,
        .timeout_s = plan->timeout_s,
        .action_url = action.data,
        .whisper_url = link.is_warm ? whisper.data : NULL};
    if (is_whole)
        twiml_transfer(twiml, &transfer);
    strbuf_free(&action);
    strbuf_free(&whisper);
    return is_whole && !twiml->failed ? ERR_OK : ERR_FULL;
}

static enum err dial(struct call *call, const struct handover_plan *plan)
{
    static const struct rest_listener listener = {.on_done = on_done};
    const struct live_settings *settings = call_settings(call);
    if (!settings->rest.account_sid || !settings->dial_done_url)
        return ERR_REFUSED;
    struct strbuf twiml;
    strbuf_init(&twiml, TWIML_MAX_BYTES);
    enum err err = write_twiml(&twiml, call, plan);
    if (!err)
        err = rest_update_call(&call->handover, call->worker->loop, &settings->rest,
            call->facts.call_sid, strbuf_slice(&twiml), &listener, call);
    strbuf_free(&twiml);
    return err;
}

/* ---- now ---- */

/* The last gate: what the script was let do may have been with an older version of its list. */
static const char *fault_of(const struct call *call, const struct handover_plan *plan)
{
    return call->facts.transfers >= CALL_TRANSFERS_MAX
               ? "limit"
               : agent_transfer_fault(call->agent, plan->to);
}

static void begin(struct call *call, const struct handover_plan *plan)
{
    bool is_warm = plan->whisper[0] != 0;
    const char *fault = fault_of(call, plan);
    slice_copy(slice_from(plan->to), call->left_for, sizeof call->left_for);
    enum err err = fault ? ERR_REFUSED : dial(call, plan);
    if (err) {
        stay(call, fault ? fault : err_name(err));
        return;
    }
    call->end_reason = TRANSFERRED;
    metric_add(METRIC_TRANSFERS_ASKED, 1);
    log_info("call.transfer", "call=%s kind=%s then=%s", call->facts.call_id,
        is_warm ? "warm" : "blind", transfer_then_name(plan->then));
    journal_transfer(call, plan->to, "dialing", is_warm ? "warm" : "blind");
    journal_note_transfer(call, "dialing");
}

void handover_begin(struct call *call)
{
    struct handover_plan *plan = call->plan;
    bool waits = call->wants_transfer && (call->asides.list || call->hooks_held);
    if (!plan || call->handover || call->is_finished || waits)
        return;
    call->plan = NULL;
    call->wants_transfer = false;
    begin(call, plan);
    handover_plan_free(plan);
}

void handover_pump(struct call *call)
{
    bool is_idle = call->turn.phase == REPLY_NONE && !call->opening_by_ms && !call->history_by_ms;
    if (call->wants_transfer && is_idle && call->turn.state == TURN_LISTENING)
        handover_begin(call);
}

void handover_drop(struct call *call)
{
    if (call->handover)
        rest_cancel(call->handover);
    call->handover = NULL;
    handover_plan_free(call->plan);
    call->plan = NULL;
}
