#include "openai/realtime_check.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

enum err realtime_refuse(
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

enum err realtime_check_keys(
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

const char *realtime_text(const json_t *object, const char *key)
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

bool realtime_is_live_model(const char *model)
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
    return realtime_is_live_model(model) || starts(model, "gpt-transcribe") ||
           starts(model, "gpt-4o-transcribe") || starts(model, "gpt-4o-mini-transcribe") ||
           !strcmp(model, "whisper-1");
}

/* ---- one field each ---- */

enum err realtime_check_format(const json_t *format, struct api_error *error)
{
    static const char *const keys[] = {"type", "rate", NULL};
    enum err err = realtime_check_keys(format, REALTIME_INPUT ".format", keys, error);
    if (err)
        return err;
    const char *type = realtime_text(format, "type");
    const json_t *rate = json_object_get(format, "rate");
    if (!strcmp(type, "audio/pcm")) {
        if (rate && json_integer_value(rate) != 24000)
            return refuse_value(error, REALTIME_INPUT ".format.rate", "only 24000 is supported");
        return ERR_OK;
    }
    if (strcmp(type, "audio/pcmu") && strcmp(type, "audio/pcma"))
        return refuse_value(error, REALTIME_INPUT ".format.type",
            "supported values are 'audio/pcm', 'audio/pcmu' and 'audio/pcma'");
    if (rate)
        return realtime_refuse(error, "unknown_parameter", REALTIME_INPUT ".format.rate",
            "Unknown parameter: 'session.audio.input.format.rate'.");
    return ERR_OK;
}

enum err realtime_check_noise_reduction(const json_t *value, struct api_error *error)
{
    static const char *const keys[] = {"type", NULL};
    static const char *const types[] = {"near_field", "far_field", NULL};
    if (json_is_null(value))
        return ERR_OK;
    enum err err = realtime_check_keys(value, REALTIME_INPUT ".noise_reduction", keys, error);
    if (err)
        return err;
    if (!is_one_of(realtime_text(value, "type"), types))
        return refuse_value(error, REALTIME_INPUT ".noise_reduction.type",
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

static enum err check_model_fields(const json_t *value, const char *model, struct api_error *error)
{
    static const char *const delays[] = {"minimal", "low", "medium", "high", "xhigh", NULL};
    const json_t *delay = json_object_get(value, "delay");
    if (delay && !starts(model, "gpt-realtime-whisper"))
        return refuse_value(error, REALTIME_TRANSCRIPTION ".delay", "not supported by this model");
    if (delay && !is_one_of(realtime_text(value, "delay"), delays))
        return refuse_value(
            error, REALTIME_TRANSCRIPTION ".delay", "not one of the supported values");
    if (json_object_get(value, "prompt") &&
        (starts(model, "gpt-realtime-whisper") || strstr(model, "diarize")))
        return refuse_value(error, REALTIME_TRANSCRIPTION ".prompt", "not supported by this model");
    if (!is_multilingual_model(model)) {
        if (json_object_get(value, "languages"))
            return refuse_value(
                error, REALTIME_TRANSCRIPTION ".languages", "not supported by this model");
        if (json_object_get(value, "keywords"))
            return refuse_value(
                error, REALTIME_TRANSCRIPTION ".keywords", "not supported by this model");
    }
    return ERR_OK;
}

enum err realtime_check_transcription(const json_t *value, struct api_error *error)
{
    static const char *const keys[] = {
        "model", "language", "languages", "keywords", "prompt", "delay", NULL};
    if (json_is_null(value))
        return ERR_OK;
    enum err err = realtime_check_keys(value, REALTIME_TRANSCRIPTION, keys, error);
    if (err)
        return err;
    const char *model = realtime_text(value, "model");
    if (!is_known_model(model)) {
        api_error_set(error, 400, "invalid_model", REALTIME_TRANSCRIPTION ".model",
            "The model '%.60s' is not a transcription model.", model);
        return ERR_BAD;
    }
    const json_t *language = json_object_get(value, "language");
    if (language && !json_is_null(language) && !is_language(language))
        return refuse_value(
            error, REALTIME_TRANSCRIPTION ".language", "expected an ISO-639-1 code");
    const json_t *prompt = json_object_get(value, "prompt");
    if (prompt && !json_is_string(prompt))
        return refuse_value(error, REALTIME_TRANSCRIPTION ".prompt", "expected a string");
    const json_t *languages = json_object_get(value, "languages");
    if (languages && !is_text_array(languages, true))
        return refuse_value(
            error, REALTIME_TRANSCRIPTION ".languages", "expected one or more ISO-639-1 codes");
    const json_t *keywords = json_object_get(value, "keywords");
    if (keywords && !is_text_array(keywords, false))
        return refuse_value(error, REALTIME_TRANSCRIPTION ".keywords", "expected strings");
    return check_model_fields(value, model, error);
}

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
    enum err err = realtime_check_keys(value, REALTIME_DETECTION, keys, error);
    if (!err)
        err = check_range(value, "threshold", REALTIME_DETECTION ".threshold", 0, 1, error);
    if (!err)
        err = check_range(
            value, "prefix_padding_ms", REALTIME_DETECTION ".prefix_padding_ms", 0, 10000, error);
    if (!err)
        err = check_range(value, "silence_duration_ms", REALTIME_DETECTION ".silence_duration_ms",
            0, 10000, error);
    return err;
}

enum err realtime_check_detection(const json_t *value, struct api_error *error)
{
    static const char *const semantic_keys[] = {"type", "eagerness", NULL};
    static const char *const eagerness[] = {"low", "medium", "high", "auto", NULL};
    if (json_is_null(value))
        return ERR_OK;
    const char *type = realtime_text(value, "type");
    if (!strcmp(type, "server_vad"))
        return check_server_vad(value, error);
    if (strcmp(type, "semantic_vad"))
        return refuse_value(error, REALTIME_DETECTION ".type",
            "supported values are 'server_vad' and 'semantic_vad'");
    enum err err = realtime_check_keys(value, REALTIME_DETECTION, semantic_keys, error);
    if (err)
        return err;
    if (json_object_get(value, "eagerness") &&
        !is_one_of(realtime_text(value, "eagerness"), eagerness))
        return refuse_value(
            error, REALTIME_DETECTION ".eagerness", "not one of the supported values");
    return ERR_OK;
}

enum err realtime_check_include(const json_t *include, struct api_error *error)
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
