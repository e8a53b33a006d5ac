#include "store/record_sql.h"

#include <assert.h>
#include <string.h>

#include "base/strbuf.h"
#include "store/agent_sql.h"
#include "store/lost_sql.h"

#define COLUMNS_MAX 48
#define TURNED_AWAY                                                                                \
    "t.end_reason in ('overflow', 'budget', 'turned_away', 'to_voicemail', 'redirected', "         \
    "'rejected')"

/* A column marked '!' must have a value: a record that leaves it out keeps the row's own. One marked '1' keeps its first
   value in the row of a caller turned away: each repeat of a webhook tells it anew, with a time of its own. */
struct record_table {
    const char *name;
    const char *columns[COLUMNS_MAX];
};

static const struct record_table TABLES[RECORD_KINDS] = {
    [RECORD_TENANT] = {"tenants", {"id", "name", "profile", "script_version", "time_zone"}},
    [RECORD_CALL] = {"calls",
        {"id", "!tenant_id", "call_sid", "channel", "direction", "from_number", "to_number",
            "attempt", "1started_at", "ringing_at", "answered_at", "1ended_at", "ring_ms",
            "duration_ms", "outcome", "end_reason", "carrier_status", "script_version", "barge_ins",
            "false_alarms", "caller_talk_ms", "agent_talk_ms", "silence_ms", "hold_ms",
            "is_contained", "intent", "sentiment", "provider", "model", "state", "phase", "tags",
            "recording_url", "recording_ms", "node", "task_id", "answered_by", "transfer_to",
            "transfer_status", "transfer_kind", "transfer_ms", "recording_consent"}},
    [RECORD_TURN] = {"turns",
        {"id", "!tenant_id", "!call_id", "turn_index", "script_version", "reason", "caller_text",
            "heard_text", "unheard_text", "is_estimated", "started_at", "response_ms", "stt_ms",
            "prompt_ms", "llm_first_ms", "tts_first_ms", "was_interrupted", "false_alarms",
            "silence_ms", "intent", "sentiment", "provider", "model", "heard_by", "spoken_by"}},
    [RECORD_MESSAGE] = {"messages",
        {"id", "!tenant_id", "call_id", "turn_index", "direction", "channel", "text",
            "unheard_text", "audio_ms", "latency_ms", "outcome", "tags", "from_number", "to_number",
            "carrier_sid", "status", "error_code", "segments", "media", "recording_id", "author",
            "!created_at"}},
    [RECORD_TRACE] = {"call_traces",
        {"id", "!tenant_id", "!call_id", "part", "spans", "!created_at"}},
    [RECORD_TOOL_CALL] = {"tool_calls",
        {"id", "!tenant_id", "!call_id", "turn_index", "name", "arguments", "result", "ending",
            "elapsed_ms", "!created_at"}},
    [RECORD_USAGE] = {"usage",
        {"id", "!tenant_id", "!call_id", "slot", "provider", "model", "seconds", "characters",
            "input_tokens", "cached_tokens", "output_tokens", "is_estimated", "cost_micro_usd",
            "first_at", "last_at"}},
    [RECORD_RECORDING] = {"recordings",
        {"id", "!tenant_id", "call_id", "kind", "carrier_sid", "url", "path", "status",
            "duration_ms", "channels", "bytes", "transcript", "transcribed_by", "why",
            "!created_at"}},
    [RECORD_VOICEMAIL] = {"voicemails", {"id", "!tenant_id", "call_id", "recording_id",
                                            "from_number", "transcript", "!created_at"}},
};

/* The carrier's word, which may come twice or out of order: a final status stays. What the call itself
   recorded, before or after, is better: only gaps are filled, and only by a final status. After a
   redirect several rows have the CallSid; the newest is the one that ended, unless it was never let in. An older one
   that is still open broke, and nobody came back to an agent who would have closed it. */
static const char CLOSE_CALL[] =
    "with r as (select said.*, finals, said.carrier_status = any(finals) as is_final"
    "  from jsonb_populate_record(null::calls, $1::jsonb) said,"
    "  (select array['completed', 'busy', 'no-answer', 'failed', 'canceled'] as finals) f),"
    " parts as (select c.id, coalesce(c.started_at, c.created_at) as at from calls c, r"
    "  where c.call_sid = r.call_sid and c.end_reason is distinct from 'claimed_elsewhere'),"
    " newest as (select id from parts order by at desc, id desc limit 1),"
    " lost as (" LOSE_CALLS " where (select is_final from r) and c.ended_at is null"
    "  and c.id in (select id from parts) and c.id not in (select id from newest))"
    " update calls set"
    " carrier_status = case when calls.carrier_status = any(r.finals) then calls.carrier_status"
    "   else coalesce(r.carrier_status, calls.carrier_status) end,"
    " duration_ms = coalesce(calls.duration_ms, case when r.is_final then r.duration_ms end),"
    " ended_at = coalesce(calls.ended_at, case when r.is_final then r.ended_at end),"
    " outcome = coalesce(calls.outcome, case"
    "   when r.carrier_status = 'failed' then 'failed'"
    "   when r.carrier_status = 'completed' and calls.answered_at is not null then 'answered'"
    "   when r.is_final then 'abandoned' end)"
    " from r where calls.id = (select id from newest)";

static const char NOTE_CALL_BACK[] = "select note_call_back($1::jsonb)";
static const char TEXT_STATUS[] =
    "select text_status((r->>'outbox_id')::uuid, r->>'tenant_id', r->>'sid', r->>'status',"
    " r->>'error_code') from (select $1::jsonb as r) told";
