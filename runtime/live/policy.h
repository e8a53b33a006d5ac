/* A tenant's turn policy as the engine takes it, and a transcript's words in its light. Pure. */
#pragma once

#include "base/slice.h"
#include "callflow/turn.h"
#include "script/agent.h"

struct turn_settings policy_settings(const struct agent *agent); /* hold for the whole call */
struct turn_rules policy_rules(const struct agent *agent, const char *phase);
struct turn_words policy_words(const struct agent *agent, struct slice text);
struct turn_words policy_words_of(const struct agent_turn_policy *policy, struct slice text);
