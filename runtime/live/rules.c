/* When a caller's turn is over: the tenant's numbers, or those of the phase that its script set. */
#include <string.h>

#include "live/call.h"
#include "live/policy.h"
#include "observe/log.h"

void rules_tell(struct call *call)
{
    call_event(call, (struct turn_event){.kind = TURN_EVENT_RULES,
                         .rules = policy_rules(call->agent, call->phase)});
}

void rules_take_phase(struct call *call, const struct script_result *result)
{
    if (strcmp(call->phase, result->phase) == 0)
        return;
    memcpy(call->phase, result->phase, sizeof call->phase);
    call->is_state_new = true;
    captured_note(call, "phase", "phase", call->phase);
    log_debug("call.phase", "call=%s phase=%s", call->facts.call_id, call->phase);
    rules_tell(call);
}
