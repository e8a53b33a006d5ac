#include "replay/simulate_plan.h"

#include <stdlib.h>

#define OWN_ACCORD_MS 1500 /* who speaks on so soon after a turn was taken had not ended it */

/* Where the reading stands. */
struct planning {
    struct simulation_plan *plan;
    struct causes causes;
    bool is_planned;    /* the reply that is alive has a place in the plan */
    uint64_t before_ms; /* the end of the newest act */
    uint64_t reply_ms;  /* the first reply heard to its end since then; 0: none */
    uint64_t sound_ms;  /* the first sound of a reply since then; 0: none */
    uint64_t commit_ms; /* of the newest turn */
    uint64_t asked_ms;  /* the newest question to the script */
    unsigned forced;    /* commits within the voice that is heard */
};

/* ---- the caller ---- */

static struct plan_act *newest_act(struct planning *planning)
{
    return &planning->plan->acts[planning->plan->act_count - 1];
}

/* Who speaks on right after a turn was taken meant to go on, and does not answer the first words of a reply. */
static enum act_anchor anchor_of(const struct planning *planning, uint64_t at_ms)
{
    if (planning->reply_ms)
        return ANCHOR_REPLY;
    bool goes_on = at_ms < planning->commit_ms + OWN_ACCORD_MS;
    return planning->sound_ms && !goes_on ? ANCHOR_SOUND : ANCHOR_BEFORE;
}

static void begin_act(struct planning *planning, uint64_t at_ms)
{
    struct simulation_plan *plan = planning->plan;
    enum act_anchor anchor = anchor_of(planning, at_ms);
    uint64_t anchor_ms = anchor == ANCHOR_REPLY   ? planning->reply_ms
                         : anchor == ANCHOR_SOUND ? planning->sound_ms
                                                  : planning->before_ms;
    plan->acts[plan->act_count++] = (struct plan_act){.anchor = anchor,
        .gap_ms = (uint32_t)(at_ms - anchor_ms),
        .pause_ms = (uint32_t)(at_ms - planning->before_ms),
        .first = plan->event_count,
        .at_ms = at_ms};
    planning->before_ms = at_ms;
    planning->reply_ms = 0;
    planning->sound_ms = 0;
    planning->forced = 0;
}

static void end_act(struct planning *planning, uint64_t at_ms)
{
    struct plan_act *act = newest_act(planning);
    act->length_ms = (uint32_t)(at_ms - act->at_ms);
    planning->before_ms = at_ms;
    planning->reply_ms = 0;
    planning->sound_ms = 0;
}

static void add_act_event(struct planning *planning, const struct turn_event *event, uint64_t at_ms)
{
    struct simulation_plan *plan = planning->plan;
    struct plan_act *act = newest_act(planning);
    plan->events[plan->event_count++] =
        (struct plan_event){.after_ms = (uint32_t)(at_ms - act->at_ms), .event = *event};
    act->count++;
}

static void add_commit(struct planning *planning, bool is_end, uint64_t at_ms)
{
    struct simulation_plan *plan = planning->plan;
    plan->commits[plan->commit_count++] = (struct plan_commit){
        .act = plan->act_count - 1, .forced = is_end ? 0 : ++planning->forced, .at_ms = at_ms};
}

/* Speech-to-text takes the newest utterance that it did not take yet. */
static bool take_item(struct simulation_plan *plan, const struct turn_event *event, uint64_t at_ms)
{
    for (size_t i = plan->commit_count; i-- > 0;) {
        struct plan_commit *commit = &plan->commits[i];
        if (commit->has_item)
            continue;
        commit->has_item = true;
        commit->item = event->item;
        commit->item_after_ms = (uint32_t)(at_ms - commit->at_ms);
        return true;
    }
    return false;
}

static bool take_final(struct simulation_plan *plan, const struct turn_event *event, uint64_t at_ms)
{
    for (size_t i = plan->commit_count; i-- > 0;) {
        struct plan_commit *commit = &plan->commits[i];
        if (!commit->has_item || commit->has_final || commit->item != event->item)
            continue;
        commit->has_final = true;
        commit->words = event->words;
        commit->final_after_ms = (uint32_t)(at_ms - commit->at_ms);
        return true;
    }
    return false;
}

/* ---- the agent ---- */

static void begin_reply(struct planning *planning, enum turn_action_kind kind)
{
    struct simulation_plan *plan = planning->plan;
    plan->replies[plan->reply_count++] = (struct plan_reply){
        .begun_by = kind, .acts = plan->act_count - 1, .first = plan->follower_count};
    planning->is_planned = true;
}

