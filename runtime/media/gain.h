/* A level below full for outbound µ-law: a table of 256 codes, and a ramp of 8 ms between the levels so
   that a change never clicks. Full level passes every code untouched. Pure; no allocation. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "media/frame.h"

#define GAIN_RAMP_SAMPLES 64 /* 8 ms */

struct gain_table {
    double factor;
    uint8_t map[256];
};

struct gain {
    const struct gain_table *table; /* shared, outlives the gain */
    bool is_low;
    unsigned ramped; /* samples of the ramp to the present level that are done */
};

void gain_table_init(struct gain_table *table, double gain_db);    /* ≤ 0 */
void gain_init(struct gain *gain, const struct gain_table *table); /* at full level */
void gain_set(struct gain *gain, bool is_low); /* ramps there from where it is */
void gain_reset(struct gain *gain);            /* full level at once, between utterances */
void gain_apply(struct gain *gain, uint8_t frame[FRAME_BYTES]);
void gain_fade_out(uint8_t frame[FRAME_BYTES]); /* to silence at its end */
