/* What a speech request asks for, and what the service refuses. Pure. */
#pragma once

#include <jansson.h>
#include <stdbool.h>

#include "base/err.h"
#include "base/slice.h"
#include "error_body.h"

#define OPENAI_SPEECH_HZ 24000
#define OPENAI_SPEECH_INPUT_MAX 4096 /* characters, of the input and of the instructions */

struct speech_wish { /* borrowed from the JSON it was read from */
    struct slice input;
    const char *voice; /* espeak-ng's name */
    double speed;
    bool is_wav; /* else PCM16 alone */
    bool is_sse; /* audio as events */
};

/* ERR_BAD with the error to send. */
must_use enum err speech_wish_read(
    struct speech_wish *out, const json_t *body, struct api_error *error);
