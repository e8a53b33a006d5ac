/* Whom an agent's questions go to, how long they may be and what they come to: of its calls, and of its texts. */
#pragma once

#include "providers/llm.h"
#include "routing/route.h"
#include "routing/usage.h"
#include "script/agent.h"

/* What its version names for the slot, out of what the operator set up. Not cleared before; `call_id` for logs. */
void agent_route_make(struct route *route, struct desk *desk, enum provider_slot slot,
    const struct agent *agent, const char *call_id);
/* Most tokens a request may come to: of whoever on the route takes least, since there is no time to find out when it is asked. */
size_t agent_route_tokens(const struct route *route);
/* What an answer of the model cost, at today's price of the provider that gave it: as it told, or by our estimate of both. */
struct usage_amount agent_route_amount(const struct route *route, const char *provider,
    const struct llm_usage *told, size_t asked_tokens, size_t written_tokens);
