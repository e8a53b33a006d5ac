/* The functions of agent.lua that are asked beside prompt and tools. A row says what one may do and answer; where it is
   asked, and what its answer means, is `live`'s (live/hooks.c). */
#pragma once

#include <stdbool.h>

enum script_hook {
    HOOK_ON_INCOMING, /* (call), which rings: whether an agent takes it; asked by the webhook (api/voice.h) */
    HOOK_ON_CALL_START, /* (call): before the first word */
    HOOK_ON_CALL_END,   /* (call, summary): when it is over; nothing of the call's end cancels it */
    HOOK_END_OF_TURN,   /* (call, signals): whether the words so far are the caller's turn */
    HOOK_ON_USER_TURN,  /* (call, text): the caller's turn, before the model reads it */
    HOOK_ON_PARTIAL,    /* (call, text): the words so far, while the caller speaks */
    HOOK_ON_SILENCE,    /* (call, nudges): nobody speaks; so often the caller was asked before */
    HOOK_BEFORE_SAY,    /* (call, text): a piece of a reply is to be spoken */
    HOOK_ON_TOOL_ERROR, /* (call, name, error): a tool failed */
    HOOK_ON_DTMF,       /* (call, digit): a key was pressed */
    SCRIPT_HOOKS
};

/* As JSON in the result's text. Anything else fails the run. */
enum hook_answer {
    HOOK_YES_NO,      /* true, false, null */
    HOOK_YES_OR_TEXT, /* those, or a text of at most 500 bytes */
    HOOK_NO_OR_TEXT,  /* false, null, or a text of at most 1000 bytes */
    HOOK_TURN, /* null, a text of at most 4096 bytes, or {"rewrite"}, {"say"?, "transfer"}, {"say"?, "hangup"} */
    HOOK_TEXT_OR_TABLE, /* null, a text of at most 1000 bytes, or plain data */
    HOOK_VERDICT,       /* script/verdict.h */
    HOOK_NOTHING,       /* whatever it is: null */
};

struct hook_rule {
    const char *name;
    unsigned budget_us;  /* CPU time in all */
    unsigned timeout_ms; /* by the clock; then it is answered for, and goes */
    enum hook_answer answer;
    bool may_wait; /* call what yields */
    bool may_act;  /* call:say and its kin */
};

extern const struct hook_rule hook_rules[SCRIPT_HOOKS];
