#include "script/agent.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

const struct agent_turn_numbers *agent_turn_numbers(const struct agent *agent, const char *phase)
{
    for (size_t i = 0; i < agent->turn.phase_count; i++)
        if (strcmp(agent->turn.phases[i].name, phase) == 0)
            return &agent->turn.phases[i].numbers;
    return &agent->turn.numbers;
}

struct agent *agent_hold(struct agent *agent)
{
    atomic_fetch_add_explicit(&agent->references, 1, memory_order_relaxed);
    return agent;
}

void agent_release(struct agent *agent)
{
    if (!agent)
        return;
    unsigned before = atomic_fetch_sub_explicit(&agent->references, 1, memory_order_acq_rel);
    assert(before > 0);
    if (before > 1)
        return;
    free(agent->tools_json);
    free(agent->profile_json);
    free(agent->filler.typing_ulaw);
    free(agent);
}
