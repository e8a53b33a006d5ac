/* The statements of the outbox's sender (outreach/outbox.c). Each stands alone: whatever happens between two of them, a row
   is either with nobody, or with a node until its lease is over. */
#pragma once

/* What a row is, for OUTBOX_TAKE and OUTBOX_OVERDUE. The opt-outs are those of this very statement. */
#define OUTBOX_ITEM                                                                                \
    " o.id, o.tenant_id, o.key, o.kind, coalesce(o.from_number, ''), o.to_number,"                 \
    " coalesce(o.body, ''), o.details::text, coalesce(o.task_id::text, ''), o.status, o.attempts," \
    " o.looks, to_char(o.asked_at at time zone 'UTC', 'YYYY-MM-DD'),"                              \
    " floor(extract(epoch from o.asked_at))::bigint"

/* Columns of OUTBOX_ITEM. */
enum outbox_column {
    OUTBOX_ID,
    OUTBOX_TENANT,
    OUTBOX_KEY,
    OUTBOX_KIND,
    OUTBOX_FROM,
    OUTBOX_TO,
    OUTBOX_BODY,
    OUTBOX_DETAILS,
    OUTBOX_TASK,
    OUTBOX_STATUS,
    OUTBOX_ATTEMPTS,
    OUTBOX_LOOKS,
    OUTBOX_ASKED_ON,
    OUTBOX_ASKED_AT_S, /* Unix time */
    OUTBOX_COLUMNS
};

/* $1 node, $2 lease in ms, $3 how many, $4 how many of a tenant, $5 kinds. Rows that may be asked for now ('sending'), and
   such as are of no use any more ('cancelled'). */
#define OUTBOX_TAKE                                                                                \
    "with placed as ("                                                                             \
    "  select q.id, q.not_before, row_number() over (partition by q.tenant_id"                     \
    "    order by q.not_before, q.id) + (select count(*) from outbox s"                            \
    "    where s.status = 'sending' and s.tenant_id = q.tenant_id) as place"                       \
    "  from outbox q where q.status = 'queued' and q.not_before <= now()"                          \
    "    and q.kind = any($5::text[])),"                                                           \
    " due as (select q.id, q.expires_at, q.kind, q.tenant_id, q.to_number from outbox q"           \
    "  where q.id in (select p.id from placed p where p.place <= $4::int"                          \
    "    order by p.not_before limit $3::int)"                                                     \
    "  and q.status = 'queued' and q.not_before <= now() for update skip locked),"                 \
    " judged as (select d.id, case when d.expires_at <= now() then 'too late to be of use'"        \
    "  when d.kind = 'sms' and is_opted_out(d.tenant_id, d.to_number) then 'opted out' end as "    \
    "why from due d)"                                                                              \
    " update outbox o set status = case when j.why is null then 'sending' else 'cancelled' end,"   \
    "  why = j.why, attempts = o.attempts + (j.why is null)::int, looks = 0, updated_at = now(),"  \
    "  asked_at = case when j.why is null then clock_timestamp() else o.asked_at end,"             \
    "  node = case when j.why is null then $1 end,"                                                \
    "  lease_until = case when j.why is null then now() + $2::int * interval '1 ms' end"           \
    " from judged j where o.id = j.id returning" OUTBOX_ITEM

/* $1 node of a take whose answer was lost: nobody has asked the carrier for its rows. */
#define OUTBOX_GIVE_BACK                                                                           \
    "update outbox set status = 'queued', attempts = attempts - 1, node = null,"                   \
    " lease_until = null, updated_at = now() where status = 'sending' and node = $1 and looks = 0"

/* $1 node, $2 lease in ms, $3 how many, $4 kinds: rows whose node died, or got no answer. */
#define OUTBOX_OVERDUE                                                                             \
    "update outbox o set node = $1, lease_until = now() + $2::int * interval '1 ms'"               \
    " where o.id in (select q.id from outbox q where q.status = 'sending'"                         \
    "  and q.lease_until <= now() and q.kind = any($4::text[])"                                    \
    "  order by q.lease_until limit $3::int for update skip locked)"                               \
    " returning" OUTBOX_ITEM

/* $1 id, $2 the carrier's name for it, $3 segments or NULL. */
#define OUTBOX_SENT                                                                                \
    "update outbox o set carrier_sid = coalesce(o.carrier_sid, $2),"                               \
    " segments = coalesce($3::int, o.segments), sent_at = coalesce(o.sent_at, now()),"             \
    " status = case when o.status in ('queued', 'sending', 'unknown') then 'sent'"                 \
    "  else o.status end, why = case when o.status = 'sending' then null else o.why end,"          \
    " node = null, lease_until = null, updated_at = now() where o.id = $1::uuid"

/* $1 id, $2 node, $3 pause in ms, $4 attempts at most, $5 why, $6 code: certainly not taken, and later it may be. */
#define OUTBOX_LATER                                                                               \
    "update outbox o set why = $5, error_code = nullif($6, ''), node = null, lease_until = null,"  \
    " status = case when o.attempts >= $4::int then 'failed' else 'queued' end,"                   \
    " not_before = now() + $3::int * interval '1 ms', updated_at = now()"                          \
    " where o.id = $1::uuid and o.status = 'sending' and o.node = $2 returning o.status"

/* $1 id, $2 node, $3 why, $4 code. */
#define OUTBOX_FAILED                                                                              \
    "with f as (update outbox o set status = 'failed', why = $3, error_code = nullif($4, ''),"     \
    " node = null, lease_until = null, updated_at = now()"                                         \
    " where o.id = $1::uuid and o.status = 'sending' and o.node = $2"                              \
    " returning o.tenant_id, o.to_number, o.kind)"                                                 \
    " select case when $4 = '21610' and f.kind = 'sms' then note_opt_out(f.tenant_id,"             \
    "  f.to_number, true, 'sms', 'the carrier said 21610', null, null) end from f"

/* $1 id, $2 node, $3 pause in ms, $4 looks at most, $5 why, $6 whether this one counts: the carrier is looked at again, and
   in the end (or after a day) it is not known. */
#define OUTBOX_UNSURE                                                                              \
    "update outbox o set why = $5, looks = o.looks + $6::int, updated_at = now(),"                 \
    " status = case when o.looks + $6::int >= $4::int"                                             \
    "  or o.asked_at < now() - interval '1 day' then 'unknown' else 'sending' end,"                \
    " lease_until = now() + $3::int * interval '1 ms'"                                             \
    " where o.id = $1::uuid and o.status = 'sending' and o.node = $2 returning o.status"

/* $1 id, $2 what at the carrier may be it, likeliest first, $3 segments: the first that no other row has. */
#define OUTBOX_FOUND                                                                               \
    "update outbox o set carrier_sid = mine.sid, status = 'sent', sent_at = now(), why = null,"    \
    " segments = coalesce($3::int, o.segments), node = null, lease_until = null,"                  \
    " updated_at = now() from (select s.sid from unnest($2::text[]) with ordinality s(sid, place)" \
    "  where not exists (select from outbox x where x.carrier_sid = s.sid)"                        \
    "  order by s.place limit 1) mine where o.id = $1::uuid and o.status = 'sending' returning 1"

#define OUTBOX_COUNT                                                                               \
    "select count(*), coalesce(floor(extract(epoch from now() - min(not_before)"                   \
    "  filter (where not_before <= now()))), 0)::bigint,"                                          \
    " (select count(*) from outbox where status = 'unknown') from outbox where status = 'queued'"
