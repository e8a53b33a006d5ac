/* A realtime transcription session over one accepted WebSocket: GET /v1/realtime?intent=transcription, and two older
   shapes of it below /beta and /speaches. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "world.h"

bool transcription_is_path(struct slice path);
/* 101, or the status that the upgrade is refused with. */
int transcription_door(const struct http_request *request, bool has_key);
/* Takes the socket over; it is closed when memory runs out. */
void transcription_accept(struct world *world, struct ws *ws, const struct http_request *request);
/* What the ears heard; frees nothing. Unknown sessions (gone by now) are ignored. */
void transcription_heard(struct world *world, const struct ears_result *result);
/* A fault that was just set breaks the sessions that are open already. */
void transcription_break_all(struct world *world, const struct fault *fault);
void transcription_close_all(struct world *world);
