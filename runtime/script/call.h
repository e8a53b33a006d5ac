/* What the script thread knows of a live call: the version its turn runs on, its `call` object in that version's VM, and
   what outlives VM and version: call.state as JSON, phase, tags, outcome and history. */
#pragma once

#define HASH_NONFATAL_OOM 1 /* before uthash: out of memory is ours to answer */
#include <uthash.h>

#include "script/history.h"
#include "script/port.h"
#include "script/version.h"

#define CALL_STATE_MAX_BYTES (16u << 10)
#define CALL_METATABLE                                                                             \
    "moonline.call" /* registry: the metatable of call objects, put there by the library */
#define CALL_METHODS "methods" /* in it: what call:name() finds */

/* What a call goes back to when the version it runs on is taken back. */
struct call_return {
    bool is_there;
    struct version *version; /* it ran on before (counted); NULL: none, it began on this one */
    char *state_json;        /* as it was then */
    char phase[PHASE_SIZE];
};

struct script_call {
    UT_hash_handle hh; /* by facts.call_id */
    struct script_call_facts facts;
    struct log_call *log; /* what is logged for it on this thread (observe/log_call.h) */
    uint64_t call_key;
    uint32_t turn;
    char *utterance;        /* what the caller said last */
    json_t *knowledge;      /* what is known of those words; NULL: nothing was looked for */
    json_t *business;       /* what the database says of the tenant; NULL: nothing that is known */
    uint64_t search_id;     /* the wait_id of the run that looks for it */
    char *state_json;       /* NULL: nothing kept yet */
    char *incoming_json;    /* what the carrier told of it when it rang; NULL: nothing */
    char phase[PHASE_SIZE]; /* empty: none */
    struct call_labels labels;
    struct history history;
    char began_with[VERSION_SIZE]; /* what greeted it; "": not known */
    struct version *version;       /* pinned by the last prompt; NULL: none yet */
    bool is_kept;            /* on that version, whatever comes: the way to a newer one failed */
    struct call_return back; /* as long as `version` is on probation */
    struct program *program; /* where object_ref lives (counted); NULL: nowhere */
    int object_ref;
    unsigned tools_this_turn;
    unsigned tools_in_all;
    struct script_run *runs; /* all that have not ended, by call_next */
    bool is_over;            /* SCRIPT_CALL_END came: it goes with the last run */
};

/* Pushes this call's object in `program`, making it from the kept state when it lives elsewhere. May raise. */
void call_push_object(lua_State *lua, struct script_call *call, struct program *program);
/* The object's `state`, `phase`, `tags` and `outcome` are kept when `program` is where the object lives. ERR_BAD or ERR_FULL
   with `why`: the last good ones stay; state and phase stay or go together. */
must_use enum err call_keep_state(struct script_call *call, struct program *program, char why[512]);
/* A tool's result said so. */
void call_set_outcome(struct script_call *call, const char *outcome);
/* 1 to 31 letters, digits and underscores. */
bool phase_is_name(struct slice text);
void call_drop_object(struct script_call *call);
