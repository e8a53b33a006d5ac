/* The server events of a realtime transcription session, as JSON text. Pure; each returns heap text, NULL
   when memory ran out. */
#pragma once

#include <jansson.h>
#include <stdint.h>

#include "base/slice.h"
#include "error_body.h"
#include "openai/realtime_config.h"

char *event_session(const char *type, const json_t *config); /* session.created, session.updated */
/* `client_event_id` may be NULL. */
char *event_error(const struct api_error *error, const char *client_event_id);
char *event_committed(const char *item_id, const char *previous_item_id);
/* conversation.item.added and .done; `previous_item_id` "" is null. */
char *event_item(const char *type, const char *item_id, const char *previous_item_id);
char *event_speech(const char *type, const char *item_id, uint64_t at_ms); /* …started, …stopped */
char *event_cleared(void);
char *event_delta(const char *item_id, struct slice delta);
char *event_completed(
    const struct stt_plan *plan, const char *item_id, const char *transcript, double audio_ms);
char *event_failed(const char *item_id, const struct api_error *error);
