#include <stdlib.h>
#include <string.h>

#include "openai/transcription_events.h"
#include "openai/transcription_internal.h"

static void on_append(struct transcription *session, const json_t *event, const char *event_id)
{
    struct api_error error;
    const json_t *audio = json_object_get(event, "audio");
    int16_t *pcm = NULL;
    size_t count = 0;
    if (!json_is_string(audio)) {
        api_error_set(&error, 400, "missing_required_parameter", "audio",
            "Missing required parameter: 'audio'.");
        transcription_error(session, &error, event_id);
        return;
    }
    struct slice text = {json_string_value(audio), json_string_length(audio)};
    if (audio_input_decode(&session->input, session->plan.format, text, &pcm, &count)) {
        api_error_set(&error, 400, "invalid_value", "audio",
            "Invalid 'audio'. Expected base64-encoded audio bytes.");
        transcription_error(session, &error, event_id);
        return;
    }
    transcription_hear(session, pcm, count);
    free(pcm);
}

static void on_commit(struct transcription *session, const json_t *event, const char *event_id)
{
    double audio_ms = session->current ? session->current->audio_ms : 0;
    if (audio_ms >= LEAST_COMMIT_MS - 1) { /* the resampler keeps a part of a millisecond */
        transcription_commit(session);
        return;
    }
    struct api_error error;
    api_error_set(&error, 400, "input_audio_buffer_commit_empty", NULL,
        "The input audio buffer is too small to commit: %.2f ms where at least %d ms are needed.",
        audio_ms, LEAST_COMMIT_MS);
    transcription_error(session, &error, event_id);
}

static void on_clear(struct transcription *session, const json_t *event, const char *event_id)
{
    transcription_forget(session);
    transcription_say(session, event_cleared());
}

/* speaches complains about a field and goes on with the rest. */
static enum err apply_flat(
    struct transcription *session, const json_t *update, struct api_error *error)
{
    json_t *rest = json_copy((json_t *)update);
    if (session->dialect == DIALECT_SPEACHES && json_object_get(rest, "input_audio_format")) {
        (void)realtime_flat_update(rest, session->dialect, error);
        transcription_error(session, error, NULL);
        json_object_del(rest, "input_audio_format");
    }
    json_t *model = json_object_get(json_object_get(rest, "input_audio_transcription"), "model");
    if (session->dialect == DIALECT_SPEACHES && model)
        json_object_set(session->config, "model", model);
    json_t *current = realtime_flat_update(rest, session->dialect, error);
    enum err err = current ? realtime_config_update(session->config, current, error) : ERR_BAD;
    json_decref(current);
    json_decref(rest);
    return err;
}

static enum err apply(struct transcription *session, const json_t *update, struct api_error *error)
{
    if (session->dialect != DIALECT_CURRENT)
        return apply_flat(session, update, error);
    return realtime_config_update(session->config, update, error);
}

static void on_update(struct transcription *session, const json_t *event, const char *event_id)
{
    struct api_error error;
    const json_t *update = json_object_get(event, "session");
    if (!update) {
        api_error_set(&error, 400, "missing_required_parameter", "session",
            "Missing required parameter: 'session'.");
        transcription_error(session, &error, event_id);
        return;
    }
    enum err err = apply(session, update, &error);
    if (err == ERR_NOMEM)
        api_error_set(&error, 500, NULL, NULL, "The server had an error.");
    if (err) {
        transcription_error(session, &error, event_id);
        return;
    }
    transcription_follow_plan(session);
    transcription_tell_session(session, false);
}

static void on_beta_update(struct transcription *session, const json_t *event, const char *event_id)
{
    if (session->dialect == DIALECT_BETA) {
        on_update(session, event, event_id);
        return;
    }
    struct api_error error;
    api_error_set(&error, 400, "beta_api_shape_disabled", "type",
        "The beta shape of the Realtime API is no longer supported.");
    transcription_end(session, &error, 4000);
}

static const struct {
    const char *type;
    void (*fn)(struct transcription *session, const json_t *event, const char *event_id);
    const char *const *keys; /* known besides type and event_id */
} client_events[] = {
    {"input_audio_buffer.append", on_append, (const char *const[]){"audio", NULL}},
    {"input_audio_buffer.commit", on_commit, (const char *const[]){NULL}},
    {"input_audio_buffer.clear", on_clear, (const char *const[]){NULL}},
    {"session.update", on_update, (const char *const[]){"session", NULL}},
    {"transcription_session.update", on_beta_update, (const char *const[]){"session", NULL}},
};

/* The first key of `event` the service does not know; NULL: none. */
static const char *unknown_key(const json_t *event, const char *const *keys)
{
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)event, key, value)
    {
        bool is_known = !strcmp(key, "type") || !strcmp(key, "event_id");
        for (size_t i = 0; keys[i]; i++)
            is_known = is_known || !strcmp(keys[i], key);
        if (!is_known)
            return key;
    }
    return NULL;
}

void transcription_dispatch(struct transcription *session, const json_t *event)
{
    struct api_error error;
    const char *type = json_string_value(json_object_get(event, "type"));
    const char *event_id = json_string_value(json_object_get(event, "event_id"));
    for (size_t i = 0; type && i < sizeof client_events / sizeof *client_events; i++) {
        if (strcmp(type, client_events[i].type))
            continue;
        const char *unknown = unknown_key(event, client_events[i].keys);
        if (!unknown) {
            client_events[i].fn(session, event, event_id);
            return;
        }
        api_error_set(
            &error, 400, "unknown_parameter", unknown, "Unknown parameter: '%.60s'.", unknown);
        transcription_error(session, &error, event_id);
        return;
    }
    api_error_set(&error, 400, type ? "invalid_value" : "missing_required_parameter", "type",
        "Invalid value: '%.60s'. It is no client event of a transcription session.",
        type ? type : "");
    transcription_error(session, &error, event_id);
}
