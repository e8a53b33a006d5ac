#include "openai/realtime_config.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#define INPUT "session.audio.input"

static enum err refuse(
    struct api_error *error, const char *code, const char *param, const char *message)
{
    api_error_set(error, 400, code, param, "%s", message);
    return ERR_BAD;
}

static enum err refuse_value(struct api_error *error, const char *param, const char *expected)
{
    api_error_set(
        error, 400, "invalid_value", param, "Invalid value for '%s': %s.", param, expected);
    return ERR_BAD;
}

/* ERR_BAD for a value that is no object or has a key outside `known` (ends with NULL). */
static enum err check_keys(
    const json_t *object, const char *path, const char *const *known, struct api_error *error)
{
    if (!json_is_object(object)) {
        api_error_set(
            error, 400, "invalid_type", path, "Invalid type for '%s': expected an object.", path);
        return ERR_BAD;
    }
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)object, key, value)
    {
        bool is_known = false;
        for (size_t i = 0; known[i]; i++)
            is_known = is_known || !strcmp(known[i], key);
        if (!is_known) {
            char param[96];
            snprintf(param, sizeof param, "%s.%.40s", path, key);
            api_error_set(
                error, 400, "unknown_parameter", param, "Unknown parameter: '%s'.", param);
            return ERR_BAD;
        }
    }
    return ERR_OK;
}

