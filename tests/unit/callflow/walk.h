/* Any sequence of events, plausible or not: what must hold after each step. */
#pragma once

#include "callflow/turn.h"

struct walk {
    struct turn turn;
    uint64_t now_ms;
    bool is_alive;   /* a reply was begun and neither cancelled nor closed */
    uint32_t epoch;  /* of the newest reply that was begun */
    bool is_draft;   /* and its turn is not committed */
    bool is_audible; /* audio of it was handed to the pacer, neither played nor cleared */
    bool is_filling; /* a filler is heard */
    bool is_over;    /* no more text of this model round may be spoken */
    uint32_t ended;  /* END_CALLs seen */
};

/* Rules of a phase, from any number. */
static struct turn_rules walk_rules(uint32_t any)
{
    return (struct turn_rules){.silence_ms = 100 + any % 7 * 150,
        .stall_ms = any % 5 * 200,
        .patience_ms = any % 3 * 400,
        .min_utterance_ms = any % 4 * 150,
        .max_utterance_ms = 2000 + any % 2 * 6000, /* a reply is cut before an utterance is */
        .asks_script = any % 4 != 0,
        .script_first = any % 8 == 1,
        .asks_on_silence = any % 16 < 8};
}

/* One filler at a time, never over the caller, and none that goes on behind what follows. */
static const char *walk_check_filler(struct walk *walk, const struct turn_action *action)
{
    bool ends = action->kind == TURN_ACTION_HUSH || action->kind == TURN_ACTION_CLEAR;
    if (action->kind == TURN_ACTION_FILL && walk->is_filling)
        return "two fillers at once";
    if (action->kind == TURN_ACTION_FILL && walk->turn.is_speech)
        return "a filler over the caller";
    if (action->kind == TURN_ACTION_HUSH && !walk->is_filling)
        return "no filler to end";
    if (action->kind == TURN_ACTION_CLOSE_REPLY && walk->is_filling)
        return "a reply ends under its filler";
    walk->is_filling = action->kind == TURN_ACTION_FILL || (walk->is_filling && !ends);
    return NULL;
}

static const char *walk_check_text(struct walk *walk, const struct turn_action *action)
{
    if (action->kind == TURN_ACTION_END_TEXT && walk->is_over)
        return "a text ends twice";
    walk->is_over =
        action->kind == TURN_ACTION_END_TEXT ||
        (walk->is_over && action->kind != TURN_ACTION_START_MODEL &&
            action->kind != TURN_ACTION_CANCEL_REPLY && action->kind != TURN_ACTION_CLOSE_REPLY);
    return NULL;
}

static const char *walk_check_action(struct walk *walk, const struct turn_action *action)
{
    const char *wrong = walk_check_filler(walk, action);
    if (!wrong)
        wrong = walk_check_text(walk, action);
    if (wrong)
        return wrong;
    bool commits = action->kind == TURN_ACTION_COMMIT_TURN && walk->is_draft;
    bool begins = (action->kind == TURN_ACTION_COMMIT_TURN && !commits) ||
                  action->kind == TURN_ACTION_DRAFT_TURN || action->kind == TURN_ACTION_GREET ||
                  action->kind == TURN_ACTION_NUDGE || action->kind == TURN_ACTION_FAREWELL ||
                  action->kind == TURN_ACTION_SAY || action->kind == TURN_ACTION_APOLOGISE;
    bool leaves_traces =
        action->kind == TURN_ACTION_SPEAK || action->kind == TURN_ACTION_RUN_TOOLS ||
        action->kind == TURN_ACTION_FAIL_OPEN || action->kind == TURN_ACTION_FILL ||
        action->kind == TURN_ACTION_DUCK || action->kind == TURN_ACTION_PAUSE;
    bool ends = action->kind == TURN_ACTION_CANCEL_REPLY || action->kind == TURN_ACTION_CLOSE_REPLY;
    bool works = action->kind == TURN_ACTION_START_MODEL || action->kind == TURN_ACTION_SPEAK ||
                 action->kind == TURN_ACTION_RUN_TOOLS || action->kind == TURN_ACTION_FILL ||
                 action->kind == TURN_ACTION_HUSH || action->kind == TURN_ACTION_END_TEXT ||
                 action->kind == TURN_ACTION_END_MODEL || action->kind == TURN_ACTION_FAIL_OPEN;
    if (begins && walk->is_alive)
        return "two replies are alive";
    if (begins && walk->is_audible)
        return "a reply begins while the one before is heard";
    if (begins && action->epoch <= walk->epoch)
        return "a reply has no epoch of its own";
    if ((ends || works) && action->epoch != walk->epoch)
        return "work of another epoch";
    if ((ends || works) && !walk->is_alive)
        return "work for a reply that is not alive";
    if (walk->ended)
        return "an action after the end of the call";
    if (walk->is_draft && leaves_traces)
        return "a draft leaves traces";
    if (action->kind == TURN_ACTION_REOPEN_TURN && walk->is_alive)
        return "a turn is reopened under a living reply";
    if (action->kind == TURN_ACTION_ASK_END_OF_TURN &&
        (walk->is_alive || !walk->turn.settings.asks_script))
        return "a question nobody may ask";
    if (action->kind == TURN_ACTION_ASK_SILENCE &&
        (walk->is_alive || walk->turn.has_speech || !walk->turn.settings.asks_on_silence))
        return "a question about no silence";
    if (action->kind == TURN_ACTION_DRAFT_TURN && walk->turn.settings.script_first)
        return "a draft before the script has heard the turn";
    walk->is_draft =
        action->kind == TURN_ACTION_DRAFT_TURN || (walk->is_draft && !commits && !ends);
    walk->is_alive = (walk->is_alive || begins) && !ends;
    walk->epoch = begins ? action->epoch : walk->epoch;
    walk->is_audible = walk->is_audible && action->kind != TURN_ACTION_CLEAR;
    walk->ended += action->kind == TURN_ACTION_END_CALL;
    return NULL;
}

