/* Spans of a call, from the moments it makes known.

   CALL ─┬─ TURN ─┬─ MEDIA_IN   the caller's voice
         │        ├─ STT        its transcript: STT_PARTIAL (the first), STT_COMMIT, STT_FINAL
         │        ├─ PROMPT
         │        ├─ LLM        a round of the model: LLM_TOKEN (the first)
         │        ├─ TOOL       which may outlive its turn
         │        ├─ TTS        a segment's synthesis: TTS_FRAME (the first)
         │        └─ MEDIA_OUT  the reply, from its first frame on
         └─ TURN … (TURN_COMMIT and FILLER are its events)

   A turn that is over is handed over at once: a long call keeps no more than its turn. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "live/call.h"
#include "observe/log.h"
#include "observe/metrics.h"

/* ---- the call ---- */

static double share_of(const struct call *call)
{
    double wished = call->agent->trace_sample;
    return wished < 0 ? call_settings(call)->trace_sample : wished;
}

void tracing_begin(struct call *call)
{
    struct trace_facts facts = {.wall_offset_ms = clock_wall_ms() - call->started_ms};
    if (!call->worker->live->options.traces)
        return;
    trace_id_of(slice_from(call->facts.call_sid), facts.trace_id);
    if (!trace_is_sampled(facts.trace_id, share_of(call)))
        return;
    memcpy(facts.tenant_id, call->facts.tenant_id, sizeof facts.tenant_id);
    memcpy(facts.call_id, call->facts.call_id, sizeof facts.call_id);
    memcpy(facts.call_sid, call->facts.call_sid, sizeof facts.call_sid);
    struct tracing *tracing = &call->tracing;
    tracing->trace = trace_create(&facts);
    uint64_t root = tracing->root = trace_begin_root(tracing->trace, "CALL", call->started_ms);
    trace_word(tracing->trace, root, "call_sid", slice_from(call->facts.call_sid));
    trace_word(
        tracing->trace, root, "direction", slice_from(call->is_outbound ? "outbound" : "inbound"));
    trace_number(tracing->trace, root, "attempt", call->attempt);
}

static void hand_over(struct call *call, bool is_last)
{
    struct trace_batch *batch = trace_take(call->tracing.trace, is_last, clock_ms());
    if (!batch)
        return;
    metric_add(METRIC_SPANS_DROPPED_QUEUE, batch->dropped_spans);
    if (batch->dropped)
        log_debug(
            "trace.cut", "call=%s events_or_attributes=%u", call->facts.call_id, batch->dropped);
    if (mailbox_put(call->worker->live->options.traces, &batch->letter) == ERR_OK)
        return;
    metric_add(METRIC_SPANS_DROPPED_QUEUE, (int64_t)batch->span_count);
    trace_batch_free(batch);
}

void tracing_end(struct call *call)
{
    struct trace *trace = call->tracing.trace;
    if (!trace)
        return;
    tracing_turn_over(call, "call_ended");
    uint64_t root = call->tracing.root;
    trace_word(trace, root, "end_reason", slice_from(call->end_reason));
    trace_word(trace, root, "outcome", slice_from(journal_outcome(call)));
    trace_word(trace, root, "script_version", slice_from(call->agent->version));
    trace_number(trace, root, "turns", call->turn_number);
    trace_number(trace, root, "barge_ins", call->barge_ins);
    trace_number(trace, root, "false_alarms", call->false_alarms);
    if (strcmp(call->end_reason, "provider_failure") == 0)
        trace_fail(trace, root);
    hand_over(call, true);
    tracing_drop(call);
}

void tracing_drop(struct call *call)
{
    trace_destroy(call->tracing.trace);
    call->tracing = (struct tracing){0};
}

/* ---- turns ---- */

/* Of the reply that is alive. */
static uint64_t begin(struct call *call, const char *name, enum trace_kind kind)
{
    struct trace *trace = call->tracing.trace;
    uint64_t id = trace_begin(trace, name, kind, call->tracing.turn, clock_ms());
    trace_number(trace, id, "turn", call->turn_number);
    trace_number(trace, id, "epoch", call->reply.epoch);
    return id;
}

