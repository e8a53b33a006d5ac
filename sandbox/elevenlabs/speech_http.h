/* The HTTP side of speech: POST /v1/text-to-speech/{voice} and …/stream, voices, models, subscription. */
#pragma once

#include <stdbool.h>

#include "world.h"

/* `is_stream`: audio in chunks at the service's pace; else one body. */
void speech_http_speak(struct world *world, struct exchange *exchange,
    const struct http_request *request, struct slice voice_id, bool is_stream);
void speech_http_voices(struct world *world, struct exchange *exchange, bool is_paged);
void speech_http_models(struct world *world, struct exchange *exchange);
void speech_http_subscription(struct world *world, struct exchange *exchange);
