#include "script/hook.h"

const struct hook_rule hook_rules[SCRIPT_HOOKS] = {
    /* nobody waits for it as long as that */
    [HOOK_END_OF_TURN] = {"end_of_turn", 20000, 100, HOOK_YES_NO, .may_wait = false,
        .may_act = false},
    [HOOK_ON_DTMF] = {"on_dtmf", 50000, 1000, HOOK_YES_OR_TEXT, .may_wait = false, .may_act = true},
};
