/* The largest of the values of the last five seconds, in steps of half a second: one comparison a value, and one pass over
   ten numbers for whoever asks. All zeros: nothing was noted. Pure; no allocation. */
#pragma once

#include <stdint.h>

#define WORST_STEPS 10
#define WORST_STEP_MS 500

struct worst {
    uint32_t steps[WORST_STEPS];
    uint64_t step; /* number of the newest since the clock began */
};

void worst_note(struct worst *worst, uint32_t value, uint64_t now_ms);
uint32_t worst_now(struct worst *worst, uint64_t now_ms); /* 0: nothing was noted lately */
