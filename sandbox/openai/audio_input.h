/* Audio as clients append it (base64 of 24 kHz PCM, µ-law or A-law) into 8 kHz PCM. A sample that is cut
   in two by the append's end is kept for the next one. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"
#include "openai/realtime_config.h"

struct resample;
struct audio_input {
    struct resample *resample; /* made when first needed */
    uint8_t half;              /* first byte of a cut sample */
    bool has_half;
};

void audio_input_reset(struct audio_input *input);
/* `*pcm` is heap and the caller's. ERR_BAD: no base64. */
must_use enum err audio_input_decode(struct audio_input *input, enum stt_format format,
    struct slice base64, int16_t **pcm, size_t *count);