static void end(struct call *call, uint64_t *id, uint64_t at_ms)
{
    trace_end(call->tracing.trace, *id, at_ms);
    *id = 0;
}

/* What the caller said goes with the turn that it becomes. */
void tracing_take_turn(struct call *call)
{
    struct tracing *tracing = &call->tracing;
    if (!tracing->trace)
        return;
    tracing_turn_over(call, "cancelled");
    tracing->turn = tracing->next_turn;
    tracing->next_turn = tracing->hearing = 0;
    tracing->is_turn_taken = tracing->turn != 0;
}

void tracing_reply_begins(struct call *call)
{
    struct tracing *tracing = &call->tracing;
    if (!tracing->trace)
        return;
    if (!tracing->is_turn_taken)
        tracing->turn = trace_begin(tracing->trace, "TURN", TRACE_INTERNAL, 0, clock_ms());
    tracing->is_turn_taken = false;
    tracing->rounds = 0;
}

/* Waits that were configured stand beside the time that was spent. */
static void tell_waits(struct call *call, uint64_t turn)
{
    struct trace *trace = call->tracing.trace;
    const struct turn_settings *settings = &call->turn.settings;
    const struct {
        const char *key;
        uint32_t ms;
    } waits[] = {
        {"configured.silence_ms", settings->silence_ms},
        {"configured.patience_ms", settings->patience_ms},
        {"configured.stall_ms", settings->stall_ms},
        {"configured.early_ms", settings->early_ms},
        {"configured.fill_ms", settings->fill_ms},
    };
    for (size_t i = 0; i < sizeof waits / sizeof *waits; i++)
        trace_number(trace, turn, waits[i].key, waits[i].ms);
}

/* They add up to its response time. */
static void tell_parts(struct call *call, uint64_t turn)
{
    static const char *const keys[TURN_PART_COUNT] = {"part.silence_wait_ms", "part.hearing_ms",
        "part.script_ms", "part.model_ms", "part.tools_ms", "part.synthesis_ms", "part.playout_ms",
        "part.own_ms"};
    const struct turn_parts *parts = &call->reply.parts;
    if (!parts->from_ms || !call->reply.times.first_frame)
        return;
    trace_number(call->tracing.trace, turn, "response_ms", (int64_t)turn_parts_sum_ms(parts));
    for (int part = 0; part < TURN_PART_COUNT; part++)
        trace_number(call->tracing.trace, turn, keys[part], (int64_t)parts->ms[part]);
    tell_waits(call, turn);
}

void tracing_turn_over(struct call *call, const char *outcome)
{
    struct tracing *tracing = &call->tracing;
    const struct reply *reply = &call->reply;
    uint64_t turn = tracing->turn;
    if (!tracing->trace || !turn)
        return;
    trace_number(tracing->trace, turn, "turn", call->turn_number);
    trace_number(tracing->trace, turn, "epoch", reply->epoch);
    trace_word(tracing->trace, turn, "outcome", slice_from(outcome));
    trace_word(tracing->trace, turn, "script_version", slice_from(call->agent->version));
    if (reply->turn_reason)
        trace_word(tracing->trace, turn, "reason", slice_from(reply->turn_reason));
    tell_parts(call, turn);
    tracing_stop(call);
    end(call, &tracing->turn, clock_ms());
    hand_over(call, false);
}

void tracing_stop(struct call *call)
{
    struct tracing *tracing = &call->tracing;
    trace_end_under(tracing->trace, tracing->turn, "TOOL", clock_ms());
    tracing->prompt = tracing->model = tracing->media_out = 0;
}

/* It was noise, or nothing that speech-to-text made words of. */
void tracing_discard(struct call *call)
{
    struct tracing *tracing = &call->tracing;
    if (!tracing->next_turn || call->turn.is_speech)
        return;
    trace_word(tracing->trace, tracing->next_turn, "outcome", SLICE("noise"));
    trace_end_under(tracing->trace, tracing->next_turn, "", clock_ms());
    end(call, &tracing->next_turn, clock_ms());
    tracing->hearing = 0;
    if (trace_is_filling(tracing->trace)) /* a noisy line, or a long reply over one */
        hand_over(call, false);
}

/* ---- the caller ---- */

