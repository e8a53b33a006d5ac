/* What a call leaves behind: rows for the store, and notes for whoever watches. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "live/call.h"
#include "observe/log.h"
#include "observe/metrics.h"
#include "outreach/stops.h"
#include "text/opt_out.h"

static void put_row(struct live *live, const char *call_id, enum record_kind kind, json_t *row)
{
    char *text = row ? json_dumps(row, JSON_COMPACT) : NULL;
    json_decref(row);
    if (!text || records_put_take(live->options.records, kind, text) != ERR_OK)
        log_warn("record.dropped", "call=%s kind=%d", call_id, (int)kind);
}

static void put(struct call *call, enum record_kind kind, json_t *row)
{
    put_row(call->worker->live, call->facts.call_id, kind, row);
}

static json_t *row_of(const struct call *call, const char *id)
{
    return json_pack("{s:s, s:s, s:s, s:i}", "id", id, "tenant_id", call->facts.tenant_id,
        "call_id", call->facts.call_id, "turn_index", (int)call->turn_number);
}

static void set_text(json_t *row, const char *name, struct slice text)
{
    json_object_set_new(row, name, json_stringn(text.data, text.len));
}

static void set_int(json_t *row, const char *name, uint64_t value)
{
    json_object_set_new(row, name, json_integer((json_int_t)value));
}

static void set_time(json_t *row, const char *name, uint64_t wall_ms)
{
    char text[CLOCK_TEXT_SIZE];
    clock_wall_text(wall_ms, text);
    json_object_set_new(row, name, json_string(text));
}

static void set_now(json_t *row, const char *name)
{
    set_time(row, name, clock_wall_ms());
}

/* ---- notes ---- */

static void note(struct call *call, const char *kind, json_t *body, bool is_end)
{
    struct mailbox *box = call->worker->live->options.notes;
    struct live_note *letter = box ? calloc(1, sizeof *letter) : NULL;
    if (!letter) {
        json_decref(body);
        return;
    }
    json_object_set_new(body, "kind", json_string(kind));
    set_int(body, "t_ms", call_ms(call, clock_ms()));
    set_int(body, "turn", call->turn_number);
    letter->json = json_dumps(body, JSON_COMPACT);
    json_decref(body);
    letter->is_end = is_end;
    slice_copy(slice_from(call->facts.call_sid), letter->call_sid, sizeof letter->call_sid);
    if (letter->json && mailbox_put(box, &letter->letter) == ERR_OK)
        return;
    metric_add(METRIC_QUEUE_NOTES, 1);
    live_note_free(letter);
}

/* ---- the call ---- */

static json_t *call_row(const struct call *call)
{
    const struct script_call_facts *facts = &call->facts;
    bool is_outbound = call->is_outbound;
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:i, s:s, s:s*}", "id", facts->call_id,
        "tenant_id", facts->tenant_id, "call_sid", facts->call_sid, "direction",
        is_outbound ? "outbound" : "inbound", "from_number",
        is_outbound ? facts->called : facts->caller, "to_number",
        is_outbound ? facts->caller : facts->called, "attempt", (int)call->attempt,
        "script_version", call->agent->version, "task_id",
        call->call_back.task_id[0] ? call->call_back.task_id : NULL);
}

void journal_call_started(struct call *call)
{
    json_t *row = call_row(call);
    uint64_t now_ms = clock_wall_ms(), rang_ms = call->rang_wall_ms;
    set_time(row, "started_at", rang_ms ? rang_ms : now_ms);
    set_time(row, "answered_at", now_ms);
    if (rang_ms) {
        set_time(row, "ringing_at", rang_ms);
        set_int(row, "ring_ms", now_ms - rang_ms);
    }
    if (call->worker->live->options.node)
        json_object_set_new(row, "node", json_string(call->worker->live->options.node));
    put(call, RECORD_CALL, row);
}

/* A tool may have said that a transfer is what it came to. */
const char *journal_outcome_so_far(const struct call *call)
{
    const char *outcome = call->labels.outcome;
    if (outcome[0] && strcmp(outcome, TRANSFERRED) != 0)
        return outcome;
    return call->turn_number ? "answered" : "abandoned";
}

const char *journal_outcome(const struct call *call)
{
    if (strcmp(call->end_reason, "provider_failure") == 0)
        return "failed";
    if (strcmp(call->end_reason, TRANSFERRED) == 0)
        return TRANSFERRED;
    if (call->labels.outcome[0])
        return call->labels.outcome;
    return call->turn_number ? "answered" : "abandoned";
}

