/* The flat shapes of a transcription session, from before the service's GA: what they say is turned into the current
   shape and back. Pure.

   beta      transcription_session.update and …created, …updated; any format; the service's models
   speaches  session.update with the same fields; 24 kHz PCM16 only; any model, in the query; completions only, and
             mistakes without a code */
#pragma once

#include <jansson.h>

#include "base/err.h"
#include "error_body.h"

enum realtime_dialect { DIALECT_CURRENT, DIALECT_BETA, DIALECT_SPEACHES };

/* The update in the current shape; NULL with the error to send. */
json_t *realtime_flat_update(
    const json_t *flat, enum realtime_dialect dialect, struct api_error *error);
/* A configuration as the dialect tells it; NULL: no memory. */
json_t *realtime_flat_session(const json_t *config, enum realtime_dialect dialect);
/* speaches: the configuration of a session that begins, as far as it differs. */
void realtime_flat_begin(json_t *config, const char *model);
