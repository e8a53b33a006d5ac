#include "live/tally.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "live/call.h"

/* ---- states ---- */

void tally_init(struct tally *tally)
{
    tally->state = METRIC_COUNT;
}

static enum metric state_of(const struct call *call)
{
    static_assert(METRIC_CALLS_ENDING - METRIC_CALLS_LISTENING == TURN_ENDING - TURN_LISTENING,
        "a row a state");
    if (call->is_finished)
        return METRIC_COUNT;
    if (call->history_by_ms || call->opening_by_ms)
        return METRIC_CALLS_OPENING;
    return METRIC_CALLS_LISTENING + call->turn.state;
}

const char *tally_state_name(const struct tally *tally)
{
    static const char *const names[] = {
        "opening", "listening", "thinking", "speaking", "interrupted", "paused", "ending"};
    static_assert(METRIC_CALLS_ENDING - METRIC_CALLS_OPENING + 1 == sizeof names / sizeof *names,
        "a name a row");
    return tally->state == METRIC_COUNT ? "" : names[tally->state - METRIC_CALLS_OPENING];
}

static bool is_over_a_reply(const struct call *call)
{
    return call->turn.state == TURN_INTERRUPTED || call->turn.state == TURN_PAUSED;
}

void tally_state(struct call *call)
{
    struct tally *tally = &call->tally;
    enum metric state = state_of(call);
    if (tally->is_spoken_over && (call->is_finished || !is_over_a_reply(call))) {
        tally->is_spoken_over = false;
        metric_add(METRIC_INTERRUPTIONS_ENDED, 1);
    }
    if (state == tally->state)
        return;
    if (tally->state != METRIC_COUNT)
        metric_add(tally->state, -1);
    if (state != METRIC_COUNT)
        metric_add(state, 1);
    tally->state = state;
}

/* ---- calls and turns ---- */

void tally_begin(struct call *call)
{
    call->tally.tenant = tenant_metrics_of(call->facts.tenant_id);
    metric_add(METRIC_CALLS_STARTED, 1);
    metric_add(METRIC_CALLS_ACTIVE, 1);
    tenant_metric_add(call->tally.tenant, TENANT_CALLS_STARTED, 1);
    tenant_metric_add(call->tally.tenant, TENANT_CALLS_ACTIVE, 1);
}

/* In the order of the rows. */
static const char *const outcomes[] = {"booked", "rescheduled", "cancelled", "message_taken",
    "transferred", "lead", "voicemail", "answered", "abandoned", "failed"};
#define OUTCOME_COUNT (sizeof outcomes / sizeof *outcomes)
static_assert(
    METRIC_CALLS_ENDED_FAILED - METRIC_CALLS_ENDED_BOOKED == OUTCOME_COUNT - 1, "a row an outcome");

void tally_end(struct call *call, const char *outcome)
{
    for (size_t i = 0; i < OUTCOME_COUNT; i++)
        if (strcmp(outcome, outcomes[i]) == 0)
            metric_add((enum metric)(METRIC_CALLS_ENDED_BOOKED + i), 1);
    tenant_metric_add(call->tally.tenant, TENANT_FAILURES, strcmp(outcome, "failed") == 0);
    tenant_metric_add(call->tally.tenant, TENANT_CALLS_ACTIVE, -1);
    metric_add(METRIC_CALLS_ACTIVE, -1);
    uint64_t lost = call->ear.jitter.stats.count_lost;
    jitter_end(&call->ear.jitter);
    metric_add(METRIC_FRAMES_LOST, (int64_t)(call->ear.jitter.stats.count_lost - lost));
}

void tally_turn(struct call *call)
{
    call->tally.turns++;
    metric_add(METRIC_TURNS, 1);
    tenant_metric_add(call->tally.tenant, TENANT_TURNS, 1);
}

void tally_apology(struct call *call)
{
    metric_add(METRIC_APOLOGIES, 1);
    tenant_metric_add(call->tally.tenant, TENANT_FAILURES, 1);
}

/* What people who watch the call are shown of its last answer. */
static void keep_answer(struct tally *tally, const struct turn_parts *parts, uint64_t response_ms)
{
    tally->response_ms = response_ms;
    tally->mostly = TURN_PART_SILENCE_WAIT;
    for (int part = 0; part < TURN_PART_COUNT; part++)
        if (parts->ms[part] > parts->ms[tally->mostly])
            tally->mostly = (enum turn_part)part;
    tally->mostly_ms = parts->ms[tally->mostly];
}

void tally_answered(struct call *call, uint64_t now_ms)
{
    const struct turn_parts *parts = &call->reply.parts;
    uint64_t response_ms = now_ms - call->reply.times.speech_ended;
    static_assert(
        HISTOGRAM_PART_OWN - HISTOGRAM_PART_SILENCE_WAIT == TURN_PART_COUNT - 1, "a row a part");
    metric_observe_ms(HISTOGRAM_TURN_RESPONSE, (double)response_ms);
    for (int part = 0; part < TURN_PART_COUNT; part++)
        metric_observe_ms(
            (enum histogram)(HISTOGRAM_PART_SILENCE_WAIT + part), (double)parts->ms[part]);
    tenant_metric_add(call->tally.tenant, TENANT_RESPONSE_MS, (int64_t)response_ms);
    keep_answer(&call->tally, parts, response_ms);
}

