/* The configuration of a realtime transcription session, GA shape: defaults, updates and what the service
   refuses. Pure. Omitted fields keep their value, null clears the nullable ones, an update that is
   refused changes nothing. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "error_body.h"

/* When a model says what it hears. */
enum stt_mode {
    STT_NONE,         /* no transcription asked for */
    STT_LIVE,         /* deltas while audio arrives; the client commits */
    STT_AFTER_COMMIT, /* deltas once the item is committed */
    STT_WHOLE,        /* one delta with the whole text */
    STT_QUIET,        /* the completion is all (speaches) */
};

enum stt_format { STT_PCM_24K, STT_PCMU, STT_PCMA };

enum stt_detection { DETECT_NONE, DETECT_SERVER, DETECT_SEMANTIC };

/* What the session acts on, read from its configuration. */
struct stt_plan {
    enum stt_mode mode;
    enum stt_format format;
    enum stt_detection detection;
    unsigned silence_ms; /* of the detection */
    bool wants_logprobs;
};

json_t *realtime_config_create(const char *session_id, uint64_t expires_at_s); /* NULL: no memory */
/* `update` is the "session" of a session.update. ERR_BAD with the error to send. */
must_use enum err realtime_config_update(
    json_t *config, const json_t *update, struct api_error *error);
/* Turns voice detection on where it is off, as a server does that cannot do without. */
void realtime_config_detect(json_t *config);
struct stt_plan realtime_config_plan(const json_t *config);
