/* What a speech request asks for in its path, query and settings, and what the service refuses. Pure. */
#pragma once

#include <jansson.h>
#include <stdbool.h>

#include "base/err.h"
#include "base/slice.h"
#include "error_body.h"

struct speech_options {
    char voice_id[64];
    const char *voice; /* espeak-ng's name; NULL: the sandbox's default */
    char model[64];
    unsigned max_characters; /* of the model */
    unsigned rate_hz;        /* of the audio */
    bool is_ulaw;            /* else PCM16, little-endian */
    unsigned inactivity_ms;  /* WebSocket: 20 s unless asked */
    bool is_auto;            /* WebSocket: every message is spoken at once */
};

/* ERR_BAD with the error to send. `is_socket`: by the rules of the WebSocket endpoints. */
must_use enum err speech_options_read(struct speech_options *out, struct slice voice_id,
    struct slice query, bool is_socket, struct api_error *error);
/* A model named in a body; "" keeps the one of the query. */
must_use enum err speech_options_model(
    struct speech_options *options, const char *model, bool is_socket, struct api_error *error);
must_use enum err speech_options_language(
    const struct speech_options *options, const char *language, struct api_error *error);
/* `settings` may be NULL. `*speed` is 1 unless they set it. */
must_use enum err speech_settings_check(
    const json_t *settings, double *speed, struct api_error *error);

/* The espeak-ng voice of an id: "" for the default; NULL: there is no such voice. */
const char *speech_voice(const char *voice_id);
json_t *speech_voice_list(void);
json_t *speech_model_list(void);
