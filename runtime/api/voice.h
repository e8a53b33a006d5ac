/* POST /twilio/voice: who is called, and whether this caller gets an agent, is hung up on, or hears why not. The answer
   is the same however often it is asked for: a stream with a fresh token of the same CallSid and attempt, of which only
   the first use counts.

       attempt 0 ─────────────────────────────────────────► Connect, Stream, Redirect to attempt 1
       a later one ── was the end planned? ── no, or 1.5 s ─► the same, Redirect to the next attempt;
                             └ yes ─► Hangup                  from attempt 3 on: a spoken way out, Hangup

   Where the tenant has on_incoming, a first attempt waits for it, a little over a second at most and never more than 256
   of them on a thread: reject, redirect, a message, or words instead of the stream (api/incoming.h).

   Full, or late (a first attempt only): the tenant's overflow instead of a stream (api/overflow.h). Draining: 503 when the
   proxy has another node to ask; otherwise the overflow, but who comes back is let in while there is time left. */
#pragma once

#include "api/public.h"
#include "telephony/form.h"
#include "telephony/transfer_link.h"

#define VOICE_ATTEMPTS_MAX 3

struct voice;
must_use enum err voice_create(struct voice **out, struct net_loop *loop,
    struct live_worker *worker, const struct public_settings *settings);
/* Answers the exchange, now or later. `form` is borrowed. */
void voice_answer(struct voice *voice, struct exchange *exchange,
    const struct http_request *request, const struct form *form);
/* Likewise, for a caller whom nobody took over: back to the agent, with the next ten attempts. `status`: why not. */
void voice_return(struct voice *voice, struct exchange *exchange,
    const struct http_request *request, const struct form *form, const struct transfer_link *link,
    const char *status);
/* No new caller gets an agent any more; at `hang_up_ms` calls end. */
void voice_drain(struct voice *voice, uint64_t hang_up_ms);
void voice_cancelled(struct voice *voice, struct exchange *exchange); /* the exchange is gone */
void voice_destroy(struct voice *voice); /* before the server; NULL is fine */
