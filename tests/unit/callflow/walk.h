/* Any sequence of events, plausible or not: what must hold after each step. */
#pragma once

#include "callflow/turn.h"

struct walk {
    struct turn turn;
    uint64_t now_ms;
    bool is_alive;  /* a reply was begun and neither cancelled nor closed */
    bool is_draft;  /* and its turn is not committed */
    uint32_t ended; /* END_CALLs seen */
};

static const char *walk_check_action(struct walk *walk, const struct turn_action *action)
{
    bool commits = action->kind == TURN_ACTION_COMMIT_TURN && walk->is_draft;
    bool begins = (action->kind == TURN_ACTION_COMMIT_TURN && !commits) ||
                  action->kind == TURN_ACTION_DRAFT_TURN || action->kind == TURN_ACTION_GREET ||
                  action->kind == TURN_ACTION_NUDGE || action->kind == TURN_ACTION_FAREWELL ||
                  action->kind == TURN_ACTION_APOLOGISE;
    bool leaves_traces = action->kind == TURN_ACTION_SPEAK ||
                         action->kind == TURN_ACTION_RUN_TOOLS ||
                         action->kind == TURN_ACTION_FILL || action->kind == TURN_ACTION_DUCK ||
                         action->kind == TURN_ACTION_PAUSE;
    bool ends = action->kind == TURN_ACTION_CANCEL_REPLY || action->kind == TURN_ACTION_CLOSE_REPLY;
    bool works = action->kind == TURN_ACTION_START_MODEL || action->kind == TURN_ACTION_SPEAK ||
                 action->kind == TURN_ACTION_RUN_TOOLS || action->kind == TURN_ACTION_FILL;
    if (begins && walk->is_alive)
        return "two replies are alive";
    if ((ends || works) && !walk->is_alive)
        return "work for a reply that is not alive";
    if (walk->ended)
        return "an action after the end of the call";
    if (walk->is_draft && leaves_traces)
        return "a draft leaves traces";
    if (action->kind == TURN_ACTION_REOPEN_TURN && walk->is_alive)
        return "a turn is reopened under a living reply";
    walk->is_draft =
        action->kind == TURN_ACTION_DRAFT_TURN || (walk->is_draft && !commits && !ends);
    walk->is_alive = (walk->is_alive || begins) && !ends;
    walk->ended += action->kind == TURN_ACTION_END_CALL;
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
    turn_step(&walk->turn, event, walk->now_ms, &actions);
    for (unsigned i = 0; i < actions.count; i++) {
        const char *wrong = walk_check_action(walk, &actions.list[i]);
        if (wrong)
            return wrong;
    }
    deadline = turn_deadline(&walk->turn);
    if (event.kind == TURN_EVENT_TIME && deadline && deadline <= walk->now_ms)
        return "the deadline is not in the future after its event";
    return NULL;
}
