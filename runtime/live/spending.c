/* What a call costs, told to whom it concerns, and what becomes of one whose tenant has nothing left to spend, or that goes
   on for too long:

     a reply was heard ─► overdrawn? ─► the tenant's words, to their end ─► its overflow: goodbye, a message, or another number

   Never in the middle of words: what is looked at is looked at between turns. */
#include <string.h>

#include "base/clock.h"
#include "live/budgets.h"
#include "live/call.h"
#include "live/spending.h"
#include "observe/log.h"
#include "observe/metrics.h"

#define MS_PER_MINUTE 60000u

/* ---- told ---- */

void spending_count(const struct usage_line *line)
{
    const struct usage_amount *now = &line->amount, *before = &line->kept;
    int64_t cost =
        (int64_t)(usage_micro_usd(now->cost_pico_usd) - usage_micro_usd(before->cost_pico_usd));
    int64_t cached = (int64_t)(now->cached_tokens - before->cached_tokens);
    metric_add(METRIC_USAGE_HEAR_MS, (int64_t)(now->audio_ms - before->audio_ms));
    metric_add(METRIC_USAGE_CHARACTERS, (int64_t)(now->characters - before->characters));
    metric_add(METRIC_USAGE_TOKENS_CACHED, cached);
    metric_add(
        METRIC_USAGE_TOKENS_INPUT, (int64_t)(now->prompt_tokens - before->prompt_tokens) - cached);
    metric_add(
        METRIC_USAGE_TOKENS_OUTPUT, (int64_t)(now->completion_tokens - before->completion_tokens));
    metric_add((enum metric)(METRIC_COST_HEAR + (int)line->slot), cost);
}

static uint64_t total_micro_usd(const struct usage *usage)
{
    uint64_t pico_usd = 0;
    for (size_t i = 0; i < usage->count; i++)
        pico_usd += usage->lines[i].amount.cost_pico_usd;
    return usage_micro_usd(pico_usd);
}

/* The budget grows by what is new of it. */
static void note_budget(struct call *call)
{
    struct budget_sum all = {
        .micro_usd = total_micro_usd(&call->usage), .seconds = call_ms(call, clock_ms()) / 1000};
    struct budget_sum used = {
        all.micro_usd - call->noted_micro_usd, all.seconds - call->noted_seconds};
    call->noted_micro_usd = all.micro_usd;
    call->noted_seconds = all.seconds;
    budgets_note(call->facts.tenant_id, &used);
}

void spending_put(struct call *call)
{
    for (size_t i = 0; i < call->usage.count; i++) {
        struct usage_line *line = &call->usage.lines[i];
        if (!line->is_new)
            continue;
        if (!line->kept_wall_ms)
            line->kept_wall_ms = clock_wall_ms();
        journal_usage(call, line);
        spending_count(line);
        line->kept = line->amount;
        line->is_new = false;
    }
    note_budget(call);
}

/* ---- the end ---- */

/* Why the call may not go on; NULL: it may. */
static const char *why_over(const struct call *call)
{
    unsigned minutes = call_settings(call)->call_max_minutes;
    if (minutes && call_ms(call, clock_ms()) / MS_PER_MINUTE >= minutes)
        return "too_long";
    bool is_overdrawn = budgets_state_of(call->facts.tenant_id) == BUDGET_OVERDRAWN;
    return is_overdrawn ? "budget" : NULL;
}

static void tell(struct call *call, const char *reason)
{
    call->spending = SPENDING_TOLD;
    call->spending_reason = reason;
    metric_add(METRIC_CALLS_CUT_BUDGET, strcmp(reason, "budget") == 0);
    log_info("call.over", "call=%s tenant=%s reason=%s", call->facts.call_id, call->facts.tenant_id,
        reason);
    hooks_say(call, slice_from(call->agent->budget_text), true);
}

static void hang_up(struct call *call)
{
    if (!call->end_reason && !call->voicemail)
        call->end_reason = call->spending_reason;
    hooks_hang_up(call);
}

/* As a new caller would be served, but for the words, which were said. */
static void leave(struct call *call)
{
    const struct agent_overflow *overflow = &call->agent->overflow;
    call->spending = SPENDING_OVER;
    switch (overflow->kind) {
    case OVERFLOW_VOICEMAIL:
        free(call->voicemail);
        call->voicemail = strdup(overflow->say);
        break;
    case OVERFLOW_FORWARD:
        handover_take(call, handover_plan_to(overflow->forward, TRANSFER_HANGUP), false);
        handover_begin(call);
        break;
    case OVERFLOW_SAY:
    case OVERFLOW_REJECT:
        break;
    }
    if (!call->handover)
        hang_up(call);
}

/* Who interrupts each reply is told as well, but is not left in the middle of what is said over it. */
void spending_look(struct call *call, bool was_interrupted)
{
    bool is_ending = call->turn.hangup_asked || call->wants_hang_up || call->handover;
    if (call->is_finished || is_ending)
        return;
    const char *reason = call->spending == SPENDING_ON ? why_over(call) : NULL;
    switch (call->spending) {
    case SPENDING_ON:
        if (reason)
            tell(call, reason);
        break;
    case SPENDING_TOLD:
        if (!call->asides.list && !was_interrupted)
            leave(call);
        break;
    case SPENDING_OVER: /* the other number could not be reached, or the caller went on speaking */
        if (!was_interrupted)
            hang_up(call);
        break;
    }
}
