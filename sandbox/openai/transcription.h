/* A realtime transcription session over one accepted WebSocket: GET /v1/realtime?intent=transcription. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "world.h"

/* Takes the socket over; it is closed when memory runs out. */
void transcription_accept(struct world *world, struct ws *ws, const struct http_request *request);
/* What the ears heard; frees nothing. Unknown sessions (gone by now) are ignored. */
void transcription_heard(struct world *world, const struct ears_result *result);
/* A fault that was just set breaks the sessions that are open already. */
void transcription_break_all(struct world *world, const struct fault *fault);
void transcription_close_all(struct world *world);
