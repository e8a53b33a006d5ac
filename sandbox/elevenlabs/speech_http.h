/* The HTTP side of speech: POST /v1/text-to-speech/{voice}, …/stream and …/stream/with-timestamps, voices, models, subscription. */
#pragma once

#include <stdbool.h>

#include "world.h"

enum speech_form {
    SPEECH_WHOLE,        /* one body */
    SPEECH_STREAM,       /* audio in chunks at the service's pace */
    SPEECH_TIMED_STREAM, /* the same as JSON objects, a line each, with the times of characters */
};
void speech_http_speak(struct world *world, struct exchange *exchange,
    const struct http_request *request, struct slice voice_id, enum speech_form form);
void speech_http_voices(struct world *world, struct exchange *exchange, bool is_paged);
void speech_http_models(struct world *world, struct exchange *exchange);
void speech_http_subscription(struct world *world, struct exchange *exchange);
