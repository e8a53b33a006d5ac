/* What a caller hears whom no agent can take now, in the tenant's own words (overflow of agent.lua), and what comes of it:

       words alone  Say, Hangup
       voicemail    Say, Record ─► /twilio/recording: the row has the message's address and length
       forward      Say, Dial   ─► /twilio/dial-done: the row says whether somebody picked up

   Each such caller leaves one row in `calls` with end_reason 'overflow'. Its id follows from the CallSid and the URLs
   carry the tenant, so what is said twice, in any order or to another node finds the row, or makes it. */
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
void overflow_answer(const struct public_settings *settings, struct exchange *exchange,
    const struct overflow_caller *caller);
/* Asked when the message ended, and told again when it can be fetched; both are answered with the call's end. */
void overflow_recording(const struct public_settings *settings, struct exchange *exchange,
    const struct http_request *request, const struct form *form);
void overflow_dial_done(const struct public_settings *settings, struct exchange *exchange,
    const struct http_request *request, const struct form *form);
