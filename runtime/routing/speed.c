#include "routing/speed.h"

static const uint16_t steps_ms[SPEED_STEPS] = {20, 25, 31, 39, 49, 61, 76, 95, 119, 149, 186, 233,
    291, 364, 455, 568, 711, 888, 1110, 1388, 1735, 2168, 2711, 3388, 4235, 5294, 6617, 8272, 10340,
    12925, 16156, 20195};

static void forget_half(struct speed *speed)
{
    speed->count = 0;
    for (unsigned i = 0; i < SPEED_STEPS; i++) {
        speed->counts[i] /= 2;
        speed->count += speed->counts[i];
    }
}

void speed_add(struct speed *speed, unsigned ms)
{
    unsigned step = 0;
    while (step < SPEED_STEPS - 1 && steps_ms[step] < ms)
        step++;
    if (speed->count == SPEED_KEPT)
        forget_half(speed);
    speed->counts[step]++;
    speed->count++;
}

unsigned speed_at(const struct speed *speed, unsigned permille)
{
    unsigned wanted = (speed->count * permille + 999) / 1000, below = 0;
    for (unsigned i = 0; i < SPEED_STEPS && speed->count; i++) {
        below += speed->counts[i];
        if (below >= wanted)
            return steps_ms[i];
    }
    return 0;
}