static bool add_follower(struct planning *planning, const struct turn_event *event, uint64_t at_ms)
{
    struct simulation_plan *plan = planning->plan;
    struct plan_follower follower = {.event.event = *event};
    if (!planning->is_planned || !planning->causes.is_alive ||
        !causes_of(&planning->causes, event, at_ms, &follower.from, &follower.event.after_ms))
        return false;
    plan->followers[plan->follower_count++] = follower;
    plan->replies[plan->reply_count - 1].count++;
    return true;
}

static void add_answer(struct planning *planning, const struct turn_event *event, uint64_t at_ms)
{
    struct simulation_plan *plan = planning->plan;
    plan->answers[plan->answer_count++] = (struct plan_answer){.kind = event->kind,
        .acts = plan->act_count - 1,
        .event = {.after_ms = (uint32_t)(at_ms - planning->asked_ms), .event = *event}};
}

/* ---- the steps ---- */

static void take_event(struct planning *planning, const struct turn_event *event, uint64_t at_ms)
{
    bool is_act = event->kind == TURN_EVENT_SPEECH_STARTED || event->kind == TURN_EVENT_KEY_TYPED ||
                  event->kind == TURN_EVENT_KEY_TAKEN || event->kind == TURN_EVENT_STREAM_ENDED;
    bool may_follow = event->kind == TURN_EVENT_HANGUP_ASKED || event->kind == TURN_EVENT_RULES;
    bool is_answer =
        event->kind == TURN_EVENT_END_OF_TURN || event->kind == TURN_EVENT_SILENCE_ANSWERED;
    struct cause_id unused;
    if (causes_owns(event->kind)) {
        if (event->epoch == planning->causes.epoch && add_follower(planning, event, at_ms)) {
            bool is_sound = causes_event(&planning->causes, event, at_ms, &unused);
            if (is_sound && !planning->sound_ms)
                planning->sound_ms = at_ms;
        }
        return;
    }
    if (event->kind == TURN_EVENT_TIME ||
        (event->kind == TURN_EVENT_COMMITTED && take_item(planning->plan, event, at_ms)) ||
        (event->kind == TURN_EVENT_FINAL && take_final(planning->plan, event, at_ms)) ||
        (may_follow && add_follower(planning, event, at_ms)))
        return;
    if (is_answer) {
        add_answer(planning, event, at_ms);
        return;
    }
    if (is_act)
        begin_act(planning, at_ms);
    add_act_event(planning, event, at_ms);
    if (event->kind == TURN_EVENT_SPEECH_ENDED)
        end_act(planning, at_ms);
}

static bool has_action(const struct turn_step *step, enum turn_action_kind kind)
{
    for (unsigned i = 0; i < step->actions.count; i++)
        if (step->actions.list[i].kind == kind)
            return true;
    return false;
}

static void cut_reply(struct planning *planning, bool is_failed, uint64_t at_ms)
{
    const struct causes *causes = &planning->causes;
    if (!planning->is_planned || !causes->is_alive)
        return;
    struct plan_reply *reply = &planning->plan->replies[planning->plan->reply_count - 1];
    reply->is_cut = true;
    reply->is_failed = is_failed;
    for (unsigned i = 0; i < CAUSES; i++) {
        reply->causes[i] = causes->count[i];
        reply->open_ms[i] = (uint32_t)(at_ms - causes->at_ms[i]);
    }
    uint64_t paused_ms =
        causes->paused_ms + (causes->paused_at_ms ? at_ms - causes->paused_at_ms : 0);
    reply->open_ms[CAUSE_PLAY] -= (uint32_t)paused_ms;
}

static void take_action(struct planning *planning, const struct turn_action *action,
    const struct turn_step *step, uint64_t at_ms)
{
    struct cause_id unused;
    const struct turn_event *event = &step->event;
    bool is_close = action->kind == TURN_ACTION_CLOSE_REPLY;
    if (action->kind == TURN_ACTION_COMMIT_SPEECH)
        add_commit(planning, event->kind == TURN_EVENT_SPEECH_ENDED, at_ms);
    if (action->kind == TURN_ACTION_ASK_END_OF_TURN || action->kind == TURN_ACTION_ASK_SILENCE)
        planning->asked_ms = at_ms;
    if (action->kind == TURN_ACTION_COMMIT_TURN)
        planning->commit_ms = at_ms;
    if (is_close && !planning->reply_ms)
        planning->reply_ms = at_ms;
    if (action->kind == TURN_ACTION_CANCEL_REPLY)
        cut_reply(planning, has_action(step, TURN_ACTION_APOLOGISE), at_ms);
    if (causes_begins(&planning->causes, action))
        begin_reply(planning, action->kind);
    (void)causes_action(&planning->causes, action, at_ms, &unused);
}

