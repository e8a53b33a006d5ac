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

bool agent_is_number(const char *text)
{
    if (text[0] != '+')
        return false;
    size_t digits = strspn(text + 1, "0123456789");
    return digits >= 7 && digits <= 15 && text[1 + digits] == 0;
}

bool agent_has_number(const struct agent *agent, const char *number)
{
    for (size_t i = 0; i < agent->number_count; i++)
        if (strcmp(number, agent->numbers[i]) == 0)
            return true;
    return false;
}

static bool lists_transfer(const struct agent *agent, const char *number)
{
    for (size_t i = 0; i < agent->transfer_count; i++)
        if (strcmp(number, agent->transfers[i]) == 0)
            return true;
    return strcmp(number, agent->overflow.forward) == 0;
}

const char *agent_transfer_fault(const struct agent *agent, const char *number)
{
    if (!agent_is_number(number))
        return "bad_number";
    if (agent_has_number(agent, number))
        return "own_number";
    return lists_transfer(agent, number) ? NULL : "not_allowed";
}

/* "*.example.org" is no name for example.org itself. */
static bool fits(const char *allowed, const char *host)
{
    if (allowed[0] != '*')
        return strcmp(allowed, host) == 0;
    size_t len = strlen(host), below = strlen(allowed + 1);
    return len > below && strcmp(host + len - below, allowed + 1) == 0;
}

bool agent_lists_host(const struct agent *agent, const char *host)
{
    for (size_t i = 0; i < agent->http.allow_count; i++)
        if (fits(agent->http.allow[i], host))
            return true;
    return false;
}

bool agent_may_ask(const struct agent *agent, const char *host)
{
    return !agent->http.is_limited || agent_lists_host(agent, host);
}

const struct agent_sound *agent_find_sound(const struct agent *agent, const char *name)
{
    for (size_t i = 0; i < agent->sound_count; i++)
        if (strcmp(agent->sounds[i].name, name) == 0)
            return &agent->sounds[i];
    return NULL;
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
    free(agent->knowledge.pieces_json);
    free(agent->filler.typing_ulaw);
    for (size_t i = 0; i < agent->sound_count; i++)
        free(agent->sounds[i].ulaw);
    free(agent);
}
