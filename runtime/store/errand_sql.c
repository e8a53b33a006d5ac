#include "store/errand_sql.h"

#include "store/lost_sql.h"

static const char CLAIM[] = "insert into stream_claims (call_sid, attempt, node)"
                            " values ($1, $2::int, $3) on conflict do nothing returning 'mine'";

/* The claim may not have been written: the end is what counts. */
static const char END[] =
    "insert into stream_claims (call_sid, attempt, node, ended_at, end_reason)"
    " values ($1, $2::int, $3, now(), $4)"
    " on conflict (call_sid, attempt) do update"
    " set ended_at = coalesce(stream_claims.ended_at, excluded.ended_at),"
    " end_reason = coalesce(stream_claims.end_reason, excluded.end_reason)"
    " returning 'ended'";

/* Of the newest stream: an older one may have been taken for the call's after it broke. One of fewer tens was transferred,
   and the caller came back (telephony/stream_token.h). */
static const char ENDING[] =
    "select 'ended' from (select ended_at from stream_claims where call_sid = $1"
    " and attempt >= $2::int / 10 * 10 order by attempt desc limit 1) newest where ended_at is not "
    "null";

/* In the form of base/clock.h. */
#define AT "to_char(created_at at time zone 'utc', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"')"
static const char HISTORY[] =
    "with before as ("
    "  select id, attempt, state, phase, tags, outcome, end_reason,"
    "   coalesce(started_at, created_at) as at from calls"
    "  where call_sid = $1 and tenant_id = $2 and id <> $3::uuid"
    "  and end_reason is distinct from 'claimed_elsewhere'),"
    " said as ("
    "  select created_at, 1 as rank, json_build_object('kind', direction, 'id', id, 'text', text,"
    "   'unheard', unheard_text, 'turn', turn_index, 'at', " AT ") as line,"
    "   turn_index from messages"
    "   where call_id in (select id from before)"
    "   and coalesce(text, '') || coalesce(unheard_text, '') <> ''"
    "  union all"
    "  select created_at, 2, json_build_object('kind', 'tool', 'id', id, 'name', name,"
    "   'arguments', coalesce(arguments, '{}'), 'result', result, 'turn', turn_index,"
    "   'at', " AT "),"
    "   turn_index from tool_calls"
    "   where call_id in (select id from before) and ending = 'done'),"
    " newest as (select * from said order by created_at desc, rank desc limit 60),"
    " closed as ("
    "  " LOSE_CALLS " where c.id in (select id from before) and c.ended_at is null)"
    " select json_build_object("
    "  'calls', (select count(*) from before),"
    "  'turn_index', (select coalesce(max(turn_index), 0) from said),"
    "  'state', (select state from before where state is not null"
    "   order by attempt desc nulls last, at desc limit 1),"
    "  'phase', (select phase from before where phase is not null"
    "   order by attempt desc nulls last, at desc limit 1),"
    "  'tags', (select to_json(tags) from before where tags is not null"
    "   order by attempt desc nulls last, at desc limit 1),"
    "  'outcome', (select outcome from before where outcome is not null"
    "   and not (end_reason = 'lost' and outcome = 'failed')"
    "   order by attempt desc nulls last, at desc limit 1),"
    "  'lines', (select coalesce(json_agg(line order by created_at, rank), '[]') from newest))";

/* A call lasts a day at most. Of scripts' values those go whose time is over (store/kv.h). */
static const char PRUNE[] =
    "with values_over as (delete from kv where expires_at <= now())"
    " delete from stream_claims where claimed_at < now() - interval '2 days'";

/* A process that beats without a pause knows by now of all that live: after Postgres was away, or this process was, nobody
   is called dead at the first look. One that lives all the same, cut off from Postgres, corrects its rows with its own. */
#define STEADY "interval '35 seconds'" /* three beats, and some */
#define DEAD "interval '2 minutes'"
static const char HERE[] =
    "with own as (select seen_at from nodes where node = $1),"
    " here as (insert into nodes (node) values ($1) on conflict (node) do update"
    "  set seen_at = now()),"
    " gone as (delete from nodes where seen_at < now() - interval '1 day' and node <> $1),"
    " closed as (" LOSE_CALLS " where c.ended_at is null and c.node <> $1"
    "  and (select seen_at > now() - " STEADY " from own)"
    "  and not exists (select from nodes n where n.node = c.node and n.seen_at > now() - " DEAD ")"
    "  returning c.id)"
    " select count(*) from closed";

static const struct {
    const char *name;
    const char *sql;
    unsigned timeout_ms;
    unsigned away_ms; /* while there is no connection; 0: as long */
} ERRANDS[ERRAND_KINDS] = {
    [ERRAND_CLAIM] = {"claim", CLAIM, 5000},
    [ERRAND_END] = {"end", END, 3000},
    [ERRAND_ENDING] = {"ending", ENDING, 1500, 500},
    [ERRAND_HISTORY] = {"history", HISTORY, 3000},
    [ERRAND_PRUNE] = {"prune", PRUNE, 10000},
    [ERRAND_HERE] = {"here", HERE, 5000},
};

const char *errand_sql(enum errand_kind kind)
{
    return ERRANDS[kind].sql;
}

const char *errand_name(enum errand_kind kind)
{
    return ERRANDS[kind].name;
}

unsigned errand_timeout_ms(enum errand_kind kind, bool is_up)
{
    return is_up || !ERRANDS[kind].away_ms ? ERRANDS[kind].timeout_ms : ERRANDS[kind].away_ms;
}

size_t errand_params(const struct errand *errand, const char *attempt, const char *node,
    struct slice params[ERRAND_PARAMS_MAX])
{
    params[0] = slice_from(errand->call_sid);
    switch (errand->kind) {
    case ERRAND_CLAIM:
    case ERRAND_END:
        params[1] = slice_from(attempt);
        params[2] = slice_from(node);
        params[3] = slice_from(errand->reason);
        return errand->kind == ERRAND_CLAIM ? 3 : 4;
    case ERRAND_ENDING:
        params[1] = slice_from(attempt);
        return 2;
    case ERRAND_HISTORY:
        params[1] = slice_from(errand->tenant_id);
        params[2] = slice_from(errand->call_id);
        return 3;
    case ERRAND_HERE:
        params[0] = slice_from(node);
        return 1;
    case ERRAND_PRUNE:
    case ERRAND_KINDS:
        return 0;
    }
    return 0;
}
