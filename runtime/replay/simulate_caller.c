/* The caller of a simulation: acts, what is understood of them, and what the script says about their turns and silences. */
#include "replay/simulate_internal.h"

#define ITEM_PARTS 16 /* of an utterance that is committed more often than it was */

/* ---- the caller ---- */

/* The agent neither speaks nor is about to. */
static bool is_at_rest(const struct turn *turn)
{
    return turn->state == TURN_LISTENING && !turn->has_speech;
}

uint64_t simulation_next_act_ms(const struct simulation *simulation)
{
    const struct simulation_plan *plan = simulation->plan;
    if (simulation->act + 1 >= plan->act_count || !simulation->is_act_over)
        return NEVER;
    const struct plan_act *next = &plan->acts[simulation->act + 1];
    uint64_t anchor_ms = 0;
    switch (next->anchor) {
    case ANCHOR_BEFORE:
        return simulation->before_ms + next->gap_ms;
    case ANCHOR_REPLY:
        anchor_ms = simulation->reply_ms;
        break;
    case ANCHOR_SOUND:
        anchor_ms = simulation->sound_ms;
        break;
    }
    if (anchor_ms)
        return anchor_ms + next->gap_ms;
    if (!is_at_rest(&simulation->turn))
        return NEVER;
    uint64_t by_itself_ms = simulation->before_ms + next->pause_ms;
    return by_itself_ms > simulation->now_ms ? by_itself_ms : simulation->now_ms;
}

void simulation_begin_act(struct simulation *simulation)
{
    const struct simulation_plan *plan = simulation->plan;
    const struct plan_act *act = &plan->acts[++simulation->act];
    simulation->is_act_over = act->length_ms == 0;
    simulation->before_ms = simulation->now_ms;
    simulation->reply_ms = simulation->sound_ms = 0;
    simulation->forced = 0;
    simulation->begun_turns = 0;
    simulation->asked[0] = simulation->asked[1] = 0;
    for (size_t i = 0; i < act->count; i++) {
        const struct plan_event *event = &plan->events[act->first + i];
        simulation_put(simulation, simulation->now_ms + event->after_ms, event->event);
    }
    for (size_t i = 0; i < plan->commit_count; i++) {
        const struct plan_commit *commit = &plan->commits[i];
        if (commit->act != simulation->act || !commit->forced || !commit->has_final)
            continue;
        struct due *due = simulation_put(simulation,
            simulation->now_ms + (commit->at_ms - act->at_ms) + commit->final_after_ms,
            (struct turn_event){
                .kind = TURN_EVENT_PARTIAL, .item = commit->item, .words = commit->words});
        due->when = DUE_UNLESS_COMMITTED;
        due->commit = i;
    }
}

/* ---- speech-to-text ---- */

bool simulation_number_item(struct simulation *simulation, struct turn_event *event)
{
    if (event->item != simulation->item) {
        simulation->item = event->item;
        simulation->part = 0;
        simulation->base_words = 0;
    }
    if (event->kind != TURN_EVENT_COMMITTED) {
        simulation->heard = event->words;
        bool has_more = event->words.count > simulation->base_words;
        if (!has_more && simulation->base_words && event->kind == TURN_EVENT_PARTIAL)
            return false;
        event->words.count = has_more ? (uint16_t)(event->words.count - simulation->base_words) : 0;
    }
    event->item = event->item * ITEM_PARTS + simulation->part;
    return true;
}

static size_t find_commit(const struct simulation *simulation, unsigned forced)
{
    const struct simulation_plan *plan = simulation->plan;
    for (size_t i = 0; i < plan->commit_count; i++)
        if (plan->commits[i].act == simulation->act && plan->commits[i].forced == forced)
            return i;
    return NONE;
}

/* In the middle of an utterance that was not committed there: what was understood so far is a part of it. */
static void commit_part(struct simulation *simulation)
{
    size_t end = find_commit(simulation, 0);
    if (!simulation->item || simulation->part + 1 >= ITEM_PARTS || end == NONE ||
        simulation->plan->commits[end].item != simulation->item)
        return;
    struct turn_event event = {.kind = TURN_EVENT_COMMITTED,
        .item = simulation->item * ITEM_PARTS + simulation->part,
        .words = simulation->heard};
    event.words.count = (uint16_t)(simulation->heard.count - simulation->base_words);
    simulation_put(simulation, simulation->now_ms, event)->is_numbered = true;
    event.kind = TURN_EVENT_FINAL;
    simulation_put(simulation, simulation->now_ms + simulation->plan->usual.final_ms, event)
        ->is_numbered = true;
    simulation->part++;
    simulation->base_words = simulation->heard.count;
}

void simulation_commit_speech(struct simulation *simulation, bool is_end)
{
    size_t index = find_commit(simulation, is_end ? 0 : ++simulation->forced);
    if (index == NONE) {
        if (!is_end)
            commit_part(simulation);
        return;
    }
    const struct plan_commit *commit = &simulation->plan->commits[index];
    simulation->is_committed[index] = true;
    struct turn_event event = {.kind = TURN_EVENT_COMMITTED, .item = commit->item};
    if (commit->has_item)
        simulation_put(simulation, simulation->now_ms + commit->item_after_ms, event);
    event.kind = TURN_EVENT_FINAL;
    event.words = commit->words;
    if (commit->has_final)
        simulation_put(simulation, simulation->now_ms + commit->final_after_ms, event);
}

/* ---- the script's word on turns and silences ---- */

void simulation_ask(struct simulation *simulation, enum turn_event_kind kind, uint32_t question)
{
    const struct simulation_plan *plan = simulation->plan;
    unsigned ordinal = ++simulation->asked[kind == TURN_EVENT_SILENCE_ANSWERED];
    struct plan_event answer = {.after_ms = 1, .event = {.kind = kind, .opinion = OPINION_DEFAULT}};
    for (size_t i = 0; i < plan->answer_count && ordinal; i++) {
        const struct plan_answer *one = &plan->answers[i];
        if (one->kind != kind || one->acts != simulation->act)
            continue;
        answer = one->event;
        ordinal--;
    }
    answer.event.item = question;
    simulation_put(simulation, simulation->now_ms + answer.after_ms, answer.event);
}
