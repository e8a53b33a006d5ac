/* A transfer that waits for the words before it: the carrier is asked to dial when they were heard. */

#include "live/call.h"
#include "observe/log.h"
#include "telephony/twiml.h"

static void note_failure(const struct call *call, enum err err, int code, const char *why)
{
    log_warn("transfer.failed", "call=%s err=%s code=%d why=%s", call->facts.call_id, err_name(err),
        code, why);
}

static void on_done(void *owner, enum err err, int code, struct slice sid, const char *why)
{
    struct call *call = owner;
    call->handover = NULL;
    if (err == ERR_OK || call->is_finished)
        return;
    note_failure(call, err, code, why);
    call->end_reason = NULL; /* it goes on with us */
}

static enum err dial(struct call *call)
{
    static const struct rest_listener listener = {.on_done = on_done};
    const struct rest_settings *rest = &call_settings(call)->rest;
    if (!rest->account_sid || call->handover)
        return ERR_REFUSED;
    struct strbuf twiml;
    strbuf_init(&twiml, 2048);
    twiml_dial(&twiml, "", call->transfer_to, call->facts.called, NULL);
    enum err err = twiml.failed ? ERR_NOMEM
                                : rest_update_call(&call->handover, call->worker->loop, rest,
                                      call->facts.call_sid, strbuf_slice(&twiml), &listener, call);
    strbuf_free(&twiml);
    return err;
}

/* The carrier ends the stream as soon as it dials: that is why is known before. */
void handover_begin(struct call *call)
{
    if (!call->transfer_to[0])
        return;
    enum err err = dial(call);
    call->transfer_to[0] = 0;
    if (err == ERR_OK)
        call->end_reason = "transferred";
    else
        note_failure(call, err, 0, "the carrier cannot be asked");
}

void handover_drop(struct call *call)
{
    if (call->handover)
        rest_cancel(call->handover);
    call->handover = NULL;
}
