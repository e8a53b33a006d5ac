#include "media/lowest.h"

#include <math.h>

void lowest_init(struct lowest *lowest, unsigned step_values, double start)
{
    *lowest = (struct lowest){.step_values = step_values, .value = start};
    for (unsigned i = 0; i < LOWEST_STEPS; i++)
        lowest->steps[i] = start;
}

static void next_step(struct lowest *lowest, double value)
{
    lowest->count = 1;
    lowest->at = (lowest->at + 1) % LOWEST_STEPS;
    lowest->steps[lowest->at] = value;
    lowest->value = value;
    for (unsigned i = 0; i < LOWEST_STEPS; i++)
        lowest->value = fmin(lowest->value, lowest->steps[i]);
}

void lowest_add(struct lowest *lowest, double value)
{
    if (lowest->count == lowest->step_values) {
        next_step(lowest, value);
        return;
    }
    lowest->count++;
    lowest->steps[lowest->at] = fmin(lowest->steps[lowest->at], value);
    lowest->value = fmin(lowest->value, value);
}