/* Told again it is the same row. */
static const char CONSENT[] =
    "insert into consents (id, tenant_id, phone, contact_id, about, is_given, channel, said, "
    "call_id, at)"
    " select r.id, r.tenant_id, nullif(r.phone, ''),"
    "  (select c.id from contacts c where c.tenant_id = r.tenant_id and c.phone = r.phone),"
    "  r.about, r.is_given, r.channel, nullif(r.said, ''), r.call_id, coalesce(r.at, now())"
    " from jsonb_populate_record(null::consents, $1::jsonb) r on conflict (id) do nothing";
static const char OPT_OUT[] =
    "select note_opt_out(r->>'tenant_id', r->>'phone', (r->>'is_out')::boolean, r->>'channel',"
    " r->>'said', (r->>'call_id')::uuid, (r->>'message_id')::uuid)"
    " from (select $1::jsonb as r) told";

/* As ERRAND_END says it, for when Postgres could not be told at once. */
static const char STREAM_END[] =
    "insert into stream_claims (call_sid, attempt, node, ended_at, end_reason)"
    " select r.call_sid, coalesce(r.attempt, 0), coalesce(r.node, ''), coalesce(r.ended_at, now()),"
    "  r.end_reason from jsonb_populate_record(null::stream_claims, $1::jsonb) r"
    " on conflict (call_sid, attempt) do update"
    " set ended_at = coalesce(stream_claims.ended_at, excluded.ended_at),"
    " end_reason = coalesce(stream_claims.end_reason, excluded.end_reason)";

/* Its last words may have come after somebody else closed the call: when it ended is looked at again. */
static const char NODE_LOST[] = "with gone as (delete from nodes where node = $1::jsonb ->> 'node')"
                                " " LOSE_CALLS " where c.node = $1::jsonb ->> 'node'"
                                "  and (c.ended_at is null or c.end_reason = 'lost')";

/* No row of their own. */
static const struct {
    const char *name, *sql;
} DEEDS[RECORD_KINDS] = {
    [RECORD_CALL_STATUS] = {"call_status", CLOSE_CALL},
    [RECORD_STREAM_END] = {"stream_end", STREAM_END},
    [RECORD_NODE_LOST] = {"node_lost", NODE_LOST},
    [RECORD_AGENT] = {"agents", KEEP_AGENT},
    [RECORD_CONSENT] = {"consents", CONSENT},
    [RECORD_TEXT_STATUS] = {"text_status", TEXT_STATUS},
    [RECORD_OPT_OUT] = {"opt_out", OPT_OUT},
    [RECORD_CALL_BACK] = {"call_backs", NOTE_CALL_BACK},
};

static const char *bare(const char *column)
{
    return column[0] == '!' || column[0] == '1' ? column + 1 : column;
}

static void add_names(struct strbuf *sql, const struct record_table *table)
{
    for (size_t i = 0; table->columns[i]; i++)
        strbuf_printf(sql, "%s\"%s\"", i ? ", " : "", bare(table->columns[i]));
}

static void add_values(struct strbuf *sql, const struct record_table *table)
{
    for (size_t i = 0; table->columns[i]; i++) {
        const char *name = bare(table->columns[i]);
        bool is_required = table->columns[i][0] == '!';
        strbuf_add_text(sql, i ? ", " : "");
        if (!strcmp(name, "created_at"))
            strbuf_add_text(sql, "coalesce(r.created_at, old.created_at, now())");
        else if (is_required)
            strbuf_printf(sql, "coalesce(r.\"%s\", old.\"%s\")", name, name);
        else if (!strcmp(name, "channel"))
            strbuf_add_text(sql, "coalesce(r.channel, old.channel, 'phone')");
        else if (!strcmp(name, "kind"))
            strbuf_add_text(sql, "coalesce(r.kind, old.kind, 'call')");
        else
            strbuf_printf(sql, "r.\"%s\"", name);
    }
}

static void add_updates(struct strbuf *sql, const struct record_table *table)
{
    for (size_t i = 1; table->columns[i]; i++) {
        const char *name = bare(table->columns[i]);
        strbuf_printf(sql, "%s\"%s\" = ", i > 1 ? ", " : "", name);
        if (table->columns[i][0] == '1')
            strbuf_printf(sql, "coalesce(case when " TURNED_AWAY " then t.\"%s\" end, ", name);
        strbuf_printf(sql, "coalesce(excluded.\"%s\", t.\"%s\")", name, name);
        strbuf_add_text(sql, table->columns[i][0] == '1' ? ")" : "");
    }
}

char *record_sql(enum record_kind kind)
{
    assert(kind < RECORD_KINDS);
    const struct record_table *table = &TABLES[kind];
    struct strbuf sql;
    strbuf_init(&sql, 16384);
    if (DEEDS[kind].sql) {
        strbuf_add_text(&sql, DEEDS[kind].sql);
        return strbuf_take(&sql);
    }
    strbuf_printf(&sql, "insert into %s as t (", table->name);
    add_names(&sql, table);
    strbuf_add_text(&sql, ") select ");
    add_values(&sql, table);
    strbuf_printf(&sql,
        " from jsonb_populate_record(null::%s, $1::jsonb) r left join %s old on old.id = r.id"
        " on conflict (id) do update set ",
        table->name, table->name);
    add_updates(&sql, table);
    return strbuf_take(&sql);
}

const char *record_kind_name(enum record_kind kind)
{
    assert(kind < RECORD_KINDS);
    return DEEDS[kind].name ? DEEDS[kind].name : TABLES[kind].name;
}

bool record_kind_find(enum record_kind *out, const char *name)
{
    for (int kind = 0; kind < RECORD_KINDS; kind++) {
        if (strcmp(record_kind_name((enum record_kind)kind), name) == 0) {
            *out = (enum record_kind)kind;
            return true;
        }
    }
    return false;
}
