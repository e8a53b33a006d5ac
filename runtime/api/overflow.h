/* What becomes of a caller whom no agent takes, because none can (overflow of agent.lua) or because the tenant's script
   wants it so (on_incoming):

       words alone  Say, Hangup
       voicemail    Say, Record ─► /twilio/recording: the row has the message's address and length
       forward      Say, Dial   ─► /twilio/dial-done: the row says whether somebody picked up
       reject       Reject

   Each such caller leaves one row in `calls`, with end_reason 'overflow', or 'budget', or by the script 'turned_away', 'to_voicemail',
   'redirected', 'rejected'. Its id follows from the CallSid and the URLs carry the tenant and the reason, so what is said
   twice, in any order or to another node finds the row, or makes it. */
#pragma once

#include "api/public.h"
#include "net/server.h"
#include "telephony/form.h"

#define RECORDING_PATH "/twilio/recording"
#define DIAL_DONE_PATH "/twilio/dial-done"

struct overflow_caller {
    const struct agent *agent;
    const char *call_sid; /* empty: leaves no row */
    const char *from;
    const char *to;
    unsigned attempt;
};
/* The tenant's overflow; for its budget, not for want of room. */
void overflow_answer(const struct public_settings *settings, struct exchange *exchange,
    const struct overflow_caller *caller, bool is_for_budget);
/* What on_incoming said (script/verdict.h). */
void overflow_obey(const struct public_settings *settings, struct exchange *exchange,
    const struct overflow_caller *caller, const char *kind, const char *text);
/* Asked when the message ended, and told again when it can be fetched; both are answered with the call's end. */
void overflow_recording(const struct public_settings *settings, struct exchange *exchange,
    const struct http_request *request, const struct form *form);
void overflow_dial_done(const struct public_settings *settings, struct exchange *exchange,
    const struct http_request *request, const struct form *form);
