#include "wire/samples.h"

#include <assert.h>
#include <stdlib.h>

void samples_add(struct samples *samples, uint64_t us)
{
    if (samples->count == samples->capacity) {
        samples->capacity = samples->capacity ? 2 * samples->capacity : 1024;
        samples->list = realloc(samples->list, samples->capacity * sizeof *samples->list);
        assert(samples->list);
    }
    samples->list[samples->count++] = us < UINT32_MAX ? (uint32_t)us : UINT32_MAX;
}

static int by_value(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

double samples_ms(struct samples *samples, double share)
{
    if (!samples->count)
        return 0;
    qsort(samples->list, samples->count, sizeof *samples->list, by_value);
    return samples->list[(size_t)(share * (double)(samples->count - 1) + 0.5)] / 1000.0;
}

size_t samples_above(const struct samples *samples, uint32_t us)
{
    size_t above = 0;
    for (size_t i = 0; i < samples->count; i++)
        above += samples->list[i] > us;
    return above;
}

void samples_free(struct samples *samples)
{
    free(samples->list);
    *samples = (struct samples){0};
}
