/* POST /v1/audio/transcriptions, and what servers that people run themselves make of it: the request as bytes, the answer in
   each of its forms. Pure.

       whisper-1, whisper.cpp, speaches   verbose_json   words with times, segments with probabilities
       gpt-4o-transcribe and its like     json           the text alone

   Segments that the model itself doubts are dropped, and their words with them. */
#pragma once

#include <jansson.h>
#include <stdbool.h>

#include "base/err.h"
#include "base/slice.h"
#include "base/strbuf.h"
#include "providers/openai_chat_codec.h"
#include "providers/stt.h"

#define FILES_BOUNDARY_SIZE 48
#define FILES_WORDS_MAX 256 /* more than 15 s of speech have; the rest has no times */
#define FILES_TEXT_BYTES (16 * 1024)

enum files_format { FILES_JSON, FILES_VERBOSE, FILES_TEXT, FILES_STREAM };

/* What settings ask for, else what their model can. ERR_BAD: no such format. */
must_use enum err files_format_find(enum files_format *out, const struct stt_settings *settings);
/* The multipart body; `boundary` occurs in none of its parts. ERR_FULL: over what `out` may hold. */
must_use enum err files_request(struct strbuf *out, char boundary[FILES_BOUNDARY_SIZE],
    const struct stt_settings *settings, enum files_format format, struct slice wav);

struct transcript {
    struct strbuf text; /* trimmed, valid UTF-8 */
    struct stt_word
        words[FILES_WORDS_MAX]; /* times from the file's start; they point into `root` */
    size_t count;               /* 0: the server told none */
    size_t seen;                /* words that were looked at, those in doubt too */
    unsigned dropped;           /* segments the model doubts */
    json_t *root;
};

/* ERR_BAD: not an answer; ERR_REFUSED: an error in spite of its status, `code` says which (whisper.cpp). Free it after ERR_OK
   only. `no_speech_max` 0: the usual. */
must_use enum err files_decode(struct transcript *out, enum files_format format,
    struct slice content_type, struct slice body, double no_speech_max, char code[CHAT_CODE_SIZE]);
void transcript_free(struct transcript *transcript);
