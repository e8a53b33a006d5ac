/* What a session.update may say, field by field: each answers ERR_BAD with the error to send. Pure. */
#pragma once

#include <jansson.h>
#include <stdbool.h>

#include "base/err.h"
#include "error_body.h"

#define REALTIME_INPUT "session.audio.input"
#define REALTIME_TRANSCRIPTION REALTIME_INPUT ".transcription"
#define REALTIME_DETECTION REALTIME_INPUT ".turn_detection"

/* The text under `key`, "" when it is missing or no text. */
const char *realtime_text(const json_t *object, const char *key);
bool realtime_is_live_model(const char *model); /* speaks while audio arrives, takes no detection */
must_use enum err realtime_refuse(
    struct api_error *error, const char *code, const char *param, const char *message);
/* ERR_BAD for a value that is no object or has a key outside `known` (ends with NULL). */
must_use enum err realtime_check_keys(
    const json_t *object, const char *path, const char *const *known, struct api_error *error);
must_use enum err realtime_check_format(const json_t *format, struct api_error *error);
must_use enum err realtime_check_noise_reduction(const json_t *value, struct api_error *error);
/* `value` is the transcription as it would be after the update. */
must_use enum err realtime_check_transcription(const json_t *value, struct api_error *error);
must_use enum err realtime_check_detection(const json_t *value, struct api_error *error);
must_use enum err realtime_check_include(const json_t *include, struct api_error *error);
