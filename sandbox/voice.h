/* The sandbox's voice: espeak-ng into 8 kHz PCM, with the time of every character. One thread at a time. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"

struct voice_character { /* of the text, in order; blanks included */
    uint32_t offset_bytes;
    uint32_t start_ms;
    uint32_t duration_ms;
};

struct voice_audio {
    int16_t *pcm; /* 8000 Hz mono */
    size_t count_samples;
    struct voice_character *characters;
    size_t count_characters;
};

must_use enum err voice_start(void);
void voice_stop(void);
/* `name`: an espeak-ng voice ("en-us"), possibly with a variant ("en-us+f3"); ERR_NOT_FOUND otherwise.
   `speed` 1.0 is normal (0.7–1.2, else ERR_BAD). The loudest sample is at −6 dBFS. Text without a word
   gives 0 samples. The same texts in the same order from voice_start on give the same samples; a repeat
   within one process differs by a fraction of a millisecond (espeak-ng's pitch flutter goes on). */
must_use enum err voice_speak(
    struct voice_audio *out, const char *name, struct slice text, double speed);
void voice_free(struct voice_audio *audio);
