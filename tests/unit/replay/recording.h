/* Recorded calls, told as rows: what the engine was given; its timers come a millisecond late. */
#pragma once

#include "replay/call_steps.h"

struct recording_row {
    uint64_t at_ms;
    struct turn_event event;
};

#define HEARD(event_kind, ...) ((struct turn_event){.kind = TURN_EVENT_##event_kind, __VA_ARGS__})
#define SAID(n) .words = {.count = (n)}

void record(struct call_steps *steps, const struct turn_settings *settings,
    const struct recording_row *rows, size_t count);
#define RECORD(steps, settings, rows)                                                              \
    record((steps), (settings), (rows), sizeof(rows) / sizeof *(rows))