static void speech_started(struct call *call)
{
    struct tracing *tracing = &call->tracing;
    struct trace *trace = tracing->trace;
    uint64_t at_ms = call->hearing.speech_started;
    if (!tracing->next_turn)
        tracing->next_turn = trace_begin(trace, "TURN", TRACE_INTERNAL, 0, at_ms);
    tracing->media_in = trace_begin(trace, "MEDIA_IN", TRACE_INTERNAL, tracing->next_turn, at_ms);
    if (tracing->hearing)
        return;
    tracing->hearing = trace_begin(trace, "STT", TRACE_CLIENT, tracing->next_turn, at_ms);
    tracing->partials = 0;
    tracing->is_given_up[SLOT_HEAR] = false;
}

static void final_came(struct call *call, const char *detail)
{
    struct tracing *tracing = &call->tracing;
    uint64_t now_ms = clock_ms();
    trace_event_word(tracing->trace, tracing->hearing, "STT_FINAL", now_ms, detail);
    trace_word(tracing->trace, tracing->hearing, "provider", slice_from(call->hears));
    trace_number(tracing->trace, tracing->hearing, "partials", tracing->partials);
    tracing_answered(call, SLOT_HEAR, tracing->hearing);
    end(call, &tracing->hearing, now_ms);
}

void tracing_partial(struct call *call)
{
    call->tracing.partials++;
}

void tracing_committed(struct call *call)
{
    trace_event(call->tracing.trace, call->tracing.hearing, "STT_COMMIT", clock_ms());
}

/* ---- the model ---- */

static void round_begins(struct call *call)
{
    struct tracing *tracing = &call->tracing;
    end(call, &tracing->model, clock_ms());
    tracing->model = begin(call, "LLM", TRACE_CLIENT);
    tracing->is_given_up[SLOT_THINK] = false;
    trace_number(tracing->trace, tracing->model, "round", ++tracing->rounds);
    trace_event(tracing->trace, tracing->model, "LLM_START", clock_ms());
}

static void round_ends(struct call *call, const char *detail)
{
    struct tracing *tracing = &call->tracing;
    trace_event_word(tracing->trace, tracing->model, "LLM_END", clock_ms(), detail);
    trace_word(tracing->trace, tracing->model, "provider", slice_from(call->reply.provider));
    trace_word(tracing->trace, tracing->model, "model", slice_from(call->reply.model));
    tracing_answered(call, SLOT_THINK, tracing->model);
    end(call, &tracing->model, clock_ms());
}

/* Of the newest question; an answer that began anew is a question of its own, and counts with the last. */
void tracing_used(struct call *call, const struct usage_amount *amount)
{
    struct trace *trace = call->tracing.trace;
    uint64_t model = call->tracing.model;
    trace_number(trace, model, "tokens.input", (int64_t)amount->prompt_tokens);
    trace_number(trace, model, "tokens.cached", (int64_t)amount->cached_tokens);
    trace_number(trace, model, "tokens.output", (int64_t)amount->completion_tokens);
    trace_truth(trace, model, "tokens.is_estimate", amount->is_estimate);
}

void tracing_restarted(struct call *call)
{
    trace_event_word(
        call->tracing.trace, call->tracing.model, "LLM_RESTART", clock_ms(), call->reply.provider);
}

/* ---- tools, synthesis ---- */

uint64_t tracing_tool_begins(struct call *call, const char *name)
{
    struct trace *trace = call->tracing.trace;
    uint64_t id = begin(call, "TOOL", TRACE_INTERNAL);
    trace_free_text(
        trace, id, "tool", slice_from(name)); /* as the model says it: there may be none */
    trace_event(trace, id, "TOOL_START", clock_ms());
    return id;
}

/* Past its limit a tool goes on, and may answer yet. */
void tracing_tool_over(struct call *call, const struct script_result *result)
{
    struct trace *trace = call->tracing.trace;
    uint64_t id = result->span, now_ms = clock_ms();
    const char *ending = script_ending_name(result->ending);
    trace_event_word(trace, id, result->is_late ? "TOOL_LATE" : "TOOL_END", now_ms, ending);
    trace_word(trace, id, "ending", slice_from(ending));
    trace_word(
        trace, id, "script_version", slice_from(result->agent ? result->agent->version : ""));
    trace_number(trace, id, "run_us", result->elapsed_us);
    if (result->ending != SCRIPT_DONE)
        trace_fail(trace, id);
    if (result->ending != SCRIPT_TIMEOUT)
        trace_end(trace, id, now_ms);
}

