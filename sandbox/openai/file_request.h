/* What the two doors for files accept: OpenAI's /v1/audio/transcriptions by its published rules, whisper.cpp's /inference, which asks
   little. Pure. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"
#include "error_body.h"

#define FILE_MAX_BYTES (25u << 20)

enum file_format { FILE_JSON, FILE_TEXT, FILE_SRT, FILE_VERBOSE, FILE_VTT };

struct file_request { /* slices are borrowed from the body */
    struct slice file;
    char model[64];
    char language[8]; /* "": not said */
    enum file_format format;
    bool is_stream;
    bool wants_words;
    bool wants_segments;
    bool wants_logprobs;
    bool is_whisper_cpp;
};

/* ERR_BAD with the error to answer. */
must_use enum err file_request_read(struct file_request *out, struct slice content_type,
    struct slice body, struct api_error *error);
must_use enum err file_request_read_whisper_cpp(struct file_request *out, struct slice content_type,
    struct slice body, struct api_error *error);
/* The samples of the file at 8 kHz, heap. ERR_BAD with the error to answer: no WAV of 16-bit mono PCM, too short. */
must_use enum err file_request_audio(
    const struct file_request *request, int16_t **pcm, size_t *count, struct api_error *error);
