/* A planned end must not look like a crash: the caller would be redirected back to the webhook and answered anew.
   So it is known, to all nodes, before our socket closes:

     end ─► COMMITTING ─ Postgres has it ─────────────────────────► the socket closes
               │ │ 1 s, or Postgres is away
               │ └► BY_CARRIER: the call itself is ended by REST ─ 2 s ─►
               └► ELSEWHERE: voicemail, or what the tenant has for callers whom nobody could serve, with Postgres or
                  without: the carrier is told to record, or to dial ─ 2 s ─►

   Meanwhile the line is open and silent. A stream that broke is not committed: that caller shall come back. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "live/call.h"
#include "observe/log.h"
#include "observe/metrics.h"
#include "telephony/call_ends.h"
#include "telephony/twiml.h"

#define COMMIT_MS 1000
#define CARRIER_MS 2000
#define TWIML_MAX_BYTES 4000
#define URL_MAX_BYTES 512

static void close_socket(struct call *call)
{
    call->ending = ENDING_NOT;
    call->ending_by_ms = 0;
    if (call->ws)
        ws_close(call->ws, 1000, "");
}

static bool send_end(struct call *call)
{
    struct errands *errands = call->worker->live->options.errands;
    struct errand *errand = errands ? errand_make(ERRAND_END) : NULL;
    if (!errand)
        return false;
    errand->reply = &call->worker->errands;
    errand->key = call->key;
    errand->attempt = call->attempt;
    slice_copy(slice_from(call->facts.call_sid), errand->call_sid, sizeof errand->call_sid);
    slice_copy(slice_from(call->end_reason), errand->reason, sizeof errand->reason);
    if (errands_send(errands, errand) == ERR_OK)
        return true;
    errand_free(errand);
    return false;
}

/* ---- what the carrier is asked ---- */

/* Empty twiml: to hang up. */
static enum err ask_carrier(
    struct call *call, struct slice twiml, const struct rest_listener *listener)
{
    const struct rest_settings *rest = &call_settings(call)->rest;
    if (!rest->account_sid)
        return ERR_REFUSED;
    enum err err = rest_update_call(
        &call->carrier, call->worker->loop, rest, call->facts.call_sid, twiml, listener, call);
    if (err != ERR_OK)
        call->carrier = NULL;
    else
        call->ending_by_ms = clock_ms() + CARRIER_MS;
    return err;
}

static void carrier_answered(struct call *call)
{
    call->carrier = NULL;
    close_socket(call);
    call_arm(call);
}

/* ---- voicemail, and the tenant's overflow ---- */

static void on_elsewhere(void *owner, enum err err, int code, struct slice sid, const char *why)
{
    struct call *call = owner;
    if (err != ERR_OK)
        log_warn("voicemail.failed", "call=%s err=%s code=%d why=%s", call->facts.call_id,
            err_name(err), code, why);
    carrier_answered(call);
}

/* Whom our vendors left without an agent is in the place of those who find none. */
static bool wants_overflow(const struct call *call)
{
    enum agent_overflow_kind kind = call->agent->overflow.kind;
    bool is_anywhere = kind == OVERFLOW_FORWARD ||
                       (kind == OVERFLOW_VOICEMAIL && call_settings(call)->recording_url);
    return is_anywhere && strcmp(call->end_reason, turn_end_reason_name(TURN_END_FAILURE)) == 0;
}

/* The caller is there, and the call goes on without us. */
static bool goes_elsewhere(const struct call *call)
{
    return !call->is_stopped && (strcmp(call->end_reason, VOICEMAIL) == 0 || wants_overflow(call));
}

/* A recording's row is the call's own. */
static void write_elsewhere(struct strbuf *twiml, const struct call *call)
{
    const struct agent_overflow *overflow = &call->agent->overflow;
    bool is_overflow = wants_overflow(call);
    char url[URL_MAX_BYTES];
    snprintf(url, sizeof url, "%s?tenant=%s&call=%s", call_settings(call)->recording_url,
        call->facts.tenant_id, call->facts.call_id);
    if (is_overflow && overflow->kind == OVERFLOW_FORWARD)
        twiml_dial(twiml, overflow->say, overflow->forward, NULL, NULL);
    else
        twiml_voicemail(twiml, is_overflow ? overflow->say : call->voicemail, url);
}