void tracing_segment_begins(struct call *call, struct segment *segment)
{
    segment->span = begin(call, "TTS", TRACE_CLIENT);
    call->tracing.is_given_up[SLOT_SPEAK] = false;
    trace_event(call->tracing.trace, segment->span, "TTS_START", clock_ms());
}

void tracing_segment_source(struct call *call, const struct segment *segment, const char *provider)
{
    trace_word(call->tracing.trace, segment->span, "provider", slice_from(provider));
    tracing_answered(call, SLOT_SPEAK, segment->span);
}

void tracing_segment_over(struct call *call, const struct segment *segment)
{
    struct trace *trace = call->tracing.trace;
    uint64_t now_ms = clock_ms();
    trace_event(trace, segment->span, "TTS_END", now_ms);
    trace_number(trace, segment->span, "characters",
        (int64_t)usage_characters(slice_trim(strbuf_slice(&segment->text))));
    trace_number(trace, segment->span, "audio_ms", segment->audio_ms);
    trace_end(trace, segment->span, now_ms);
}

/* ---- moments ---- */

/* Of synthesis the first audio is told once a reply. */
static void first_audio(struct call *call)
{
    for (size_t i = 0; i < call->reply.segment_count; i++)
        if (call->reply.segments[i].has_audio)
            trace_event(call->tracing.trace, call->reply.segments[i].span, "TTS_FRAME", clock_ms());
}

static void reply_is_heard(struct call *call)
{
    struct tracing *tracing = &call->tracing;
    tracing->media_out = begin(call, "MEDIA_OUT", TRACE_INTERNAL);
    trace_event(tracing->trace, tracing->media_out, "MEDIA_OUT", clock_ms());
}

void tracing_moment(struct call *call, enum span span, const char *detail)
{
    struct tracing *tracing = &call->tracing;
    uint64_t now_ms = clock_ms();
    if (!tracing->trace)
        return;
    switch (span) {
    case SPAN_MEDIA_IN:
        if (tracing->media_in)
            end(call, &tracing->media_in, call->hearing.speech_ended);
        else
            speech_started(call);
        break;
    case SPAN_STT_PARTIAL:
        trace_event_word(tracing->trace, tracing->hearing, span_name(span), now_ms, detail);
        break;
    case SPAN_STT_FINAL:
        final_came(call, detail);
        break;
    case SPAN_TURN_COMMIT:
    case SPAN_FILLER:
        trace_event_word(tracing->trace, tracing->turn, span_name(span), now_ms, detail);
        break;
    case SPAN_PROMPT:
        trace_word(tracing->trace, tracing->prompt, "ending", slice_from(detail));
        end(call, &tracing->prompt, now_ms);
        break;
    case SPAN_LLM_START:
        round_begins(call);
        break;
    case SPAN_LLM_TOKEN:
        trace_event_word(tracing->trace, tracing->model, span_name(span), now_ms, detail);
        tracing_answered(call, SLOT_THINK, tracing->model);
        break;
    case SPAN_LLM_END:
        round_ends(call, detail);
        break;
    case SPAN_TTS_FRAME:
        first_audio(call);
        break;
    case SPAN_MEDIA_OUT:
        reply_is_heard(call);
        break;
    case SPAN_TOOL_START: /* they know which of several: tracing_tool_…, tracing_segment_… */
    case SPAN_TOOL_END:
    case SPAN_TTS_START:
    case SPAN_TTS_END:
    case SPAN_COUNT:
        break;
    }
}

/* ---- scripts ---- */

void tracing_prompt_begins(struct call *call)
{
    call->tracing.prompt = begin(call, "PROMPT", TRACE_INTERNAL);
}

/* What a script asks of others belongs to what it was asked itself: the span `id`, or its turn. */
void tracing_name_parent(struct call *call, struct script_job *job, uint64_t id)
{
    job->span = id;
    trace_parent_text(call->tracing.trace, id ? id : call->tracing.turn, job->traceparent);
}
