/* How long somebody takes for the first of an answer: a histogram that forgets, as steps of a quarter from 20 ms to 20 s.
   Pure. */
#pragma once

#include <stdint.h>

#define SPEED_STEPS 32
#define SPEED_KEPT 256 /* answers; at so many each counts half of what it did */

struct speed {
    uint16_t counts[SPEED_STEPS]; /* by the least step that is not shorter */
    uint16_t count;
};

void speed_add(struct speed *speed, unsigned ms);
/* So long or shorter took `permille` of those kept, rounded up to a step; 0: none is. */
unsigned speed_at(const struct speed *speed, unsigned permille);
