/* What is asked of Postgres about recordings; the functions are in migrations/017_outbound.sql. */
#pragma once

#define SOUND_ATTEMPTS_MAX "12" /* pauses double from 2 s to 10 minutes: an hour and a quarter */

/* Those that something is left to do for, taken for five minutes: whoever took them and died is forgotten then.
   $1 how many → id, tenant_id, carrier_sid, is_voicemail, is_fetched, attempts */
static const char SOUND_TAKE[] =
    "with due as (select id from recordings"
    "  where (status = 'completed' or (status = 'fetched' and kind = 'voicemail' and transcript is "
    "null))"
    "  and carrier_sid is not null and deleted_at is null and attempts < " SOUND_ATTEMPTS_MAX
    "  and not_before <= now() and (lease_until is null or lease_until < now())"
    "  order by not_before limit $1::int for update skip locked)"
    " update recordings r set lease_until = now() + interval '5 minutes', attempts = r.attempts + 1"
    " from due where r.id = due.id"
    " returning r.id, r.tenant_id, r.carrier_sid, r.kind = 'voicemail', r.status = 'fetched',"
    "  r.attempts >= " SOUND_ATTEMPTS_MAX;

/* $1 id */
static const char SOUND_FILE[] = "select file_voicemail($1::uuid)";

/* $1 id, $2 path, $3 bytes */
static const char SOUND_KEEP[] =
    "update recordings set status = 'fetched', path = $2, bytes = $3::bigint, why = null,"
    " attempts = case when kind = 'voicemail' then 1 else 0 end,"
    " lease_until = case when kind = 'voicemail' then lease_until end"
    " where id = $1::uuid and deleted_at is null returning id";

/* $1 id, $2 transcript, $3 by whom, $4 why there is none, $5 the staff's number, $6 ours */
static const char SOUND_NOTE[] = "select note_transcript($1::uuid, $2, $3, $4, $5, $6)";

/* What could not be done now. $1 id, $2 why */
static const char SOUND_LATER[] =
    "update recordings set why = $2, lease_until = null,"
    " not_before = now() + least(interval '10 minutes', interval '1 second' * 2 ^ attempts),"
    " status = case when attempts >= " SOUND_ATTEMPTS_MAX
    "  and status = 'completed' then 'failed' else status end"
    " where id = $1::uuid";
