/* What a script may do to its call. Filled in by `live`; called on the script thread; each posts to the call's media
   thread and returns at once. `from`: what a tool and on_user_turn ask belongs to the reply they run for, and is dropped
   when that is gone; what other hooks ask belongs to none. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"
#include "script/agent.h"
#include "script/port.h"
#include "telephony/transfer_link.h"

/* Sound of the line, heard in order with what is said. Borrowed; `live` keeps the agent of a sound that is one of its own
   instead of another copy for each call. */
struct call_sound {
    struct slice ulaw;
    struct agent *agent; /* whose sound it is; NULL: made for this once */
    struct slice text;   /* what stands for it in history and records */
    bool is_label;       /* that is a name for it, not its words: heard whole or not at all */
    bool is_tones;       /* of keys: what comes back of them is no key */
};

#define CALL_TRANSFERS_MAX 3 /* that find nobody, then no more in a call */

struct call_transfer {
    struct slice number;  /* that the agent's may be transferred to */
    struct slice say;     /* by the carrier, before it dials; here and below empty: nothing */
    struct slice whisper; /* to who picks up */
    unsigned timeout_s;
    enum transfer_then then; /* when nobody does */
};

enum call_recording {
    CALL_RECORDING_AGREED,  /* it begins */
    CALL_RECORDING_REFUSED, /* it stops, if it had begun */
    CALL_RECORDING_STOP,
    CALL_RECORDING_PAUSE,
    CALL_RECORDING_RESUME,
};

/* The run that asks. */
struct call_asker {
    enum script_job_kind kind;
    enum script_hook hook; /* SCRIPT_HOOK: which */
    uint32_t epoch;        /* its job's: of the reply that a tool or on_user_turn runs for */
};

/* It runs for one: a tool, on_user_turn. */
bool call_asker_has_reply(const struct call_asker *from);

struct call_ops {
    must_use enum err (*say)(void *owner, const struct script_call_facts *facts, uint64_t call_key,
        struct call_asker from, struct slice text,
        bool is_protected); /* protected: nothing interrupts it */
    must_use enum err (*play)(void *owner, const struct script_call_facts *facts, uint64_t call_key,
        struct call_asker from, const struct call_sound *sound, bool is_protected);
    must_use enum err (*hangup)(void *owner, const struct script_call_facts *facts,
        uint64_t call_key, struct call_asker from); /* after the last word */
    /* After the last word the carrier says `say` (empty: nothing) and records a message. */
    must_use enum err (*voicemail)(void *owner, const struct script_call_facts *facts,
        uint64_t call_key, struct call_asker from, struct slice say);
    must_use enum err (*transfer)(void *owner, const struct script_call_facts *facts,
        uint64_t call_key, struct call_asker from,
        const struct call_transfer *transfer); /* after the last word */
    /* Of the recording of the call, at once; `said`: the caller's words about it. ERR_REFUSED: the business wants nothing
       recorded (`by_agent` is what its script says, where nobody said otherwise); ERR_UNREACHABLE: no carrier is set. */
    must_use enum err (*record)(void *owner, const struct script_call_facts *facts,
        uint64_t call_key, struct call_asker from, enum call_recording what, struct slice said,
        enum agent_recording by_agent);
};
