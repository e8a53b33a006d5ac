/* Stories on virtual time: a row is a moment, what happens, and what the engine must answer. */
#pragma once

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <setjmp.h>

#include <cmocka.h>

#include "callflow/turn.h"

struct story_row {
    uint64_t at_ms;
    struct turn_event event;
    enum turn_state state;
    const char *actions; /* names joined by blanks */
};

#define HEARD(event_kind, ...) ((struct turn_event){.kind = TURN_EVENT_##event_kind, __VA_ARGS__})
#define WORDS(n) .words = {.count = (n)}
#define MHM .words = {.count = 1, .is_backchannel = true}

static void join_actions(const struct turn_actions *actions, char *out, size_t size)
{
    size_t len = 0;
    out[0] = 0;
    for (unsigned i = 0; i < actions->count; i++)
        len += (size_t)snprintf(
            out + len, size - len, "%s%s", i ? " " : "", turn_action_name(actions->list[i].kind));
}

/* Feeds the timer events that fall due before `until_ms`; they must ask for nothing. */
static void expect_quiet_until(struct turn *turn, uint64_t until_ms)
{
    uint64_t deadline;
    while ((deadline = turn_deadline(turn)) && deadline < until_ms) {
        struct turn_actions actions;
        turn_step(turn, HEARD(TIME), deadline, &actions);
        char names[200];
        join_actions(&actions, names, sizeof names);
        if (actions.count)
            fail_msg("at %llu ms the timer asked for: %s", (unsigned long long)deadline, names);
        if (turn_deadline(turn) == deadline)
            fail_msg("the deadline %llu did not move", (unsigned long long)deadline);
    }
}

static void tell(struct turn *turn, const struct story_row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct turn_actions actions;
        char names[200];
        expect_quiet_until(turn, rows[i].at_ms);
        turn_step(turn, rows[i].event, rows[i].at_ms, &actions);
        join_actions(&actions, names, sizeof names);
        if (turn->state != rows[i].state || strcmp(names, rows[i].actions) != 0)
            fail_msg("row %zu (%s at %llu ms): state %s, actions \"%s\"; expected %s, \"%s\"", i,
                turn_event_name(rows[i].event.kind), (unsigned long long)rows[i].at_ms,
                turn_state_name(turn->state), names, turn_state_name(rows[i].state),
                rows[i].actions);
    }
}

#define TELL(turn, rows) tell((turn), (rows), sizeof(rows) / sizeof *(rows))
