#include "base/worst.h"

/* Steps that passed since the newest one are emptied. */
static void turn_to(struct worst *worst, uint64_t now_ms)
{
    uint64_t wanted = now_ms / WORST_STEP_MS;
    if (wanted > worst->step + WORST_STEPS)
        worst->step = wanted - WORST_STEPS;
    while (worst->step < wanted)
        worst->steps[++worst->step % WORST_STEPS] = 0;
}

void worst_note(struct worst *worst, uint32_t value, uint64_t now_ms)
{
    turn_to(worst, now_ms);
    uint32_t *step = &worst->steps[worst->step % WORST_STEPS];
    if (value > *step)
        *step = value;
}

uint32_t worst_now(struct worst *worst, uint64_t now_ms)
{
    uint32_t value = 0;
    turn_to(worst, now_ms);
    for (unsigned i = 0; i < WORST_STEPS; i++)
        if (worst->steps[i] > value)
            value = worst->steps[i];
    return value;
}
