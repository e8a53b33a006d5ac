/* POST /v1/audio/transcriptions and whisper.cpp's POST /inference: a file is heard as what is known of its sound, as what a test put
   in line, or by the ears. */
#pragma once

#include "ears.h"
#include "net/server.h"
#include "world.h"

void file_transcribe(struct world *world, struct exchange *exchange,
    const struct http_request *request, bool is_whisper_cpp);
/* False: the result is none of a file's. */
bool file_transcription_heard(struct world *world, const struct ears_result *result);
void file_transcription_cancel(struct world *world, struct exchange *exchange);
void file_transcription_cancel_all(struct world *world);
