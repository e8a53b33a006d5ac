/* Who failed a call, in its spans: what happens to providers is an event of the span that waits for them, also where routing hides it
   from the call. A span whose provider failed has failed until somebody gives what it asked for. */
#include "base/clock.h"
#include "live/call.h"
#include "routing/incident.h"

/* The segment that waits for its sound. */
static uint64_t silent_segment(const struct call *call)
{
    const struct reply *reply = &call->reply;
    for (size_t i = 0; i < reply->segment_count; i++)
        if (!reply->segments[i].is_all_audio &&
            trace_is_open(call->tracing.trace, reply->segments[i].span))
            return reply->segments[i].span;
    return 0;
}

/* 0: nothing waits for a provider of that slot. */
static uint64_t asking(const struct call *call, enum provider_slot slot)
{
    switch (slot) {
    case SLOT_HEAR:
        return call->tracing.hearing;
    case SLOT_THINK:
        return call->tracing.model;
    case SLOT_SPEAK:
        return silent_segment(call);
    }
    return 0;
}

/* Whom it concerns where no span waits: a session may break at any time. */
static uint64_t beside(const struct call *call)
{
    const struct tracing *tracing = &call->tracing;
    return tracing->turn ? tracing->turn : tracing->next_turn ? tracing->next_turn : tracing->root;
}

static void tell_failure(
    struct trace *trace, uint64_t span, uint16_t event, const struct failure *failure)
{
    const char *kind = failure_rule(failure->kind)->name;
    trace_event_name(trace, span, event, "kind", slice_from(kind));
    trace_event_text(trace, span, event, "why", slice_from(failure->why));
}

static void incident_told(void *owner, const struct route_incident *incident)
{
    static const char *const names[] = {[INCIDENT_FAILED] = "PROVIDER_FAILED",
        [INCIDENT_RETRY] = "PROVIDER_RETRY",
        [INCIDENT_NEXT] = "PROVIDER_NEXT",
        [INCIDENT_HEDGE] = "PROVIDER_HEDGE",
        [INCIDENT_LEFT_ALONE] = "PROVIDER_LEFT_ALONE",
        [INCIDENT_PASSED_OVER] = "PROVIDER_PASSED_OVER"};
    const struct call *call = owner;
    struct trace *trace = call->tracing.trace;
    uint64_t waiting = asking(call, incident->slot), span = waiting ? waiting : beside(call);
    uint16_t event = trace_event(trace, span, names[incident->kind], clock_ms());
    trace_event_name(trace, span, event, "slot", slice_from(slot_name(incident->slot)));
    trace_event_name(trace, span, event, "provider", slice_from(incident->provider));
    if (incident->other)
        trace_event_name(trace, span, event, "other", slice_from(incident->other));
    if (!incident->failure)
        return;
    tell_failure(trace, span, event, incident->failure);
    trace_word(trace, span, "failed.provider", slice_from(incident->provider));
    trace_fail(trace, waiting);
}

struct route_witness tracing_witness(struct call *call)
{
    return (struct route_witness){incident_told, call};
}

void tracing_answered(struct call *call, enum provider_slot slot, uint64_t span)
{
    if (!call->tracing.is_given_up[slot])
        trace_recover(call->tracing.trace, span);
}

void tracing_failed(struct call *call, enum provider_slot slot, const struct failure *failure)
{
    static const char *const events[] = {
        [SLOT_HEAR] = "STT_FAILED", [SLOT_THINK] = "LLM_FAILED", [SLOT_SPEAK] = "TTS_FAILED"};
    struct trace *trace = call->tracing.trace;
    uint64_t waiting = asking(call, slot), span = waiting ? waiting : beside(call);
    uint16_t event = trace_event(trace, span, events[slot], clock_ms());
    tell_failure(trace, span, event, failure);
    call->tracing.is_given_up[slot] = true;
    if (span != call->tracing.root) /* which tells how the call ended */
        trace_fail(trace, span);
}

void tracing_apologised(struct call *call)
{
    trace_event(call->tracing.trace, call->tracing.turn, "APOLOGY", clock_ms());
    trace_fail(call->tracing.trace, call->tracing.turn);
}
