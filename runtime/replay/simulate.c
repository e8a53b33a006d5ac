#include "replay/simulate_internal.h"

#include <assert.h>
#include <stdlib.h>

#define BEGAN_MS 1000000   /* the engine takes 0 for "never" */
#define OVERTIME_MS 600000 /* after the recorded end: it does not come to one */

/* ---- the queue ---- */

struct due *simulation_put(struct simulation *simulation, uint64_t at_ms, struct turn_event event)
{
    static struct due nowhere;
    if (simulation->due_count == simulation->due_capacity) {
        size_t capacity = simulation->due_capacity ? simulation->due_capacity * 2 : 64;
        struct due *queue = realloc(simulation->queue, capacity * sizeof *queue);
        if (!queue) {
            simulation->err = ERR_NOMEM;
            return &nowhere;
        }
        simulation->queue = queue;
        simulation->due_capacity = capacity;
    }
    struct due *due = &simulation->queue[simulation->due_count++];
    *due = (struct due){.at_ms = at_ms, .number = simulation->next_number++, .event = event};
    return due;
}

static size_t first_due(const struct simulation *simulation)
{
    size_t first = NONE;
    for (size_t i = 0; i < simulation->due_count; i++) {
        const struct due *due = &simulation->queue[i];
        const struct due *best = first == NONE ? NULL : &simulation->queue[first];
        if (!best || due->at_ms < best->at_ms ||
            (due->at_ms == best->at_ms && due->number < best->number))
            first = i;
    }
    return first;
}

static struct due take_due(struct simulation *simulation, size_t index)
{
    struct due due = simulation->queue[index];
    simulation->queue[index] = simulation->queue[--simulation->due_count];
    return due;
}

/* ---- settings ---- */

static void apply(struct turn_settings *settings, const struct simulation_change *change)
{
    for (unsigned i = 0; i < change->count; i++) {
        struct slice name = slice_from(change->list[i].name);
        enum err err = turn_setting_set(settings, name, change->list[i].value);
        assert(err == ERR_OK); /* whoever wrote it down has looked */
    }
}

/* A phase's rules are settings too. */
static void apply_to_rules(struct turn_rules *rules, const struct simulation_change *change)
{
    struct turn_settings settings = {.silence_ms = rules->silence_ms,
        .stall_ms = rules->stall_ms,
        .patience_ms = rules->patience_ms,
        .min_utterance_ms = rules->min_utterance_ms,
        .max_utterance_ms = rules->max_utterance_ms};
    apply(&settings, change);
    rules->silence_ms = settings.silence_ms;
    rules->stall_ms = settings.stall_ms;
    rules->patience_ms = settings.patience_ms;
    rules->min_utterance_ms = settings.min_utterance_ms;
    rules->max_utterance_ms = settings.max_utterance_ms;
}

/* ---- a step ---- */

static void perform(
    struct simulation *simulation, const struct turn_action *action, bool is_speech_end)
{
    struct cause_id caused;
    struct causes *causes = &simulation->causes;
    if (action->kind == TURN_ACTION_COMMIT_SPEECH)
        simulation_commit_speech(simulation, is_speech_end);
    if (action->kind == TURN_ACTION_ASK_END_OF_TURN)
        simulation_ask(simulation, TURN_EVENT_END_OF_TURN, action->question);
    if (action->kind == TURN_ACTION_ASK_SILENCE)
        simulation_ask(simulation, TURN_EVENT_SILENCE_ANSWERED, action->question);
    if (action->kind == TURN_ACTION_CLOSE_REPLY && !simulation->reply_ms)
        simulation->reply_ms = simulation->now_ms;
    if (action->kind == TURN_ACTION_RESUME && causes->paused_at_ms &&
        simulation->play_end_ms != NEVER)
        simulation->play_end_ms += simulation->now_ms - causes->paused_at_ms;
    if (causes_begins(causes, action))
        simulation_begin_reply(simulation, action->kind);
    if (causes_action(causes, action, simulation->now_ms, &caused))
        simulation_follow(simulation, caused);
    if (!causes->is_alive)
        simulation->play_end_ms = NEVER;
}

static bool is_complete(const struct turn *turn)
{
    return turn->phase == REPLY_COMPLETE || turn->phase == REPLY_APOLOGY;
}

/* The end of what was heard is the end of all when nothing more is to come, and else may turn out to have been. */
static void end_sound(struct simulation *simulation, struct turn_event *event)
{
    const struct causes *causes = &simulation->causes;
    bool is_nothing_due = !causes->is_voice_due || causes->is_playing;
    event->flag |= is_complete(&simulation->turn) && is_nothing_due;
    simulation->owes_played = !is_complete(&simulation->turn) && !causes->is_filling;
}

static void note_event(struct simulation *simulation, struct turn_event *event)
{
    struct cause_id caused;
    if (event->kind == TURN_EVENT_PLAYED)
        end_sound(simulation, event);
    if (event->kind == TURN_EVENT_RULES)
        apply_to_rules(&event->rules, simulation->change);
    if (event->kind == TURN_EVENT_SPEECH_ENDED) {
        simulation->is_act_over = true;
        simulation->before_ms = simulation->now_ms;
        simulation->reply_ms = simulation->sound_ms = 0;
    }
    if (causes_owns(event->kind) &&
        causes_event(&simulation->causes, event, simulation->now_ms, &caused)) {
        if (!simulation->sound_ms)
            simulation->sound_ms = simulation->now_ms;
        simulation_follow(simulation, caused);
    }
}