/* ---- what is usual ---- */

static int compare(const void *a, const void *b)
{
    uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;
    return (left > right) - (left < right);
}

static uint32_t median(uint32_t *values, size_t count, uint32_t otherwise)
{
    if (!count)
        return otherwise;
    qsort(values, count, sizeof *values, compare);
    return values[count / 2];
}

/* Of the first such event behind each such cause. */
static uint32_t usual_of(const struct simulation_plan *plan, uint32_t *values, enum cause cause,
    enum turn_event_kind kind, uint32_t otherwise)
{
    size_t count = 0;
    for (size_t i = 0; i < plan->follower_count; i++) {
        const struct plan_follower *follower = &plan->followers[i], *before = follower - 1;
        bool is_one = follower->from.cause == cause && follower->event.event.kind == kind;
        bool is_again = i && before->from.cause == cause && before->event.event.kind == kind &&
                        before->from.ordinal == follower->from.ordinal &&
                        before->event.event.epoch == follower->event.event.epoch;
        if (is_one && !is_again)
            values[count++] = follower->event.after_ms;
    }
    return median(values, count, otherwise);
}

static enum err find_usual(struct simulation_plan *plan)
{
    size_t most = plan->follower_count + plan->commit_count + 1, finals = 0;
    uint32_t *values = calloc(most, sizeof *values);
    if (!values)
        return ERR_NOMEM;
    plan->usual = (struct plan_usual){
        .prompt_ms = usual_of(plan, values, CAUSE_BEGIN, TURN_EVENT_PROMPT_READY, 5),
        .piece_ms = usual_of(plan, values, CAUSE_MODEL, TURN_EVENT_PIECE, 400),
        .done_ms = usual_of(plan, values, CAUSE_MODEL, TURN_EVENT_MODEL_DONE, 600),
        .tools_ms = usual_of(plan, values, CAUSE_TOOLS, TURN_EVENT_TOOLS_DONE, 200),
        .voice_ms = usual_of(plan, values, CAUSE_VOICE, TURN_EVENT_AUDIO, 200),
        .play_ms = usual_of(plan, values, CAUSE_PLAY, TURN_EVENT_PLAYED, 2500),
        .fill_ms = usual_of(plan, values, CAUSE_FILL, TURN_EVENT_PLAYED, 800)};
    for (size_t i = 0; i < plan->commit_count; i++)
        if (plan->commits[i].has_final)
            values[finals++] = plan->commits[i].final_after_ms;
    plan->usual.final_ms = median(values, finals, 200);
    free(values);
    return ERR_OK;
}

/* ---- all of it ---- */

static enum err make_room(struct simulation_plan *plan, size_t steps, size_t actions)
{
    plan->acts = calloc(steps + 1, sizeof *plan->acts);
    plan->events = calloc(steps + 1, sizeof *plan->events);
    plan->followers = calloc(steps + 1, sizeof *plan->followers);
    plan->answers = calloc(steps + 1, sizeof *plan->answers);
    plan->commits = calloc(actions + 1, sizeof *plan->commits);
    plan->replies = calloc(actions + 1, sizeof *plan->replies);
    bool has_all = plan->acts && plan->events && plan->followers && plan->answers &&
                   plan->commits && plan->replies;
    return has_all ? ERR_OK : ERR_NOMEM;
}

enum err simulation_plan_init(struct simulation_plan *plan, const struct call_steps *steps)
{
    struct planning planning = {.plan = plan};
    size_t actions = 0;
    *plan = (struct simulation_plan){.settings = steps->settings};
    for (size_t i = 0; i < steps->count; i++)
        actions += steps->list[i].step.actions.count;
    enum err err = make_room(plan, steps->count, actions);
    if (err)
        return err;
    plan->act_count = 1;
    for (size_t i = 0; i < steps->count; i++) {
        const struct call_step *it = &steps->list[i];
        take_event(&planning, &it->step.event, it->at_ms);
        for (unsigned n = 0; n < it->step.actions.count; n++)
            take_action(&planning, &it->step.actions.list[n], &it->step, it->at_ms);
        plan->ends_ms = it->at_ms;
    }
    return find_usual(plan);
}

void simulation_plan_free(struct simulation_plan *plan)
{
    free(plan->acts);
    free(plan->events);
    free(plan->followers);
    free(plan->answers);
    free(plan->commits);
    free(plan->replies);
    *plan = (struct simulation_plan){0};
}