/* No person of the business was needed, or will be; a call without a turn says nothing of that. */
static bool is_contained(const struct call *call, const char *outcome)
{
    static const char *const needing[] = {"transferred", "voicemail", "message_taken", "failed"};
    for (size_t i = 0; i < sizeof needing / sizeof *needing; i++)
        if (strcmp(outcome, needing[i]) == 0)
            return false;
    return true;
}

static void set_sums(json_t *row, const struct call *call)
{
    uint64_t now_ms = clock_ms();
    set_int(row, "duration_ms", call_ms(call, now_ms));
    set_int(row, "barge_ins", call->barge_ins);
    set_int(row, "false_alarms", call->false_alarms);
    set_int(row, "caller_talk_ms", call->caller_talk_ms);
    set_int(row, "agent_talk_ms", call->agent_talk_ms);
    set_int(row, "silence_ms", quiet_ms(&call->quiet, QUIET_SILENCE, now_ms));
    set_int(row, "hold_ms", quiet_ms(&call->quiet, QUIET_HOLD, now_ms));
    if (call->thinks[0]) {
        json_object_set_new(row, "provider", json_string(call->thinks));
        json_object_set_new(row, "model", json_string(call->thinks_model));
    }
}

static json_t *tags_of(const struct call_labels *labels)
{
    return labels->tags_json ? json_loads(labels->tags_json, 0, NULL) : NULL;
}

/* call.state, call.phase, call.tags and call.outcome as of this turn, so that they outlive the process. */
static void put_state(struct call *call)
{
    if (!call->is_state_new)
        return;
    call->is_state_new = false;
    put(call, RECORD_CALL,
        json_pack("{s:s, s:s, s:s, s:s, s:o?, s:o?, s:s*}", "id", call->facts.call_id, "tenant_id",
            call->facts.tenant_id, "call_sid", call->facts.call_sid, "phase", call->phase, "state",
            call->state_json ? json_loads(call->state_json, JSON_DECODE_ANY, NULL) : NULL, "tags",
            tags_of(&call->labels), "outcome",
            call->labels.outcome[0] ? call->labels.outcome : NULL));
}

void journal_call_ended(struct call *call)
{
    put_state(call); /* what hooks changed since the last turn */
    json_t *row = call_row(call);
    set_now(row, "ended_at");
    const char *outcome = journal_outcome(call);
    bool is_open = strcmp(call->end_reason, TRANSFERRED) == 0 ||
                   (!call->labels.outcome[0] && strcmp(call->end_reason, VOICEMAIL) == 0);
    if (!is_open) /* else who picked up says, or the recording, or their absence */
        json_object_set_new(row, "outcome", json_string(outcome));
    if (call->labels.tags_json)
        json_object_set_new(row, "tags", tags_of(&call->labels));
    json_object_set_new(row, "end_reason", json_string(call->end_reason));
    set_sums(row, call);
    if (call->turn_number)
        json_object_set_new(
            row, "is_contained", json_boolean(!is_open && is_contained(call, outcome)));
    put(call, RECORD_CALL, row);
    log_info("call.ended", "call=%s reason=%s outcome=%s turns=%u ms=%u", call->facts.call_id,
        call->end_reason, outcome, call->turn_number, call_ms(call, clock_ms()));
    note(call, "end", json_pack("{s:s}", "text", call->end_reason), true);
}

void journal_planned_end(struct call *call)
{
    const char *node = call->worker->live->options.node;
    json_t *row = json_pack("{s:s, s:i, s:s*, s:s}", "call_sid", call->facts.call_sid, "attempt",
        (int)call->attempt, "node", node, "end_reason", call->end_reason);
    set_now(row, "ended_at");
    put(call, RECORD_STREAM_END, row);
}

/* ---- messages and turns ---- */

static void put_message(struct call *call, const char *id, const char *direction, struct slice text,
    const struct slice *unheard, uint64_t latency_ms)
{
    json_t *row = row_of(call, id);
    json_object_set_new(row, "direction", json_string(direction));
    json_object_set_new(row, "channel", json_string("phone"));
    set_text(row, "text", text);
    if (unheard) /* "" takes back what was unheard so far */
        set_text(row, "unheard_text", *unheard);
    if (latency_ms)
        set_int(row, "latency_ms", latency_ms);
    set_now(row, "created_at");
    put(call, RECORD_MESSAGE, row);
}

