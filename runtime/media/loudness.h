/* What is loud on this line: its own noise, and the level at which its caller speaks.

      level of each frame ─► loudest of 100 ms ─► lowest of 4 s   ─► floor
      level of voice      ─► mean over about a second of it        ─► voice

   The floor follows quieter noise at once and louder noise within 4 s; pauses between words keep it down while somebody
   speaks. Pure; no allocation. */
#pragma once

#include "media/lowest.h"

#define LOUDNESS_HELD_FRAMES 5

struct loudness {
    double held[LOUDNESS_HELD_FRAMES]; /* levels of the last frames */
    unsigned held_next;
    struct lowest quietest;
    double floor_dbov; /* −65 at least: digital silence is no measure of a line */
    double voice_dbov; /* −22 until a voice was heard */
    double
        gain_db; /* brings the voice to −22, the floor to −50 at most; −24 … 16, half a dB a frame */
};

void loudness_init(struct loudness *loudness);
void loudness_frame(struct loudness *loudness, double level_dbov); /* every frame */
void loudness_voice(
    struct loudness *loudness, double level_dbov); /* those that are the caller's voice */