static enum metric tool_metric(const struct script_result *result)
{
    switch (result->ending) {
    case SCRIPT_DONE: /* with a reason why it was not run */
        return result->why ? METRIC_TOOL_RESULTS_REFUSED : METRIC_TOOL_RESULTS_OK;
    case SCRIPT_TIMEOUT:
        return METRIC_TOOL_RESULTS_LATE;
    case SCRIPT_OUT_OF_TIME:
    case SCRIPT_OUT_OF_MEMORY:
    case SCRIPT_ERROR:
        return METRIC_TOOL_RESULTS_FAILED;
    }
    return METRIC_TOOL_RESULTS_FAILED;
}

void tally_tool_result(const struct script_result *result)
{
    if (!result->is_late)
        metric_add(tool_metric(result), 1);
}

/* ---- a voice over a reply ---- */

void tally_lowered(struct call *call, uint64_t at_ms)
{
    metric_add(METRIC_DUCKS, 1);
    call->tally.is_spoken_over = true;
    /* Of a voice that was there before the reply could be lowered, the time says nothing. */
    if (call->cause == TURN_EVENT_SPEECH_STARTED)
        metric_observe_ms(HISTOGRAM_BARGE_IN, (double)(at_ms - call->hearing.speech_started));
}

void tally_resumed(struct call *call)
{
    metric_add(METRIC_FALSE_ALARMS, 1);
    metric_add(METRIC_INTERRUPTIONS_RESUMED, 1);
    call->tally.is_spoken_over = false;
}

void tally_cut(struct call *call)
{
    metric_add(METRIC_BARGE_INS, 1);
    metric_add(METRIC_INTERRUPTIONS_CUT, 1);
    call->tally.is_spoken_over = false;
}

/* ---- frames ---- */

void tally_jitter(struct call *call, const struct jitter_stats *before, uint64_t now_ms)
{
    const struct jitter *jitter = &call->ear.jitter;
    const struct jitter_stats *stats = &jitter->stats;
    const struct {
        enum metric metric;
        uint64_t fresh;
    } counts[] = {
        {METRIC_JITTER_LATE, stats->count_late - before->count_late},
        {METRIC_JITTER_DUPLICATE, stats->count_duplicate - before->count_duplicate},
        {METRIC_JITTER_REORDERED, stats->count_reordered - before->count_reordered},
        {METRIC_JITTER_GAPS, stats->count_gaps - before->count_gaps},
        {METRIC_FRAMES_CONCEALED, stats->count_concealed - before->count_concealed},
        {METRIC_FRAMES_LOST, stats->count_lost - before->count_lost},
        {METRIC_JITTER_SKIPPED, stats->count_skipped - before->count_skipped},
        {METRIC_JITTER_RESYNCS, stats->count_resyncs - before->count_resyncs},
    };
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
        metric_add(counts[i].metric, (int64_t)counts[i].fresh);
    struct line_worsts *worsts = &call->worker->worsts;
    worst_note(&worsts->drift, (uint32_t)fabs(jitter_drift_ms(jitter)), now_ms);
    worst_note(&worsts->jitter_depth, jitter->depth_ms, now_ms);
}

void tally_late(struct call *call, uint64_t late_ms, uint64_t now_ms)
{
    worst_note(&call->tally.late, late_ms < UINT32_MAX ? (uint32_t)late_ms : UINT32_MAX, now_ms);
}

void tally_lead(struct call *call, uint64_t now_ms)
{
    const struct pacer *pacer = &call->pacer;
    bool is_expected = pacer->count || pacer->expects_more;
    if (!pacer->is_running || pacer->is_paused || !pacer->sent || !is_expected)
        return;
    uint64_t lead_ms = pacer_unplayed_ms(pacer, now_ms) - pacer->count * FRAME_MS;
    uint64_t missing_ms = lead_ms < pacer->lead_ms ? pacer->lead_ms - lead_ms : 0;
    worst_note(&call->worker->worsts.lead_missing, (uint32_t)missing_ms, now_ms);
}

void tally_buffer(struct call *call, uint64_t now_ms)
{
    const struct reply *reply = &call->reply;
    uint64_t waiting_ms = pacer_unplayed_ms(&call->pacer, now_ms);
    for (size_t i = 0; i < reply->segment_count; i++)
        waiting_ms += segment_waiting_bytes(&reply->segments[i]) / ULAW_BYTES_PER_MS;
    worst_note(&call->worker->worsts.tts_buffer, (uint32_t)waiting_ms, now_ms);
}

void tally_tell(struct live_worker *worker, uint64_t now_ms)
{
    struct line_worsts *worsts = &worker->worsts;
    unsigned thread = worker->index;
    metric_set_thread(THREAD_DRIFT_MS, thread, worst_now(&worsts->drift, now_ms));
    metric_set_thread(THREAD_JITTER_DEPTH_MS, thread, worst_now(&worsts->jitter_depth, now_ms));
    metric_set_thread(
        THREAD_LEAD_MS, thread, CALL_LEAD_MS - (int64_t)worst_now(&worsts->lead_missing, now_ms));
    metric_set_thread(THREAD_TTS_BUFFER_MS, thread, worst_now(&worsts->tts_buffer, now_ms));
    metric_set_thread(THREAD_STT_QUEUE_MS, thread, desk_unheard_ms(worker->desk));
}