/* Who says so in a call gets no more texts, whatever the agent makes of it; it may say that it heard. */
static void put_opt_out(struct call *call, struct slice said)
{
    if (!said.len || !opt_out_was_spoken(said))
        return;
    json_t *row = json_pack("{s:s, s:s, s:b, s:s, s:s%, s:s}", "tenant_id", call->facts.tenant_id,
        "phone", call->facts.caller, "is_out", 1, "channel", "phone", "said", said.data, said.len,
        "call_id", call->facts.call_id);
    metric_add(METRIC_OPT_OUTS, 1);
    log_info("call.opt_out", "call=%s", call->facts.call_id);
    stops_note(slice_from(call->facts.tenant_id), slice_from(call->facts.caller));
    put(call, RECORD_OPT_OUT, row);
}

void journal_caller_turn(struct call *call)
{
    struct slice text = slice_from(call->reply.caller_text);
    history_add(&call->history, "caller", text, call->turn_number);
    put_message(call, call->reply.caller_message_id, "in", text, NULL, 0);
    put_opt_out(call, text);
    note(call, "caller", json_pack("{s:s%}", "text", text.data, text.len), false);
}

static uint64_t between(uint64_t from, uint64_t to)
{
    return from && to > from ? to - from : 0;
}

static void set_hops(json_t *row, const struct turn_times *times)
{
    set_int(row, "response_ms", between(times->speech_ended, times->first_frame));
    set_int(row, "stt_ms", between(times->stt_committed, times->stt_final));
    set_int(row, "prompt_ms", between(times->prompt_asked, times->prompt_ready));
    set_int(row, "llm_first_ms", between(times->model_started, times->first_token));
    set_int(row, "tts_first_ms", between(times->tts_started, times->first_audio));
}

/* Who wrote the reply (a script has no model), heard what it answers, and spoke it. */
static void set_author(json_t *row, const struct call *call)
{
    bool is_scripted = call->reply.is_scripted;
    json_object_set_new(
        row, "provider", json_string(is_scripted ? "script" : call->reply.provider));
    json_object_set_new(row, "model", json_string(is_scripted ? "" : call->reply.model));
    if (call->reply.caller_text && call->hears[0])
        json_object_set_new(row, "heard_by", json_string(call->hears));
    if (call->speaks[0])
        json_object_set_new(row, "spoken_by", json_string(call->speaks));
}

/* Since the turn before: silence before the caller spoke, and voices over the reply that were nothing. */
static void set_own_share(json_t *row, struct call *call)
{
    uint64_t silence_ms = quiet_ms(&call->quiet, QUIET_SILENCE, clock_ms());
    set_int(row, "silence_ms", silence_ms - call->told_silence_ms);
    set_int(row, "false_alarms", call->false_alarms - call->told_false_alarms);
    call->told_silence_ms = silence_ms;
    call->told_false_alarms = call->false_alarms;
}

/* When the caller began to speak, or, where nobody did, we began to answer. */
static void set_beginning(json_t *row, const struct turn_times *times)
{
    uint64_t now_ms = clock_ms();
    uint64_t began_ms = times->speech_started ? times->speech_started : times->turn_committed;
    set_time(row, "started_at", clock_wall_ms() - between(began_ms, now_ms));
}

static void take_thinker(struct call *call)
{
    if (!call->reply.provider[0])
        return;
    slice_copy(slice_from(call->reply.provider), call->thinks, sizeof call->thinks);
    slice_copy(slice_from(call->reply.model), call->thinks_model, sizeof call->thinks_model);
}

static void put_turn(struct call *call, struct slice heard, struct slice unheard, bool is_estimate,
    bool was_interrupted)
{
    const struct reply *reply = &call->reply;
    json_t *row = row_of(call, reply->turn_id);
    json_object_set_new(row, "script_version", json_string(call->agent->version));
    if (reply->caller_text)
        json_object_set_new(row, "caller_text", json_string(reply->caller_text));
    set_text(row, "heard_text", heard);
    set_text(row, "unheard_text", unheard);
    json_object_set_new(row, "is_estimated", json_boolean(is_estimate));
    json_object_set_new(row, "was_interrupted", json_boolean(was_interrupted));
    set_author(row, call);
    if (reply->turn_reason)
        json_object_set_new(row, "reason", json_string(reply->turn_reason));
    set_beginning(row, &reply->times);
    set_own_share(row, call);
    take_thinker(call);
    set_hops(row, &reply->times);
    put(call, RECORD_TURN, row);
}

