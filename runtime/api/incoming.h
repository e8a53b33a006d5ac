/* on_incoming of a tenant's script, asked for a call that rings: the letter to the script thread and what its answer means.
   Who waits, and how long, is voice.c's. Private to api. */
#pragma once

#include "api/overflow.h"
#include "script/host.h"

/* Its deadline, and a little for the way there and back: then an agent takes the call. */
#define INCOMING_WAIT_MS 1100
#define INCOMING_WAITING_MAX 256 /* webhooks of a media thread; more are not asked about */

#define INCOMING_FACTS_SIZE 460 /* with its name it must fit a stream's parameter */

struct incoming {
    char call_id[ID_SIZE]; /* what the script thread knows the call by; empty: it is not asked */
};

/* What the webhook's form says of the call, as JSON for call.incoming; what does not fit is left out. Empty: nothing. */
void incoming_facts(const struct form *form, char out[INCOMING_FACTS_SIZE]);
/* False: the script thread cannot be asked. The answer comes to `reply`, with `key`. */
bool incoming_ask(struct incoming *incoming, struct script_host *script, struct mailbox *reply,
    uint64_t key, const struct overflow_caller *caller, const char *facts_json);
/* Nobody waits any more: the script's run for it ends. */
void incoming_forget(struct incoming *incoming, struct script_host *script);
/* What holds for this call (the result's, or what was decided for it before; NULL: no answer came), on the heap. */
char *incoming_settle(const char *call_sid, const struct script_result *result);
/* Answers the exchange unless an agent is to take the call: false, also for what cannot be read. */
bool incoming_obey(const struct public_settings *settings, struct exchange *exchange,
    const struct overflow_caller *caller, const char *verdict_json);
