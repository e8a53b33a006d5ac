#include "script/hook.h"

const struct hook_rule hook_rules[SCRIPT_HOOKS] = {
    [HOOK_ON_INCOMING] = {"on_incoming", 50000, 1000, HOOK_VERDICT, .may_wait = true,
        .may_act = false},
    [HOOK_ON_CALL_START] = {"on_call_start", 50000, 1000, HOOK_NO_OR_TEXT, .may_wait = true,
        .may_act = true},
    [HOOK_ON_CALL_END] = {"on_call_end", 500000, 10000, HOOK_NOTHING, .may_wait = true,
        .may_act = false},
    /* nobody waits for it as long as that */
    [HOOK_END_OF_TURN] = {"end_of_turn", 20000, 100, HOOK_YES_NO, .may_wait = false,
        .may_act = false},
    [HOOK_ON_DTMF] = {"on_dtmf", 50000, 1000, HOOK_YES_OR_TEXT, .may_wait = false, .may_act = true},
};