void journal_amend(
    struct live *live, const struct script_call_facts *facts, const struct script_result *result)
{
    put_row(live, facts->call_id, RECORD_CALL,
        json_pack("{s:s, s:s, s:s, s:o?, s:o?, s:s*}", "id", facts->call_id, "tenant_id",
            facts->tenant_id, "call_sid", facts->call_sid, "state",
            result->state_json ? json_loads(result->state_json, JSON_DECODE_ANY, NULL) : NULL,
            "tags", tags_of(&result->labels), "outcome",
            result->labels.outcome[0] ? result->labels.outcome : NULL));
}

void journal_take_labels(struct call *call, struct script_result *result)
{
    if (labels_are_same(&call->labels, &result->labels))
        return;
    labels_move(&call->labels, &result->labels);
    call->is_state_new = true;
}

void journal_take_state(struct call *call, struct script_result *result)
{
    if (!result->state_json ||
        (call->state_json && strcmp(call->state_json, result->state_json) == 0))
        return;
    free(call->state_json);
    call->state_json = result->state_json;
    result->state_json = NULL;
    call->is_state_new = true;
}

static void note_turn(struct call *call, struct slice heard, bool was_interrupted)
{
    note(call, "agent",
        json_pack(
            "{s:s%, s:b}", "text", heard.data, heard.len, "interrupted", (int)was_interrupted),
        false);
    if (!call->reply.times.model_started && !call->reply.is_scripted)
        return;
    json_t *hops = json_object();
    set_hops(hops, &call->reply.times);
    note(call, "turn", json_pack("{s:o}", "hops", hops), false);
}

static void put_reply(struct call *call, struct slice heard, struct slice unheard)
{
    const struct turn_times *times = &call->reply.times;
    put_message(call, call->reply.message_id, "out", heard, &unheard,
        between(times->speech_ended, times->first_frame));
}

/* The caller heard no less: what follows until the next telling, or a crash, stands as unheard. */
void journal_reply_so_far(struct call *call)
{
    size_t heard_bytes;
    bool is_estimate;
    char *text = reply_was_heard(call) ? reply_text(call, 0, &heard_bytes, &is_estimate) : NULL;
    if (!text)
        return;
    put_reply(call, slice_trim((struct slice){text, heard_bytes}),
        slice_trim(slice_from(text + heard_bytes)));
    free(text);
}

void journal_agent_turn(struct call *call, bool was_interrupted)
{
    call->reply.tell_ms = 0;
    size_t heard_bytes;
    bool is_estimate;
    char *text = reply_text(call, 0, &heard_bytes, &is_estimate);
    if (!text)
        return;
    size_t len = strlen(text);
    if (!was_interrupted) {
        heard_bytes = len;
        is_estimate = false;
    }
    struct slice heard = slice_trim((struct slice){text, heard_bytes});
    struct slice unheard = slice_trim((struct slice){text + heard_bytes, len - heard_bytes});
    if (len) /* else nothing was to be said */
        put_reply(call, heard, unheard);
    put_turn(call, heard, unheard, is_estimate, was_interrupted);
    put_state(call);
    if (heard.len)
        history_add(&call->history, "agent", heard, call->turn_number);
    note_turn(call, heard, was_interrupted);
    free(text);
}

void journal_transfer(struct call *call, const char *to, const char *status, const char *kind)
{
    put(call, RECORD_CALL,
        json_pack("{s:s, s:s, s:s, s:s, s:s, s:s*}", "id", call->facts.call_id, "tenant_id",
            call->facts.tenant_id, "call_sid", call->facts.call_sid, "transfer_to", to,
            "transfer_status", status, "transfer_kind", kind));
}

void journal_note_transfer(struct call *call, const char *status)
{
    note(call, "transfer", json_pack("{s:s}", "text", status), false);
}

void journal_consent(struct call *call, bool is_given, struct slice said)
{
    char id[ID_SIZE];
    id_make(id);
    json_t *row = json_pack("{s:s, s:s, s:s, s:s, s:b, s:s, s:s%, s:s}", "id", id, "tenant_id",
        call->facts.tenant_id, "phone", call->facts.caller, "about", "recording", "is_given",
        is_given, "channel", "phone", "said", said.data, said.len, "call_id", call->facts.call_id);
    set_now(row, "at");
    log_info("call.consent", "call=%s is_given=%d", call->facts.call_id, is_given);
    put(call, RECORD_CONSENT, row);
}

