/* How the parts of a call are closed that broke and that nobody closed: the `update` without its `where`, the rows as `c`.
   Such a part ended with its last message, and came to what its tools say. Private to store. */
#pragma once

#define LOSE_CALLS                                                                                 \
    "update calls c set end_reason = coalesce(c.end_reason, 'lost'),"                              \
    " ended_at = coalesce((select max(m.created_at) from messages m where m.call_id = c.id),"      \
    "  c.answered_at, c.started_at, now()),"                                                       \
    " outcome = coalesce(c.outcome, (select t.result ->> 'outcome' from tool_calls t"              \
    "  where t.call_id = c.id and t.ending = 'done' and t.result ->> 'outcome' in ('booked',"      \
    "  'rescheduled', 'cancelled', 'message_taken', 'transferred', 'lead')"                        \
    "  order by t.created_at desc limit 1), 'failed')"