static void pay_played(struct simulation *simulation)
{
    const struct causes *causes = &simulation->causes;
    if (!simulation->owes_played || !causes->is_alive || causes->is_playing ||
        causes->is_voice_due || !is_complete(&simulation->turn))
        return;
    simulation->owes_played = false;
    struct due *due = simulation_put(simulation, simulation->now_ms,
        (struct turn_event){.kind = TURN_EVENT_PLAYED, .epoch = causes->epoch, .flag = true});
    due->when = DUE_WITH_REPLY;
    due->epoch = causes->epoch;
}

static void step(struct simulation *simulation, struct turn_event event)
{
    struct turn_actions actions;
    struct turn_step said;
    note_event(simulation, &event);
    turn_step(&simulation->turn, event, simulation->now_ms + BEGAN_MS, &actions);
    turn_step_of(&said, &event, &simulation->turn, &actions, simulation->now_ms + BEGAN_MS);
    enum err err = call_steps_add(simulation->out, simulation->now_ms, &said);
    for (unsigned i = 0; i < actions.count; i++)
        perform(simulation, &actions.list[i], event.kind == TURN_EVENT_SPEECH_ENDED);
    pay_played(simulation);
    simulation->err = simulation->err ? simulation->err : err;
}

static bool is_still_due(const struct simulation *simulation, const struct due *due)
{
    bool is_alive = due->epoch == simulation->turn.epoch && simulation->turn.phase != REPLY_NONE;
    switch (due->when) {
    case DUE_ALWAYS:
        return true;
    case DUE_WITH_REPLY:
        return is_alive;
    case DUE_WITH_FILLER:
        return is_alive && simulation->causes.is_filling;
    case DUE_UNLESS_COMMITTED:
        return !simulation->is_committed[due->commit];
    }
    return true;
}

static void happen(struct simulation *simulation, size_t index)
{
    struct due due = take_due(simulation, index);
    enum turn_event_kind kind = due.event.kind;
    bool is_heard =
        kind == TURN_EVENT_PARTIAL || kind == TURN_EVENT_FINAL || kind == TURN_EVENT_COMMITTED;
    if (!is_still_due(simulation, &due))
        return;
    if (is_heard && !due.is_numbered && !simulation_number_item(simulation, &due.event))
        return;
    step(simulation, due.event);
}

static uint64_t earliest(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* The next thing, whatever it is. False: nothing is left. */
static bool advance(struct simulation *simulation)
{
    size_t first = first_due(simulation);
    uint64_t due_ms = first == NONE ? NEVER : simulation->queue[first].at_ms;
    uint64_t play_ms = simulation->causes.paused_at_ms ? NEVER : simulation->play_end_ms;
    uint64_t act_ms = simulation_next_act_ms(simulation);
    uint64_t engine_ms = turn_deadline(&simulation->turn);
    engine_ms = engine_ms ? engine_ms - BEGAN_MS : NEVER;
    uint64_t next_ms = earliest(earliest(due_ms, play_ms), earliest(act_ms, engine_ms));
    if (next_ms == NEVER)
        return false;
    if (next_ms > simulation->now_ms)
        simulation->now_ms = next_ms;
    if (next_ms == due_ms) {
        happen(simulation, first);
    } else if (next_ms == play_ms) {
        simulation->play_end_ms = NEVER;
        step(simulation, simulation->play_end);
    } else if (next_ms == act_ms) {
        simulation_begin_act(simulation);
    } else {
        step(simulation, (struct turn_event){.kind = TURN_EVENT_TIME});
    }
    return true;
}

static enum err run(struct simulation *simulation)
{
    while (!simulation->err && !simulation->turn.is_ended && advance(simulation))
        if (simulation->now_ms > simulation->plan->ends_ms + OVERTIME_MS)
            return ERR_FULL;
    return simulation->err;
}

enum err simulate(struct call_steps *out, const struct simulation_plan *plan,
    const struct simulation_change *change)
{
    struct simulation simulation = {.plan = plan,
        .change = change,
        .out = out,
        .reply = NONE,
        .play_end_ms = NEVER,
        .is_act_over = true};
    *out = (struct call_steps){.settings = plan->settings};
    apply(&out->settings, change);
    turn_init(&simulation.turn, &out->settings);
    simulation.is_committed = calloc(plan->commit_count + 1, sizeof *simulation.is_committed);
    if (!simulation.is_committed)
        return ERR_NOMEM;
    for (size_t i = 0; i < plan->acts[0].count; i++) {
        const struct plan_event *event = &plan->events[plan->acts[0].first + i];
        simulation_put(&simulation, event->after_ms, event->event);
    }
    enum err err = run(&simulation);
    free(simulation.queue);
    free(simulation.is_committed);
    return err;
}