/* Whether a driver could report this now: it never tells the end of what it was not asked for. */
static bool walk_is_expected(const struct turn *turn, enum turn_event_kind kind)
{
    if (kind == TURN_EVENT_PROMPT_READY)
        return turn->phase == REPLY_PROMPT;
    if (kind == TURN_EVENT_MODEL_DONE)
        return turn->phase == REPLY_MODEL;
    return true;
}

/* What the pacer would know. `had_reply`: the event found the reply it belongs to. */
static void walk_hear(struct walk *walk, struct turn_event event, bool had_reply)
{
    if (!had_reply)
        return;
    if (event.kind == TURN_EVENT_AUDIO && walk->turn.state != TURN_THINKING)
        walk->is_audible = true;
    if (event.kind == TURN_EVENT_PLAYED)
        walk->is_audible = false;
}

static const char *walk_check_state(
    const struct walk *walk, enum turn_event_kind kind, bool is_expected)
{
    enum turn_state state = walk->turn.state;
    uint64_t deadline = turn_deadline(&walk->turn);
    bool may_be_heard = state == TURN_SPEAKING || state == TURN_INTERRUPTED ||
                        state == TURN_PAUSED || state == TURN_ENDING;
    if (walk->is_audible && !may_be_heard)
        return "a reply is heard outside SPEAKING and INTERRUPTED";
    if (walk->is_filling && !walk->ended && (state != TURN_THINKING || !walk->is_alive))
        return "a filler outlives the wait";
    if (state == TURN_LISTENING && walk->is_alive)
        return "a reply is alive while listening";
    if (is_expected && deadline && deadline < walk->now_ms)
        return "the deadline is in the past";
    if (kind == TURN_EVENT_TIME && deadline && deadline == walk->now_ms)
        return "the deadline is not in the future after its event";
    bool waits = state == TURN_LISTENING && walk->turn.has_speech && !walk->turn.is_speech;
    if (waits && !deadline)
        return "a caller is left hanging";
    return NULL;
}

/* NULL, or what is wrong. */
static const char *walk_step(struct walk *walk, struct turn_event event, uint64_t after_ms)
{
    walk->now_ms += after_ms;
    uint64_t deadline = turn_deadline(&walk->turn);
    if (deadline && walk->now_ms > deadline) { /* the driver's timer would have come first */
        walk->now_ms = deadline;
        event = (struct turn_event){.kind = TURN_EVENT_TIME};
    }
    struct turn_actions actions;
    bool had_reply = walk->is_alive && event.epoch == walk->turn.epoch;
    bool is_expected = walk_is_expected(&walk->turn, event.kind);
    if (event.kind == TURN_EVENT_PLAYED && event.epoch == walk->turn.epoch)
        walk->is_filling = false;
    turn_step(&walk->turn, event, walk->now_ms, &actions);
    walk_hear(walk, event, had_reply);
    for (unsigned i = 0; i < actions.count; i++) {
        const char *wrong = walk_check_action(walk, &actions.list[i]);
        if (wrong)
            return wrong;
    }
    return walk_check_state(walk, event.kind, is_expected);
}

/* Vendors and caller fall silent, what was begun to be heard is played to its end: the work of the epoch must end. */
static const char *walk_settle(struct walk *walk)
{
    for (unsigned step = 0; step < 64 && walk->is_alive && !walk->ended; step++) {
        const struct turn *turn = &walk->turn;
        uint64_t deadline = turn_deadline(turn);
        bool is_voice = turn->is_speech && turn->state != TURN_ENDING; /* nobody listens then */
        struct turn_event event = {.kind = is_voice ? TURN_EVENT_SPEECH_ENDED : TURN_EVENT_TIME};
        bool is_waited_for = turn->state == TURN_SPEAKING || turn->state == TURN_INTERRUPTED;
        if (!is_voice && (is_waited_for || !deadline))
            event =
                (struct turn_event){.kind = TURN_EVENT_PLAYED, .epoch = turn->epoch, .flag = true};
        bool is_time = event.kind == TURN_EVENT_TIME;
        const char *wrong = walk_step(walk, event, is_time ? deadline - walk->now_ms : 20);
        if (wrong)
            return wrong;
    }
    return walk->is_alive && !walk->ended ? "the work of an epoch never ends" : NULL;
}
