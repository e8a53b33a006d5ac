/* A bad line from a caller to us: frames that never come, come twice, late, in bursts or out of order. TCP brings what was
   sent, so all of it happens before: as if the carrier's own network had done it. One frame goes in every 20 ms; what is due
   comes out. Pure. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define LINE_FRAMES 128 /* 2.5 s on their way */

struct line_faults {
    unsigned drop_permille;
    unsigned duplicate_permille;
    unsigned reorder_permille; /* of frames: two others come before it */
    unsigned
        jitter_ms; /* one frame in twenty is late by up to so much, and what follows waits behind it */
    unsigned stall_ms; /* nothing for so long, then all at once: every ten seconds or so */
};

struct line_frame {
    const char *payload;
    uint64_t chunk;  /* of the caller's frames, from 1 */
    uint64_t due_us; /* 0: the place is free */
};

struct line_counts {
    uint64_t dropped, duplicated, reordered, late, stalls;
};

struct line {
    struct line_frame frames[LINE_FRAMES];
    unsigned count;
    uint64_t last_due_us;   /* of those that keep their order */
    uint64_t stalled_to_us; /* 0: not */
};

bool line_has_faults(const struct line_faults *faults);
/* `dice` gives numbers below its argument. */
void line_put(struct line *line, const struct line_faults *faults, struct line_frame frame,
    uint64_t now_us, uint64_t (*dice)(void *owner, uint64_t below), void *owner,
    struct line_counts *counts);
bool line_take(
    struct line *line, uint64_t now_us, struct line_frame *out); /* the next that is due */
