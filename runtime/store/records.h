/* What calls leave behind, from any thread to Postgres, by way of a journal on the local disk (docs/journal.md). A record
   is a JSON object whose members are columns of its table; a record with the same id again fills in columns (missing or
   null members leave what is there), and the last one put is the last one written.
   Bounded: past `capacity` records that are neither in the journal nor in Postgres the newest is refused and counted.
   Written in order, in batches, pipelined, idempotently. Postgres away: they wait in the journal; the disk away too: in
   memory. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"
#include "net/loop.h"
#include "store/database.h"

enum record_kind {
    RECORD_TENANT, /* id, name, profile, script_version, time_zone */
    RECORD_AGENT, /* tenant_id, name, numbers (array), greeting, voice, script_version: all of it each time */
    RECORD_CALL, /* id, tenant_id, call_sid, direction, from_number, to_number, attempt, started_at, answered_at, ended_at,
                         outcome, end_reason, carrier_status, duration_ms, script_version, barge_ins, caller_talk_ms, agent_talk_ms,
                         state (object), tags (array), recording_url, recording_ms, node, task_id, answered_by, transfer_to,
                         transfer_status, transfer_kind, transfer_ms, recording_consent */
    RECORD_TURN, /* id, tenant_id, call_id, turn_index, script_version, reason, caller_text, heard_text, unheard_text, is_estimated,
                         started_at, response_ms, stt_ms, prompt_ms, llm_first_ms, tts_first_ms, was_interrupted, provider, model,
                         heard_by, spoken_by */
    RECORD_MESSAGE, /* id, tenant_id, call_id, turn_index, direction ("in"/"out"), channel ("phone"), text, unheard_text, audio_ms,
                         latency_ms, outcome, tags (array), from_number, to_number, carrier_sid, status, error_code, segments,
                         media (array), recording_id, author, created_at; channel "sms" too */
    RECORD_TRACE, /* id, tenant_id, call_id, part, spans (array, OTLP's JSON), created_at: a part is a turn, whole by itself */
    RECORD_TOOL_CALL, /* id, tenant_id, call_id, turn_index, name, arguments (object), result, ending, elapsed_ms, created_at */
    RECORD_USAGE, /* id, tenant_id, call_id, slot, provider, model, seconds, characters, input_tokens, cached_tokens, output_tokens,
                     is_estimated, cost_micro_usd, first_at, last_at: sums so far */
    RECORD_RECORDING, /* id, tenant_id, call_id, kind ("call", "voicemail"), carrier_sid, url, path, status, duration_ms, channels,
                         bytes, transcript, transcribed_by, why, created_at */
    RECORD_VOICEMAIL, /* id, tenant_id, call_id, recording_id, from_number, transcript, created_at */
    RECORD_CONSENT, /* id, tenant_id, phone, about, is_given, channel, said, call_id, at; contact_id follows from phone */
    RECORD_TEXT_STATUS, /* outbox_id, tenant_id, sid, status, error_code: text_status of migrations/014_outbox.sql */
    RECORD_OPT_OUT, /* tenant_id, phone, is_out, channel, said, call_id, message_id: note_opt_out, likewise */
    RECORD_CALL_STATUS, /* call_sid, carrier_status, duration_ms, ended_at: a final one closes the newest call of that
                           CallSid, and stays; older ones that are open get end_reason 'lost' */
    RECORD_CALL_BACK, /* row (of the outbox), tenant_id, call_sid, and answered_by with left_message, or carrier_status: of a call
                         that a task asked for (migrations/017_outbound.sql) */
    RECORD_STREAM_END, /* call_sid, attempt, node, ended_at, end_reason: by plan, so that the caller is not answered anew */
    RECORD_NODE_LOST, /* node: that process is dead, and its rows are all written before this one: its open calls are closed */
    RECORD_KINDS
};
/* Times are ISO 8601 text (base/clock.h). */

struct records;
struct journal_options; /* store/journal_file.h */
/* Everything but what says "any thread" belongs to the loop's thread, which the disk may keep waiting: not one of calls.
   Files that dead processes left in the journal's folder are adopted, then and later. */
must_use enum err records_open_journal(struct records **out, struct net_loop *loop,
    const char *database_url, size_t capacity, const struct journal_options *journal);
/* Through memory only: what is not written at the end is lost. */
must_use enum err records_open(
    struct records **out, struct net_loop *loop, const char *database_url, size_t capacity);
/* Any thread; `json` (heap, terminated) is taken in every case. ERR_FULL, ERR_NOMEM. */
must_use enum err records_put_take(struct records *records, enum record_kind kind, char *json);
size_t records_waiting(const struct records *records);      /* not in Postgres; any thread */
bool records_database_is_up(const struct records *records); /* any thread */

struct records_state {
    size_t waiting;    /* not in Postgres, adopted ones too */
    size_t journalled; /* of them, on the disk */
    size_t refused;    /* set aside: Postgres does not take them as they are */
    uint64_t oldest_s; /* how long the oldest that waits has waited */
    uint64_t bytes;    /* of the files, in use */
    bool has_room;     /* the next record is taken */
    bool is_database_up;
    bool is_journal_writing;
    bool needs_migration; /* the database lacks a table or a column: `moonline migrate` */
};
void records_look(const struct records *records, struct records_state *out); /* any thread */

/* Calls `fn` once all is written, or all is in the journal and the database is away, or the deadline passed (then `left`
   rows are lost and logged). */
void records_drain(struct records *records, uint64_t deadline_ms,
    void (*fn)(void *owner, size_t left), void *owner);
/* What the journal has is adopted by the next process; a file without rows goes. */
void records_close(struct records *records);
