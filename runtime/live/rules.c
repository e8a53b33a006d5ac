/* When a caller's turn is over: the tenant's numbers, or those of the phase that its script set. */
#include <string.h>

#include "live/call.h"
#include "observe/log.h"

static struct turn_rules rules_of(const struct agent *agent, const char *phase)
{
    const struct agent_turn_numbers *numbers = agent_turn_numbers(agent, phase);
    return (struct turn_rules){.silence_ms = numbers->silence_ms,
        .stall_ms = numbers->stall_ms,
        .patience_ms = numbers->patience_ms,
        .min_utterance_ms = numbers->min_utterance_ms,
        .max_utterance_ms = numbers->max_utterance_ms,
        .asks_script = agent->has_hook[HOOK_END_OF_TURN],
        .script_first = agent->has_hook[HOOK_ON_USER_TURN],
        .asks_on_silence = agent->has_hook[HOOK_ON_SILENCE]};
}

void rules_tell(struct call *call)
{
    call_event(call,
        (struct turn_event){.kind = TURN_EVENT_RULES, .rules = rules_of(call->agent, call->phase)});
}

void rules_take_phase(struct call *call, const struct script_result *result)
{
    if (strcmp(call->phase, result->phase) == 0)
        return;
    memcpy(call->phase, result->phase, sizeof call->phase);
    call->is_state_new = true;
    log_debug("call.phase", "call=%s phase=%s", call->facts.call_id, call->phase);
    rules_tell(call);
}
