/* Our own voice comes back from many lines, 15 to 40 dB weaker and up to 300 ms later, and must not pass for the caller's.
   The guard knows what is audible when, and says how loud its echo may be at most.

      level of frames sent ─► slots of 20 ms by our play-out clock ─► loudest of the last 400 ms − loss ─► echo level
      level of frames heard ─► slots by arrival ─► what was audible 400 ms ago has come back by now, no louder
                                                   than the loudest heard since: so the loss is at least that

   The loss is proven by what was *not* heard. A caller who talks over us proves nothing, so he cannot teach the guard an
   echo that is not there. Until something is proven it is 15 dB; a proof is forgotten after five seconds of our speaking
   without a new one, for lines change (a loudspeaker is switched on). Pure; no allocation. */
#pragma once

#include <stdint.h>

#include "media/lowest.h"

#define ECHO_SLOTS 64 /* 1.28 s: what was audible, and what waits at the carrier */

/* 20 ms of our clock. */
struct echo_slot {
    uint64_t number; /* since the clock's zero */
    double played_dbov;
    double heard_dbov; /* the loudest frame that came in them */
    unsigned heard_count;
};

struct echo_guard {
    struct echo_slot slots[ECHO_SLOTS];
    struct lowest gain; /* of the way back, proven: −loss */
};

void echo_guard_init(struct echo_guard *guard);
/* A frame of this level will be audible from `audible_ms` on, by our play-out clock. */
void echo_guard_play(struct echo_guard *guard, uint64_t audible_ms, double level_dbov);
/* What was to be audible after `now_ms` will not be. */
void echo_guard_cut(struct echo_guard *guard, uint64_t now_ms);
/* The loudest that an echo may be now; −100 when nothing of us can come back. */
double echo_guard_level(const struct echo_guard *guard, uint64_t now_ms);
/* A frame of this level was heard: once a frame, after echo_guard_level. */
void echo_guard_hear(struct echo_guard *guard, uint64_t now_ms, double level_dbov);
