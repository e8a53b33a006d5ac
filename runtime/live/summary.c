#include "live/summary.h"

json_t *summary_values(const struct call_summary *summary)
{
    return json_pack("[{s:I, s:i, s:s, s:s, s:I, s:I, s:i}]", "duration_ms",
        (json_int_t)summary->duration_ms, "turns", (int)summary->turns, "outcome", summary->outcome,
        "end_reason", summary->end_reason, "caller_talk_ms", (json_int_t)summary->caller_talk_ms,
        "agent_talk_ms", (json_int_t)summary->agent_talk_ms, "barge_ins", (int)summary->barge_ins);
}
