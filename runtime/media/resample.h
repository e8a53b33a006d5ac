/* Sample-rate conversion by speexdsp, for speech-to-text at 24 kHz and for synthesis that is not µ-law. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct resample; /* one direction, one stream */

must_use enum err resample_create(struct resample **out, unsigned from_hz, unsigned to_hz);
void resample_destroy(struct resample *resample);
/* Converts all of `in`; `out` must hold in_count·to/from + 16 samples. Returns the samples written. */
size_t resample_run(
    struct resample *resample, int16_t *out, size_t out_size, const int16_t *in, size_t in_count);
