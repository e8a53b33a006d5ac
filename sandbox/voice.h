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
/* `voice`: an espeak-ng voice name ("en-us"), possibly with a variant ("en-us+f3"). `speed` 1.0 is normal (0.7–1.2). */
must_use enum err voice_speak(struct voice_audio *out, const char *voice, struct slice text, double speed);
void voice_free(struct voice_audio *audio);
