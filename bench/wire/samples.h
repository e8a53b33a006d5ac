/* Measured values, and what is said of them: percentiles of all. */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct samples {
    uint32_t *list; /* microseconds */
    size_t count;
    size_t capacity;
};

void samples_add(struct samples *samples, uint64_t us);
/* Sorts. `share` 0 to 1; 0 when there is nothing. */
double samples_ms(struct samples *samples, double share);
size_t samples_above(const struct samples *samples, uint32_t us);
void samples_free(struct samples *samples);
