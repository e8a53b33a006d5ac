/* The letters between media threads and a script thread. Whoever sends gives the letter away; strings in it are
   heap copies that script_job_free / script_result_free release. */
#pragma once

#include <stdint.h>

#include "base/id.h"
#include "base/mailbox.h"
#include "observe/trace.h"
#include "script/agent.h"
#include "script/labels.h"

/* How the person and the agent speak. */
enum call_channel { CHANNEL_PHONE, CHANNEL_SMS };
const char *call_channel_name(enum call_channel channel); /* "phone", "sms" */

struct script_call_facts {
    char call_id[ID_SIZE];
    char call_sid[40];
    char tenant_id[TENANT_ID_SIZE];
    char caller[40]; /* as the carrier said: may be no number at all */
    char called[40];
    unsigned transfers; /* that found nobody, in this call */
    enum call_channel channel;
};

enum script_job_kind {
    SCRIPT_PROMPT,   /* build the system prompt for a turn; pins the version the turn runs on */
    SCRIPT_TOOL,     /* run one tool on the version pinned by this call's last prompt */
    SCRIPT_HOOK,     /* run a hook, on the same version; on_user_turn pins it as a prompt does */
    SCRIPT_CALL_END, /* forget the call: cancel its waits, drop its state and pin; no result. on_call_end is waited for */
    SCRIPT_MIGRATE,  /* nobody's job: a run between two versions, in place of a prompt's */
    /* Of administration; with `reply`, the answer is JSON in the result's text (script/admin.h). */
    SCRIPT_RELOAD,      /* look at the files again, of one tenant or ("") all */
    SCRIPT_VERSIONS,    /* of a tenant */
    SCRIPT_ROLLBACK,    /* to `version`, or ("") to what was before */
    SCRIPT_PROMOTE,     /* the canary answers all */
    SCRIPT_DROP_CANARY, /* `version` is taken back if it is the canary; refused when it is not */
    SCRIPT_PUBLISH, /* `bundle` as if it had been saved, for canary_percent of new calls (0: as it says itself) */
    SCRIPT_SOURCES, /* the bundle of `version`, or ("") of the current one */
    SCRIPT_TRIED,   /* the tests of `version` ended: is_ok, or `why`; no result */
};

struct script_job {
    struct letter letter;
    enum script_job_kind kind;
    enum script_hook hook; /* SCRIPT_HOOK: which */
    struct mailbox *reply; /* where the result goes */
    uint64_t call_key;     /* the sender's name for the call, given back in the result */
    uint32_t epoch;        /* of the turn, given back */
    uint32_t turn;         /* turn number within the call */
    uint64_t span;         /* of the sender's trace, given back; 0: none */
    char traceparent
        [TRACEPARENT_SIZE]; /* what it asks of others names that as its cause; "": there is no trace */
    struct script_call_facts
        facts; /* call_id is what the script thread knows the call by; of administration only tenant_id counts */
    bool is_turn_begun; /* prompt: on_user_turn began it: it ends on the same version */
    char *utterance;    /* prompt, on_user_turn: what the caller said last */
    char *tool_name;
    char *tool_call_id;
    char *arguments;           /* tool: JSON object; hook: JSON array of what follows `call` */
    char phase[PHASE_SIZE];    /* call.phase to begin with, and */
    struct call_labels labels; /* its tags and outcome, and */
    char *state_json;          /* call.state; only a call that is new to the script thread
                         takes it */
    char *incoming_json;       /* call.incoming, an object; likewise */
    unsigned history_first;    /* from this line of call.history on */
    char *history_json;        /* there are these (script/history.h); NULL: none */
    char version
        [VERSION_SIZE]; /* the one a new call began with, "": not known; and of administration: */
    unsigned canary_percent;
    char *bundle;
    bool is_wanted; /* PUBLISH: by somebody who knows that it may have been rolled back */
    bool is_ok;
    char *why;
};

enum script_ending {
    SCRIPT_DONE,
    SCRIPT_OUT_OF_TIME,
    SCRIPT_OUT_OF_MEMORY,
    SCRIPT_ERROR,
    SCRIPT_TIMEOUT /* a tool's own answer may still follow */
};
const char *script_ending_name(enum script_ending ending); /* "done", "out_of_time", … */

struct script_result {
    struct letter letter;
    enum script_job_kind kind;
    enum script_hook hook;
    uint64_t call_key;
    uint32_t epoch;
    uint32_t turn;
    uint64_t span;
    enum script_ending ending;
    bool is_late; /* a tool's second answer: the first one was SCRIPT_TIMEOUT */
    char *
        text; /* prompt: system prompt; tool: JSON result for the model, also on failure ({"error":…}); hook: its
                 answer as JSON */
    char *failure_text; /* SCRIPT_TIMEOUT: the tenant's words for it; NULL: none */
    char *why;          /* not done: file:line and message, for the log */
    char *tool_name;
    char *tool_call_id;
    char *arguments;
    struct agent *agent;       /* prompt: the version it ran on (a reference) */
    char *state_json;          /* call.state after the run */
    char phase[PHASE_SIZE];    /* call.phase after the run; empty: none */
    struct call_labels labels; /* its tags and outcome then */
    uint32_t elapsed_us;
};

struct script_job *script_job_make(enum script_job_kind kind); /* NULL: no memory */
void script_job_free(struct script_job *job);
void script_result_free(struct script_result *result);
