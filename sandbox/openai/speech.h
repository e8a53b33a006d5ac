/* POST /v1/audio/speech: texts spoken by the sandbox's voice, as 24 kHz PCM or WAV. Other formats it does not speak. */
#pragma once

#include "world.h"

void openai_speak(
    struct world *world, struct exchange *exchange, const struct http_request *request);
