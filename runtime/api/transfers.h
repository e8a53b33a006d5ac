/* What the carrier asks about a transfer that an agent asked it for (live/handover.c). All it takes is in the URL, so any node
   answers, whatever became of the process that the caller talked with:

     /twilio/whisper    somebody picked up a warm one ─► Gather: the words, a key to take the call, or the end
                        a key was pressed ─────────────► nothing more: the two are connected
     /twilio/dial-done  they were, and it is over ─────► Hangup          row: bridged, outcome 'transferred'
                        nobody picked up, or pressed a key: a row, and
                             then=back ────────────────► Connect, Stream: the agent, who knows (voice.h)
                             then=voicemail, hangup ───► Record; words and Hangup

   The answer is the same however often it is asked for; of two streams only the first counts. */
#pragma once

#include "api/public.h"
#include "api/voice.h"
#include "net/server.h"
#include "telephony/form.h"

#define WHISPER_PATH "/twilio/whisper"

void transfers_whisper(const struct public_settings *settings, struct exchange *exchange,
    const struct http_request *request, const struct form *form);
/* False: the question is not about an agent's transfer, and was not answered. */
bool transfers_dial_done(struct voice *voice, const struct public_settings *settings,
    struct exchange *exchange, const struct http_request *request, const struct form *form);
