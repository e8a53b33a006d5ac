#include "openai/realtime_config.h"

#include <string.h>

#include "openai/realtime_check.h"

static json_t *default_detection(void)
{
    return json_pack("{s:s s:f s:i s:i}", "type", "server_vad", "threshold", 0.5,
        "prefix_padding_ms", 300, "silence_duration_ms", 500);
}

/* Detection of another type starts from that type's defaults. */
static void merge_detection(json_t *input, json_t *value)
{
    json_t *old = json_object_get(input, "turn_detection");
    if (json_is_null(value) || strcmp(realtime_text(old, "type"), realtime_text(value, "type"))) {
        bool is_server = !strcmp(realtime_text(value, "type"), "server_vad");
        json_object_set_new(input, "turn_detection",
            json_is_null(value) ? json_null()
            : is_server         ? default_detection()
                        : json_pack("{s:s s:s}", "type", "semantic_vad", "eagerness", "auto"));
    }
    if (json_is_object(value))
        json_object_update(json_object_get(input, "turn_detection"), value);
}

static void merge_transcription(json_t *input, json_t *value)
{
    if (json_is_null(value)) {
        json_object_set_new(input, "transcription", json_null());
        return;
    }
    if (!json_is_object(json_object_get(input, "transcription")))
        json_object_set_new(input, "transcription", json_object());
    json_object_update(json_object_get(input, "transcription"), value);
}

static void merge_format(json_t *input, json_t *value)
{
    json_t *format = json_copy(value);
    if (!strcmp(realtime_text(format, "type"), "audio/pcm"))
        json_object_set_new(format, "rate", json_integer(24000));
    json_object_set_new(input, "format", format);
}

static enum err merge_input(json_t *input, const json_t *update, struct api_error *error)
{
    static const char *const keys[] = {
        "format", "noise_reduction", "transcription", "turn_detection", NULL};
    enum err err = realtime_check_keys(update, REALTIME_INPUT, keys, error);
    if (err)
        return err;
    json_t *format = json_object_get(update, "format");
    json_t *noise = json_object_get(update, "noise_reduction");
    json_t *transcription = json_object_get(update, "transcription");
    json_t *detection = json_object_get(update, "turn_detection");
    if (format) {
        if ((err = realtime_check_format(format, error)))
            return err;
        merge_format(input, format);
    }
    if (noise) {
        if ((err = realtime_check_noise_reduction(noise, error)))
            return err;
        json_object_set(input, "noise_reduction", noise);
    }
    if (detection) {
        if ((err = realtime_check_detection(detection, error)))
            return err;
        merge_detection(input, detection);
    }
    if (transcription) {
        if (!json_is_object(transcription) && !json_is_null(transcription))
            return realtime_refuse(error, "invalid_value", REALTIME_TRANSCRIPTION,
                "Invalid value for the transcription: expected an object or null.");
        merge_transcription(input, transcription);
    }
    return realtime_check_transcription(json_object_get(input, "transcription"), error);
}

static enum err check_together(const json_t *input, struct api_error *error)
{
    const char *model = realtime_text(json_object_get(input, "transcription"), "model");
    if (realtime_is_live_model(model) && !json_is_null(json_object_get(input, "turn_detection")))
        return realtime_refuse(error, "invalid_value", REALTIME_DETECTION,
            "Turn detection is not supported for this transcription model.");
    return ERR_OK;
}

static enum err merge_audio(json_t *config, const json_t *audio, struct api_error *error)
{
    static const char *const keys[] = {"input", NULL};
    enum err err = realtime_check_keys(audio, "session.audio", keys, error);
    const json_t *update = json_object_get(audio, "input");
    if (err || !update)
        return err;
    json_t *input = json_object_get(json_object_get(config, "audio"), "input");
    err = merge_input(input, update, error);
    return err ? err : check_together(input, error);
}

static enum err merge(json_t *config, const json_t *update, struct api_error *error)
{
    static const char *const keys[] = {"type", "audio", "include", NULL};
    if (json_is_object(update) && !json_object_get(update, "type"))
        return realtime_refuse(error, "missing_required_parameter", "session.type",
            "Missing required parameter: 'session.type'.");
    if (json_is_object(update) && strcmp(realtime_text(update, "type"), "transcription"))
        return realtime_refuse(error, "invalid_value", "session.type",
            "Passing a realtime session update event to a transcription session is not allowed.");
    enum err err = realtime_check_keys(update, "session", keys, error);
    if (err)
        return err;
    json_t *include = json_object_get(update, "include");
    if (include) {
        if ((err = realtime_check_include(include, error)))
            return err;
        json_object_set(config, "include", include);
    }
    const json_t *audio = json_object_get(update, "audio");
    return audio ? merge_audio(config, audio, error) : ERR_OK;
}

/* ---- public ---- */

json_t *realtime_config_create(const char *session_id, uint64_t expires_at_s)
{
    return json_pack("{s:s s:s s:s s:I s:{s:{s:{s:s s:i} s:n s:n s:o}} s:n}", "type",
        "transcription", "id", session_id, "object", "realtime.transcription_session", "expires_at",
        (json_int_t)expires_at_s, "audio", "input", "format", "type", "audio/pcm", "rate", 24000,
        "noise_reduction", "transcription", "turn_detection", default_detection(), "include");
}

enum err realtime_config_update(json_t *config, const json_t *update, struct api_error *error)
{
    json_t *draft = json_deep_copy(config);
    if (!draft)
        return ERR_NOMEM;
    enum err err = merge(draft, update, error);
    if (!err) {
        json_object_clear(config);
        json_object_update(config, draft);
    }
    json_decref(draft);
    return err;
}

void realtime_config_detect(json_t *config)
{
    json_t *input = json_object_get(json_object_get(config, "audio"), "input");
    if (!json_is_object(json_object_get(input, "turn_detection")))
        json_object_set_new(input, "turn_detection", default_detection());
}

static enum stt_mode mode_of(const char *model)
{
    if (!model[0])
        return STT_NONE;
    if (realtime_is_live_model(model))
        return STT_LIVE;
    return strcmp(model, "whisper-1") ? STT_AFTER_COMMIT : STT_WHOLE;
}

static unsigned semantic_wait_ms(const char *eagerness)
{
    if (!strcmp(eagerness, "low"))
        return 8000;
    return strcmp(eagerness, "high") ? 4000 : 2000;
}

struct stt_plan realtime_config_plan(const json_t *config)
{
    const json_t *input = json_object_get(json_object_get(config, "audio"), "input");
    const json_t *detection = json_object_get(input, "turn_detection");
    const char *format = realtime_text(json_object_get(input, "format"), "type");
    struct stt_plan plan = {
        .mode = mode_of(realtime_text(json_object_get(input, "transcription"), "model")),
        .format = !strcmp(format, "audio/pcmu")   ? STT_PCMU
                  : !strcmp(format, "audio/pcma") ? STT_PCMA
                                                  : STT_PCM_24K,
        .wants_logprobs = json_array_size(json_object_get(config, "include")) > 0,
    };
    if (!strcmp(realtime_text(detection, "type"), "server_vad")) {
        plan.detection = DETECT_SERVER;
        plan.silence_ms =
            (unsigned)json_integer_value(json_object_get(detection, "silence_duration_ms"));
    } else if (json_is_object(detection)) {
        plan.detection = DETECT_SEMANTIC;
        plan.silence_ms = semantic_wait_ms(realtime_text(detection, "eagerness"));
    }
    return plan;
}
