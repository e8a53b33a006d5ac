#include "unit/replay/recording.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define LATE_MS 1

static void take_step(
    struct call_steps *steps, struct turn *turn, struct turn_event event, uint64_t now_ms)
{
    struct turn_actions actions;
    struct turn_step said;
    turn_step(turn, event, now_ms, &actions);
    turn_step_of(&said, &event, turn, &actions, now_ms);
    assert_int_equal(call_steps_add(steps, now_ms, &said), ERR_OK);
}

void record(struct call_steps *steps, const struct turn_settings *settings,
    const struct recording_row *rows, size_t count)
{
    struct turn turn;
    *steps = (struct call_steps){.settings = *settings};
    turn_init(&turn, settings);
    for (size_t i = 0; i < count; i++) {
        uint64_t deadline_ms;
        while ((deadline_ms = turn_deadline(&turn)) && deadline_ms + LATE_MS < rows[i].at_ms)
            take_step(steps, &turn, HEARD(TIME), deadline_ms + LATE_MS);
        take_step(steps, &turn, rows[i].event, rows[i].at_ms);
    }
}
