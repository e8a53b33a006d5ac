/* A client message of the speech WebSockets, read and checked. Pure. */
#pragma once

#include <jansson.h>
#include <stdbool.h>

#include "base/err.h"
#include "base/slice.h"
#include "error_body.h"

#define SPEECH_SCHEDULE 8

struct speech_input { /* borrowed from the JSON it was read from */
    bool has_text;
    struct slice text;
    const char *context_id; /* NULL: not named */
    bool flush;
    bool close_context;
    bool close_socket;
    json_t *settings; /* what only a first message may carry, one object; NULL: nothing. Owned. */
    double speed;
    unsigned schedule[SPEECH_SCHEDULE];
    size_t schedule_count; /* 0: not given */
};

/* ERR_BAD with the error to send. On success speech_input_free is owed. */
must_use enum err speech_input_read(
    struct speech_input *out, const json_t *message, struct api_error *error);
void speech_input_free(struct speech_input *input);