/* The text under `key`, "" when it is missing or no text. */
static const char *text_at(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

static bool is_one_of(const char *text, const char *const *words)
{
    for (size_t i = 0; words[i]; i++)
        if (!strcmp(words[i], text))
            return true;
    return false;
}

static bool starts(const char *text, const char *prefix)
{
    return !strncmp(text, prefix, strlen(prefix));
}

/* ---- models ---- */

static bool is_live_model(const char *model)
{
    return starts(model, "gpt-realtime-whisper") || starts(model, "gpt-live-transcribe");
}

/* The two models that take several languages and keywords. */
static bool is_multilingual_model(const char *model)
{
    return starts(model, "gpt-transcribe") || starts(model, "gpt-live-transcribe");
}

static bool is_known_model(const char *model)
{
    return is_live_model(model) || starts(model, "gpt-transcribe") ||
           starts(model, "gpt-4o-transcribe") || starts(model, "gpt-4o-mini-transcribe") ||
           !strcmp(model, "whisper-1");
}

/* ---- one field each ---- */

static enum err check_format(const json_t *format, struct api_error *error)
{
    static const char *const keys[] = {"type", "rate", NULL};
    enum err err = check_keys(format, INPUT ".format", keys, error);
    if (err)
        return err;
    const char *type = text_at(format, "type");
    const json_t *rate = json_object_get(format, "rate");
    if (!strcmp(type, "audio/pcm")) {
        if (rate && json_integer_value(rate) != 24000)
            return refuse_value(error, INPUT ".format.rate", "only 24000 is supported");
        return ERR_OK;
    }
    if (strcmp(type, "audio/pcmu") && strcmp(type, "audio/pcma"))
        return refuse_value(error, INPUT ".format.type",
            "supported values are 'audio/pcm', 'audio/pcmu' and 'audio/pcma'");
    if (rate)
        return refuse(error, "unknown_parameter", INPUT ".format.rate",
            "Unknown parameter: 'session.audio.input.format.rate'.");
    return ERR_OK;
}

static enum err check_noise_reduction(const json_t *value, struct api_error *error)
{
    static const char *const keys[] = {"type", NULL};
    static const char *const types[] = {"near_field", "far_field", NULL};
    if (json_is_null(value))
        return ERR_OK;
    enum err err = check_keys(value, INPUT ".noise_reduction", keys, error);
    if (err)
        return err;
    if (!is_one_of(text_at(value, "type"), types))
        return refuse_value(error, INPUT ".noise_reduction.type",
            "supported values are 'near_field' and 'far_field'");
    return ERR_OK;
}

static bool is_language(const json_t *value)
{
    const char *text = json_string_value(value);
    return text && strlen(text) == 2 && islower((unsigned char)text[0]) &&
           islower((unsigned char)text[1]);
}

static bool is_text_array(const json_t *value, bool are_languages)
{
    if (!json_is_array(value) || (are_languages && !json_array_size(value)))
        return false;
    size_t i;
    json_t *entry;
    json_array_foreach(value, i, entry)
    {
        if (are_languages ? !is_language(entry) : !json_is_string(entry))
            return false;
    }
    return true;
}

#define TRANSCRIPTION INPUT ".transcription"

static enum err check_model_fields(const json_t *value, const char *model, struct api_error *error)
{
    static const char *const delays[] = {"minimal", "low", "medium", "high", "xhigh", NULL};
    const json_t *delay = json_object_get(value, "delay");
    if (delay && !starts(model, "gpt-realtime-whisper"))
        return refuse_value(error, TRANSCRIPTION ".delay", "not supported by this model");
    if (delay && !is_one_of(text_at(value, "delay"), delays))
        return refuse_value(error, TRANSCRIPTION ".delay", "not one of the supported values");
    if (json_object_get(value, "prompt") &&
        (starts(model, "gpt-realtime-whisper") || strstr(model, "diarize")))
        return refuse_value(error, TRANSCRIPTION ".prompt", "not supported by this model");
    if (!is_multilingual_model(model)) {
        if (json_object_get(value, "languages"))
            return refuse_value(error, TRANSCRIPTION ".languages", "not supported by this model");
        if (json_object_get(value, "keywords"))
            return refuse_value(error, TRANSCRIPTION ".keywords", "not supported by this model");
    }
    return ERR_OK;
}

/* `value` is the transcription as it would be after the update. */
static enum err check_transcription(const json_t *value, struct api_error *error)
{
    static const char *const keys[] = {
        "model", "language", "languages", "keywords", "prompt", "delay", NULL};
    if (json_is_null(value))
        return ERR_OK;
    enum err err = check_keys(value, TRANSCRIPTION, keys, error);
    if (err)
        return err;
    const char *model = text_at(value, "model");
    if (!is_known_model(model)) {
        api_error_set(error, 400, "invalid_model", TRANSCRIPTION ".model",
            "The model '%.60s' is not a transcription model.", model);
        return ERR_BAD;
    }
    const json_t *language = json_object_get(value, "language");
    if (language && !json_is_null(language) && !is_language(language))
        return refuse_value(error, TRANSCRIPTION ".language", "expected an ISO-639-1 code");
    const json_t *prompt = json_object_get(value, "prompt");
    if (prompt && !json_is_string(prompt))
        return refuse_value(error, TRANSCRIPTION ".prompt", "expected a string");
    const json_t *languages = json_object_get(value, "languages");
    if (languages && !is_text_array(languages, true))
        return refuse_value(
            error, TRANSCRIPTION ".languages", "expected one or more ISO-639-1 codes");
    const json_t *keywords = json_object_get(value, "keywords");
    if (keywords && !is_text_array(keywords, false))
        return refuse_value(error, TRANSCRIPTION ".keywords", "expected strings");
    return check_model_fields(value, model, error);
}

#define DETECTION INPUT ".turn_detection"

static enum err check_range(const json_t *value, const char *key, const char *param, double least,
    double most, struct api_error *error)
{
    const json_t *number = json_object_get(value, key);
    if (!number)
        return ERR_OK;
    if (!json_is_number(number) || json_number_value(number) < least ||
        json_number_value(number) > most)
        return refuse_value(error, param, "out of range");
    return ERR_OK;
}

static enum err check_server_vad(const json_t *value, struct api_error *error)
{
    static const char *const keys[] = {
        "type", "threshold", "prefix_padding_ms", "silence_duration_ms", NULL};
    enum err err = check_keys(value, DETECTION, keys, error);
    if (!err)
        err = check_range(value, "threshold", DETECTION ".threshold", 0, 1, error);
    if (!err)
        err = check_range(
            value, "prefix_padding_ms", DETECTION ".prefix_padding_ms", 0, 10000, error);
    if (!err)
        err = check_range(
            value, "silence_duration_ms", DETECTION ".silence_duration_ms", 0, 10000, error);
    return err;
}

static enum err check_detection(const json_t *value, struct api_error *error)
{
    static const char *const semantic_keys[] = {"type", "eagerness", NULL};
    static const char *const eagerness[] = {"low", "medium", "high", "auto", NULL};
    if (json_is_null(value))
        return ERR_OK;
    const char *type = text_at(value, "type");
    if (!strcmp(type, "server_vad"))
        return check_server_vad(value, error);
    if (strcmp(type, "semantic_vad"))
        return refuse_value(
            error, DETECTION ".type", "supported values are 'server_vad' and 'semantic_vad'");
    enum err err = check_keys(value, DETECTION, semantic_keys, error);
    if (err)
        return err;
    if (json_object_get(value, "eagerness") && !is_one_of(text_at(value, "eagerness"), eagerness))
        return refuse_value(error, DETECTION ".eagerness", "not one of the supported values");
    return ERR_OK;
}

static enum err check_include(const json_t *include, struct api_error *error)
{
    if (json_is_null(include))
        return ERR_OK;
    if (!json_is_array(include))
        return refuse_value(error, "session.include", "expected an array");
    size_t i;
    json_t *entry;
    json_array_foreach(include, i, entry)
    {
        const char *text = json_string_value(entry);
        if (!text || strcmp(text, "item.input_audio_transcription.logprobs"))
            return refuse_value(error, "session.include[]",
                "only 'item.input_audio_transcription.logprobs' is supported");
    }
    return ERR_OK;
}

/* ---- merging ---- */

static json_t *default_detection(void)
{
    return json_pack("{s:s s:f s:i s:i}", "type", "server_vad", "threshold", 0.5,
        "prefix_padding_ms", 300, "silence_duration_ms", 500);
}

/* Detection of another type starts from that type's defaults. */
static void merge_detection(json_t *input, json_t *value)
{
    json_t *old = json_object_get(input, "turn_detection");
    if (json_is_null(value) || strcmp(text_at(old, "type"), text_at(value, "type"))) {
        bool is_server = !strcmp(text_at(value, "type"), "server_vad");
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
    if (!strcmp(text_at(format, "type"), "audio/pcm"))
        json_object_set_new(format, "rate", json_integer(24000));
    json_object_set_new(input, "format", format);
}

static enum err merge_input(json_t *input, const json_t *update, struct api_error *error)
{
    static const char *const keys[] = {
        "format", "noise_reduction", "transcription", "turn_detection", NULL};
    enum err err = check_keys(update, INPUT, keys, error);
    if (err)
        return err;
    json_t *format = json_object_get(update, "format");
    json_t *noise = json_object_get(update, "noise_reduction");
    json_t *transcription = json_object_get(update, "transcription");
    json_t *detection = json_object_get(update, "turn_detection");
    if (format) {
        if ((err = check_format(format, error)))
            return err;
        merge_format(input, format);
    }
    if (noise) {
        if ((err = check_noise_reduction(noise, error)))
            return err;
        json_object_set(input, "noise_reduction", noise);
    }
    if (detection) {
        if ((err = check_detection(detection, error)))
            return err;
        merge_detection(input, detection);
    }
    if (transcription) {
        if (!json_is_object(transcription) && !json_is_null(transcription))
            return refuse_value(error, TRANSCRIPTION, "expected an object or null");
        merge_transcription(input, transcription);
    }
    return check_transcription(json_object_get(input, "transcription"), error);
}

static enum err check_together(const json_t *input, struct api_error *error)
{
    const char *model = text_at(json_object_get(input, "transcription"), "model");
    if (is_live_model(model) && !json_is_null(json_object_get(input, "turn_detection")))
        return refuse(error, "invalid_value", DETECTION,
            "Turn detection is not supported for this transcription model.");
    return ERR_OK;
}

static enum err merge_audio(json_t *config, const json_t *audio, struct api_error *error)
{
    static const char *const keys[] = {"input", NULL};
    enum err err = check_keys(audio, "session.audio", keys, error);
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
        return refuse(error, "missing_required_parameter", "session.type",
            "Missing required parameter: 'session.type'.");
    if (json_is_object(update) && strcmp(text_at(update, "type"), "transcription"))
        return refuse(error, "invalid_value", "session.type",
            "Passing a realtime session update event to a transcription session is not allowed.");
    enum err err = check_keys(update, "session", keys, error);
    if (err)
        return err;
    json_t *include = json_object_get(update, "include");
    if (include) {
        if ((err = check_include(include, error)))
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

static enum stt_mode mode_of(const char *model)
{
    if (!model[0])
        return STT_NONE;
    if (is_live_model(model))
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
    const char *format = text_at(json_object_get(input, "format"), "type");
    struct stt_plan plan = {
        .mode = mode_of(text_at(json_object_get(input, "transcription"), "model")),
        .format = !strcmp(format, "audio/pcmu")   ? STT_PCMU
                  : !strcmp(format, "audio/pcma") ? STT_PCMA
                                                  : STT_PCM_24K,
        .wants_logprobs = json_array_size(json_object_get(config, "include")) > 0,
    };
    if (!strcmp(text_at(detection, "type"), "server_vad")) {
        plan.detection = DETECT_SERVER;
        plan.silence_ms =
            (unsigned)json_integer_value(json_object_get(detection, "silence_duration_ms"));
    } else if (json_is_object(detection)) {
        plan.detection = DETECT_SEMANTIC;
        plan.silence_ms = semantic_wait_ms(text_at(detection, "eagerness"));
    }
    return plan;
}
