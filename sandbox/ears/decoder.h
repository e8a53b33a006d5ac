/* One pocketsphinx decoder for telephone-band audio: 8 kHz in, words of the grammar out. The en-us model knows 16 kHz
   speech, so the band it misses is filled with a constant quiet noise, and the model's means are projected onto
   what is left (telephone.mllr, see README.md). One thread at a time; loading takes some 100 ms. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define DECODER_CEPSTRA 13

struct decoder_options {
    const char *model_path;
    const char *dictionary_path;
    const char
        *grammar_path; /* telephone.mllr and telephone.params are used when they lie beside it */
};

struct decoder_memory { /* what a line sounds like: kept between the utterances of one session */
    float means[DECODER_CEPSTRA];
};

struct decoder;
must_use enum err decoder_create(
    struct decoder **out, const struct decoder_options *options, char why[256]);
void decoder_destroy(struct decoder *decoder);
/* Before the first utterance of a session. */
void decoder_forget(const struct decoder *decoder, struct decoder_memory *memory);

/* begin, feed and text as often as wished, end. */
must_use enum err decoder_begin(struct decoder *decoder, const struct decoder_memory *memory);
void decoder_feed(struct decoder *decoder, const int16_t *pcm, size_t count); /* 8 kHz */
/* Best words so far, lower case with single blanks; "" when there are none. Valid until the next call. */
const char *decoder_text(struct decoder *decoder);
/* The words of the whole utterance; learns from it what the line sounds like. */
const char *decoder_end(struct decoder *decoder, struct decoder_memory *memory);