void journal_recording_consent(struct call *call, const char *word)
{
    put(call, RECORD_CALL,
        json_pack("{s:s, s:s, s:s, s:s}", "id", call->facts.call_id, "tenant_id",
            call->facts.tenant_id, "call_sid", call->facts.call_sid, "recording_consent", word));
}

void journal_recording_failed(struct call *call, const char *why)
{
    char name[64], id[ID_SIZE];
    snprintf(name, sizeof name, "recording of %s", call->facts.call_id);
    id_of(slice_from(name), id);
    json_t *row =
        json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}", "id", id, "tenant_id", call->facts.tenant_id,
            "call_id", call->facts.call_id, "kind", "call", "status", "failed", "why", why);
    set_now(row, "created_at");
    put(call, RECORD_RECORDING, row);
}

void journal_filler(struct call *call, struct slice text)
{
    note(call, "filler", json_pack("{s:s%}", "text", text.data, text.len), false);
}

/* ---- usage ---- */

/* The same row each time, whoever tells it. */
static void usage_id(const struct call *call, const struct usage_line *line, char out[ID_SIZE])
{
    char name[256];
    snprintf(name, sizeof name, "usage %s %s %s %s", call->facts.call_id, slot_name(line->slot),
        line->provider, line->model);
    id_of(slice_from(name), out);
}

static void set_amount(json_t *row, enum provider_slot slot, const struct usage_amount *amount)
{
    switch (slot) {
    case SLOT_HEAR:
        json_object_set_new(row, "seconds", json_real((double)amount->audio_ms / 1000));
        break;
    case SLOT_THINK:
        set_int(row, "input_tokens", amount->prompt_tokens);
        set_int(row, "cached_tokens", amount->cached_tokens);
        set_int(row, "output_tokens", amount->completion_tokens);
        break;
    case SLOT_SPEAK:
        set_int(row, "characters", amount->characters);
        break;
    }
    json_object_set_new(row, "is_estimated", json_boolean(amount->is_estimate));
    if (amount->is_priced)
        set_int(row, "cost_micro_usd", usage_micro_usd(amount->cost_pico_usd));
}

void journal_usage(struct call *call, const struct usage_line *line)
{
    char id[ID_SIZE], first_at[CLOCK_TEXT_SIZE];
    usage_id(call, line, id);
    clock_wall_text(line->kept_wall_ms, first_at);
    json_t *row = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "id", id, "tenant_id",
        call->facts.tenant_id, "call_id", call->facts.call_id, "slot", slot_name(line->slot),
        "provider", line->provider, "model", line->model, "first_at", first_at);
    set_amount(row, line->slot, &line->amount);
    set_now(row, "last_at");
    put(call, RECORD_USAGE, row);
}

/* ---- tools ---- */

static json_t *json_or_text(const char *text)
{
    json_t *value = text ? json_loads(text, JSON_DECODE_ANY, NULL) : json_null();
    return value ? value : json_string(text);
}

static void print_tool(
    struct strbuf *out, const char *name, const char *arguments, const char *result)
{
    strbuf_init(out, 4096);
    strbuf_printf(out, "%s(%s) → %s", name, arguments ? arguments : "", result ? result : "");
}

void journal_tool_line(
    struct call *call, const char *name, const char *arguments, const char *result, unsigned turn)
{
    struct strbuf text;
    print_tool(&text, name ? name : "", arguments, result);
    history_add(&call->history, "tool", strbuf_slice(&text), turn);
    strbuf_free(&text);
}

void journal_tool(struct call *call, const struct script_result *result)
{
    char id[ID_SIZE];
    id_make(id);
    json_t *row = row_of(call, id);
    set_int(row, "turn_index", result->turn);
    json_object_set_new(row, "name", json_string(result->tool_name));
    json_object_set_new(row, "arguments", json_or_text(result->arguments));
    json_object_set_new(row, "result", json_or_text(result->text));
    bool is_late = result->is_late && result->ending == SCRIPT_DONE;
    json_object_set_new(
        row, "ending", json_string(is_late ? "late" : script_ending_name(result->ending)));
    set_int(row, "elapsed_ms", result->elapsed_us / 1000);
    set_now(row, "created_at");
    put(call, RECORD_TOOL_CALL, row);
    journal_tool_line(call, result->tool_name, result->arguments, result->text, result->turn);
    struct strbuf text;
    print_tool(&text, result->tool_name, result->arguments, result->text);
    note(call, "tool", json_pack("{s:s%}", "text", strbuf_slice(&text).data, text.len), false);
    strbuf_free(&text);
}
