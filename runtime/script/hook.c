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
    /* may be all there is to a turn, with a look into the database */
    [HOOK_ON_USER_TURN] = {"on_user_turn", 100000, 1500, HOOK_TURN, .may_wait = true,
        .may_act = true},
    [HOOK_ON_PARTIAL] = {"on_partial", 10000, 200, HOOK_NOTHING, .may_wait = false,
        .may_act = false},
    [HOOK_ON_SILENCE] = {"on_silence", 50000, 200, HOOK_NO_OR_TEXT, .may_wait = false,
        .may_act = true},
    /* speech stands still meanwhile */
    [HOOK_BEFORE_SAY] = {"before_say", 20000, 50, HOOK_NO_OR_TEXT, .may_wait = false,
        .may_act = false},
    [HOOK_ON_TOOL_ERROR] = {"on_tool_error", 50000, 200, HOOK_TEXT_OR_TABLE, .may_wait = false,
        .may_act = true},
    [HOOK_ON_DTMF] = {"on_dtmf", 50000, 1000, HOOK_YES_OR_TEXT, .may_wait = false, .may_act = true},
};
