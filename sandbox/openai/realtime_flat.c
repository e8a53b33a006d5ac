#include "openai/realtime_flat.h"

#include <string.h>

#include "openai/realtime_check.h"

#define SPEACHES_SILENCE_MS 350
#define STAND_IN_MODEL "whisper-1" /* of the current shape, for models it does not know */

static const struct {
    const char *flat;
    const char *type;
} formats[] = {{"pcm16", "audio/pcm"}, {"g711_ulaw", "audio/pcmu"}, {"g711_alaw", "audio/pcma"}};

static json_t *current_format(const char *flat)
{
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
        if (!strcmp(flat, formats[i].flat))
            return json_pack("{s:s}", "type", formats[i].type);
    }
    return NULL;
}

static const char *flat_format(const char *type)
{
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
        if (!strcmp(type, formats[i].type))
            return formats[i].flat;
    }
    return "pcm16";
}

static enum err put_format(
    json_t *input, const json_t *value, enum realtime_dialect dialect, struct api_error *error)
{
    json_t *format = current_format(json_is_string(value) ? json_string_value(value) : "");
    if (format && dialect == DIALECT_BETA) {
        json_object_set_new(input, "format", format);
        return ERR_OK;
    }
    json_decref(format);
    api_error_set(error, 400, dialect == DIALECT_BETA ? "invalid_value" : NULL,
        "session.input_audio_format", "Specifying `session.input_audio_format` is not supported.");
    return ERR_BAD;
}

/* Models of its own are kept beside the stand-in, and told again in its place. */
static void put_transcription(json_t *input, json_t *value, enum realtime_dialect dialect)
{
    json_t *transcription = json_deep_copy(value);
    if (dialect == DIALECT_SPEACHES && json_object_get(transcription, "model"))
        json_object_set_new(transcription, "model", json_string(STAND_IN_MODEL));
    json_object_set_new(input, "transcription", transcription);
}

static enum err fill(
    json_t *input, const json_t *flat, enum realtime_dialect dialect, struct api_error *error)
{
    json_t *format = json_object_get(flat, "input_audio_format");
    json_t *transcription = json_object_get(flat, "input_audio_transcription");
    json_t *noise = json_object_get(flat, "input_audio_noise_reduction");
    json_t *detection = json_object_get(flat, "turn_detection");
    if (transcription)
        put_transcription(input, transcription, dialect);
    if (noise)
        json_object_set(input, "noise_reduction", noise);
    if (detection)
        json_object_set(input, "turn_detection", detection);
    return format ? put_format(input, format, dialect, error) : ERR_OK;
}

json_t *realtime_flat_update(
    const json_t *flat, enum realtime_dialect dialect, struct api_error *error)
{
    static const char *const keys[] = {"input_audio_format", "input_audio_transcription",
        "turn_detection", "input_audio_noise_reduction", "include", NULL};
    json_t *input = json_object();
    enum err err = realtime_check_keys(flat, "session", keys, error);
    if (!err)
        err = fill(input, flat, dialect, error);
    if (err) {
        json_decref(input);
        return NULL;
    }
    return json_pack("{s:s s:{s:o} s:O*}", "type", "transcription", "audio", "input", input,
        "include", json_object_get(flat, "include"));
}

json_t *realtime_flat_session(const json_t *config, enum realtime_dialect dialect)
{
    json_t *input = json_object_get(json_object_get(config, "audio"), "input");
    json_t *transcription = json_deep_copy(json_object_get(input, "transcription"));
    json_t *model = json_object_get(config, "model");
    if (model && json_is_object(transcription))
        json_object_set(transcription, "model", model);
    const char *format = realtime_text(json_object_get(input, "format"), "type");
    return json_pack("{s:O s:s s:s s:o s:O s:O* s:O*}", "id", json_object_get(config, "id"),
        "object", dialect == DIALECT_BETA ? "realtime.transcription_session" : "realtime.session",
        "input_audio_format", flat_format(format), "input_audio_transcription",
        transcription ? transcription : json_null(), "turn_detection",
        json_object_get(input, "turn_detection"), "expires_at",
        dialect == DIALECT_BETA ? json_object_get(config, "expires_at") : NULL, "include",
        json_object_get(config, "include"));
}

void realtime_flat_begin(json_t *config, const char *model)
{
    json_t *input = json_object_get(json_object_get(config, "audio"), "input");
    json_object_set_new(config, "model", json_string(model));
    json_object_set_new(input, "transcription", json_pack("{s:s}", "model", STAND_IN_MODEL));
    json_object_set_new(json_object_get(input, "turn_detection"), "silence_duration_ms",
        json_integer(SPEACHES_SILENCE_MS));
}
