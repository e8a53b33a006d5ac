/* One utterance on its way from audio to text: which words may be said already. Texts come either from
   the ears (growing, revised guesses) or from a script (one word for so much voice). A delta only ever
   extends what was said, as the service's deltas do. Pure. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"
#include "base/strbuf.h"
#include "known_audio.h"
#include "world.h"

struct utterance {
    struct utterance *next; /* list of those that wait for their final */
    uint32_t number;        /* as the ears count them */
    char id[WORLD_ID_SIZE];
    double audio_ms;
    double voiced_ms;
    char *scripted;     /* heap; NULL: the ears decide */
    char *guess;        /* the ears' last partial, heap */
    struct strbuf said; /* the deltas so far, joined */
    struct envelope envelope;
    bool is_failed; /* audio was lost */
};

struct utterance *utterance_create(uint32_t number); /* NULL: no memory */
void utterance_destroy(struct utterance *utterance);

/* Counts audio; voice is what is louder than −45 dBov. */
void utterance_audio(struct utterance *utterance, const int16_t *pcm, size_t count);
/* The words of the script that this much voice allows beyond what was said; may be empty. */
struct slice utterance_script_delta(struct utterance *utterance, unsigned word_ms);
/* The words two guesses in a row agree on, beyond what was said; the last word is never among them. */
struct slice utterance_guess_delta(struct utterance *utterance, const char *guess);
/* What of the final text was not said yet; empty when the deltas took another way. */
struct slice utterance_rest(const struct utterance *utterance, const char *final);
/* Writes down that a delta was said. */
void utterance_said(struct utterance *utterance, struct slice delta);
