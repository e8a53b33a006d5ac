/* Texts whose speech is a given recording: what a test puts in line, so that every sample a caller hears can be told apart.
   The text is compared without the blanks around it. Others are noise, word by word, when that is asked (word_sound.h). Pure. */
#pragma once

#include <jansson.h>

#include "base/err.h"
#include "voice.h"

struct known_speech_entry;
struct known_speech { /* zeroed is empty */
    struct known_speech_entry *entries;
    size_t count;
    unsigned word_ms; /* 0: what is not known is left to the voice */
};

void known_speech_clear(struct known_speech *known);
/* {"by_text":[{"text":"…","mulaw":"<base64>"}],"word_ms":160}; the newest of a text counts. ERR_BAD: wrong shape;
   ERR_FULL: a hundred are known. */
must_use enum err known_speech_add(struct known_speech *known, const json_t *wish);
/* As voice_speak, each character taking an equal share of the time. ERR_NOT_FOUND: none is known for this text. */
must_use enum err known_speech_speak(
    const struct known_speech *known, struct voice_audio *out, struct slice text);
