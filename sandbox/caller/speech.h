/* The caller's lines as µ-law, made before the call so that nothing stalls its clock. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "caller/scenario.h"

#define SPEECH_WHY_SIZE 300

struct speech { /* one step's audio; empty for steps that make none */
    uint8_t *ulaw;
    size_t len; /* bytes, a whole number of frames, the last one voiced */
};

struct speeches {
    struct speech of_step[SCENARIO_STEPS_MAX];
};

/* `folder`: what the file names of `play` are relative to. `why` names the line. Starts the voice when
   there is something to say and leaves it running: espeak-ng that is ended right after it was started
   can wait for its own thread for ever. */
must_use enum err speeches_make(struct speeches *out, const struct scenario *scenario,
    const char *folder, char why[SPEECH_WHY_SIZE]);
void speeches_free(struct speeches *speeches);
/* Whether a frame of the agent would be heard as speech: louder than about -44 dBFS. */
#define SPEECH_AUDIBLE_RMS 200
unsigned speech_rms(const uint8_t *ulaw, size_t len);
