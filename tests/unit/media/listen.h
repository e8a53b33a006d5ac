/* Voice activity over a whole recording, as a call runs it. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "media/vad.h"

struct heard {
    unsigned starts;
    unsigned ends;
    double first_start_ms; /* when the event came; −1: none */
    double last_end_ms;
    double speech_ms; /* between starts and ends */
    int is_speech;    /* at the end */
};

/* Looks for starts after `from_ms`; `played`, when there is one, is what we said meanwhile, by our clock. */
struct heard listen_over(const int16_t *pcm, const int16_t *played, size_t count, double from_ms,
    const struct vad_settings *settings);
struct heard listen(const int16_t *pcm, size_t count, const struct vad_settings *settings);
