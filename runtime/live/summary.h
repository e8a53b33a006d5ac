/* What on_call_end is told of the call that is over. Pure. */
#pragma once

#include <stdint.h>

#include <jansson.h>

struct call_summary {
    uint64_t duration_ms;
    unsigned turns;
    const char *outcome; /* as recorded, like */
    const char *end_reason;
    uint64_t caller_talk_ms, agent_talk_ms;
    unsigned barge_ins;
};

json_t *summary_values(
    const struct call_summary *summary); /* the hook's arguments; NULL: no memory */
