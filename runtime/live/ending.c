/* A planned end must not look like a crash: the caller would be redirected back to the webhook and answered anew.
   So it is known, to all nodes, before our socket closes:

     end ─► COMMITTING ─ Postgres has it ─────────────────────────► the socket closes
               │ 1 s, or Postgres is away
               └► BY_CARRIER: the call itself is ended by REST ─ 2 s ─►

   Meanwhile the line is open and silent. A stream that broke is not committed: that caller shall come back. */
#include <string.h>

#include "base/clock.h"
#include "live/call.h"
#include "observe/log.h"
#include "observe/metrics.h"
#include "telephony/call_ends.h"

#define COMMIT_MS 1000
#define CARRIER_MS 2000

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

/* ---- without Postgres ---- */

static void on_hung_up(void *owner, enum err err, int code, struct slice sid, const char *why)
{
    struct call *call = owner;
    call->hang_up = NULL;
    metric_add(err == ERR_OK ? METRIC_ENDS_BY_REST : METRIC_ENDS_UNCOMMITTED, 1);
    if (err != ERR_OK)
        log_warn("end.uncommitted", "call=%s err=%s code=%d why=%s", call->facts.call_id,
            err_name(err), code, why);
    close_socket(call);
    call_arm(call);
}

static enum err hang_up(struct call *call)
{
    static const struct rest_listener listener = {.on_done = on_hung_up};
    const struct rest_settings *rest = &call_settings(call)->rest;
    if (!rest->account_sid)
        return ERR_REFUSED;
    return rest_update_call(
        &call->hang_up, call->worker->loop, rest, call->facts.call_sid, SLICE(""), &listener, call);
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
    if (call->is_stopped || strcmp(call->end_reason, "transferred") == 0) {
        close_socket(call);
        return;
    }
    enum err err = hang_up(call);
    if (err != ERR_OK) {
        call->hang_up = NULL;
        give_up(call, "the carrier cannot be asked");
        return;
    }
    call->ending = ENDING_BY_CARRIER;
    call->ending_by_ms = clock_ms() + CARRIER_MS;
}

/* ---- */

void ending_begin(struct call *call)
{
    if (call->is_broken) {
        close_socket(call);
        return;
    }
    call_ends_note(slice_from(call->facts.call_sid));
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
        close_socket(call);
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
    case ENDING_BY_CARRIER:
        ending_drop(call);
        give_up(call, "the carrier does not answer");
        break;
    }
}

void ending_drop(struct call *call)
{
    if (call->hang_up)
        rest_cancel(call->hang_up);
    call->hang_up = NULL;
}
