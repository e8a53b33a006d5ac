/* Text into the audio a request asked for, in the pieces the service sends: 250 to 500 ms each, with the
   characters that begin in each piece. */
#pragma once

#include <jansson.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"
#include "elevenlabs/speech_options.h"
#include "known_speech.h"
#include "voice.h"

struct speech_piece {
    uint32_t start_ms; /* from the beginning of this rendering */
    uint32_t duration_ms;
    struct slice audio; /* encoded as the options ask */
    const struct voice_character
        *characters; /* that begin in it; times from the rendering's start */
    size_t count_characters;
    struct slice text; /* all of the rendering's */
};
typedef void (*speech_piece_fn)(void *owner, const struct speech_piece *piece);

/* Calls `each` in order, at least once unless the text is blank. `default_voice` for ids without their
   own; `known` texts are not spoken but played. `*audio_ms` is the whole length. */
must_use enum err speech_render(const struct speech_options *options, const char *default_voice,
    const struct known_speech *known, struct slice text, double speed, speech_piece_fn each,
    void *owner, uint32_t *audio_ms);

/* {"chars":[…],"charStartTimesMs":[…],"charDurationsMs":[…]}, times from the piece's start;
   `docs_spelling`: "charsDurationsMs" as in the published schema. */
json_t *speech_alignment(const struct speech_piece *piece, bool docs_spelling);
/* {"characters":[…],"character_start_times_seconds":[…],"character_end_times_seconds":[…]}, times from the rendering's start. */
json_t *speech_alignment_seconds(const struct speech_piece *piece);
