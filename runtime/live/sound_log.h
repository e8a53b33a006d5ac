/* A line a second of a call's sound (log flag "audio"): what came and went since the last one. */
#pragma once

#include <stdint.h>

#include "media/jitter.h"

struct sound_log {
    uint64_t due_ms; /* 0: none was written */
    struct jitter_stats heard;
    uint64_t talked_ms;
    unsigned late_frames; /* of ours, since the last line */
};

struct call;
void sound_log_tick(
    struct call *call, uint64_t now_ms); /* with each message and timer of the call */