static enum err ask_elsewhere(struct call *call)
{
    static const struct rest_listener listener = {.on_done = on_elsewhere};
    struct strbuf twiml;
    strbuf_init(&twiml, TWIML_MAX_BYTES);
    write_elsewhere(&twiml, call);
    enum err err = twiml.failed ? ERR_FULL : ask_carrier(call, strbuf_slice(&twiml), &listener);
    strbuf_free(&twiml);
    if (err == ERR_OK)
        call->ending = ENDING_ELSEWHERE;
    else
        log_warn("voicemail.failed", "call=%s err=%s", call->facts.call_id, err_name(err));
    return err;
}

/* ---- without Postgres ---- */

static void on_hung_up(void *owner, enum err err, int code, struct slice sid, const char *why)
{
    struct call *call = owner;
    metric_add(err == ERR_OK ? METRIC_ENDS_BY_REST : METRIC_ENDS_UNCOMMITTED, 1);
    if (err != ERR_OK)
        log_warn("end.uncommitted", "call=%s err=%s code=%d why=%s", call->facts.call_id,
            err_name(err), code, why);
    carrier_answered(call);
}

static void give_up(struct call *call, const char *why)
{
    metric_add(METRIC_ENDS_UNCOMMITTED, 1);
    log_warn("end.uncommitted", "call=%s why=%s", call->facts.call_id, why);
    close_socket(call);
}

/* The carrier stopped the stream itself, or is about to for a transfer: the call is over, or somewhere else by now,
   where a hang-up would hit the transfer. */
static void without_postgres(struct call *call)
{
    static const struct rest_listener listener = {.on_done = on_hung_up};
    if (call->is_stopped || strcmp(call->end_reason, TRANSFERRED) == 0) {
        close_socket(call);
        return;
    }
    if (goes_elsewhere(call) && ask_elsewhere(call) == ERR_OK)
        return;
    if (ask_carrier(call, SLICE(""), &listener) == ERR_OK)
        call->ending = ENDING_BY_CARRIER;
    else
        give_up(call, "the carrier cannot be asked");
}

/* ---- */

static void with_postgres(struct call *call)
{
    if (!goes_elsewhere(call) || ask_elsewhere(call) != ERR_OK)
        close_socket(call);
}

void ending_begin(struct call *call)
{
    if (call->is_broken) {
        close_socket(call);
        return;
    }
    call_ends_note(slice_from(call->facts.call_sid), call->attempt);
    journal_planned_end(call);
    bool is_sent = send_end(call);
    if (!call->ws)
        return;
    call->ending = ENDING_COMMITTING;
    call->ending_by_ms = clock_ms() + COMMIT_MS;
    if (!is_sent)
        without_postgres(call);
}

void ending_answer(struct call *call, const struct errand *errand)
{
    if (call->ending != ENDING_COMMITTING)
        return;
    if (errand->err == ERR_OK)
        with_postgres(call);
    else
        without_postgres(call);
    call_arm(call);
}

void ending_tick(struct call *call, uint64_t now_ms)
{
    if (!call->ending_by_ms || now_ms < call->ending_by_ms)
        return;
    switch (call->ending) {
    case ENDING_NOT:
        break;
    case ENDING_COMMITTING:
        without_postgres(call);
        break;
    case ENDING_ELSEWHERE:
        ending_drop(call);
        log_warn("voicemail.failed", "call=%s err=%s", call->facts.call_id, err_name(ERR_TIMEOUT));
        close_socket(call);
        break;
    case ENDING_BY_CARRIER:
        ending_drop(call);
        give_up(call, "the carrier does not answer");
        break;
    }
}

void ending_drop(struct call *call)
{
    if (call->carrier)
        rest_cancel(call->carrier);
    call->carrier = NULL;
}
