/* Sound without a capture: a caller alone, heard by the ear, and the engine's opinion of where turns end. Words stand in: each
   utterance is final, with a few words, so long after it was committed; the agent's answers take no time and are not heard. */
#pragma once

#include <jansson.h>

#include "callflow/turn.h"
#include "media/ear.h"
#include "replay/file.h"

#define RAW_MAX_MS (2u * 3600 * 1000)

struct raw_settings {
    struct turn_settings turn;
    struct ear_settings ear;
    unsigned words_after_ms; /* an utterance's commit */
};

/* 16-bit mono WAV of any rate, or what begins with no RIFF: µ-law of 8000 Hz. Heap. ERR_BAD: `why` says what is wrong. */
must_use enum err raw_sound(
    struct slice file, uint8_t **ulaw, size_t *len, char why[REPLAY_WHY_SIZE]);
/* {"duration_ms", "voice":[{"from_ms","to_ms"}], "keys":[{"at_ms","key"}], "turns":[{"at_ms","from_ms","to_ms","why",
   "drafted_ms"?}]}; NULL: no memory. */
json_t *raw_listen(const struct raw_settings *settings, const uint8_t *ulaw, size_t len);
