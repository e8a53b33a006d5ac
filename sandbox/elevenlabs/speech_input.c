#include "elevenlabs/speech_input.h"

#include <string.h>

#include "elevenlabs/speech_options.h"

#define LEAST_CHARACTERS 50
#define MOST_CHARACTERS 500

static const char *const setting_keys[] = {
    "voice_settings", "generation_config", "pronunciation_dictionary_locators", NULL};
static const char *const other_keys[] = {"text", "context_id", "flush", "close_context",
    "close_socket", "try_trigger_generation", "xi_api_key", "xi-api-key", "authorization", NULL};

static enum err refuse(struct api_error *error, const char *param, const char *message)
{
    api_error_set(error, 400, "invalid_message", param, "%s", message);
    return ERR_BAD;
}

static bool is_one_of(const char *text, const char *const *words)
{
    for (size_t i = 0; words[i]; i++)
        if (!strcmp(words[i], text))
            return true;
    return false;
}

static enum err check_keys(const json_t *message, struct api_error *error)
{
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)message, key, value)
    {
        if (!is_one_of(key, setting_keys) && !is_one_of(key, other_keys)) {
            api_error_set(error, 400, "invalid_message", "message", "Unknown field '%.60s'.", key);
            return ERR_BAD;
        }
    }
    return ERR_OK;
}

static enum err read_schedule(
    struct speech_input *out, const json_t *message, struct api_error *error)
{
    const json_t *config = json_object_get(message, "generation_config");
    const json_t *schedule = json_object_get(config, "chunk_length_schedule");
    if (!schedule || json_is_null(schedule))
        return ERR_OK;
    size_t count = json_array_size(schedule);
    if (!count || count > SPEECH_SCHEDULE)
        return refuse(error, "chunk_length_schedule", "Expected an array of lengths.");
    for (size_t i = 0; i < count; i++) {
        json_int_t length = json_integer_value(json_array_get(schedule, i));
        if (length < LEAST_CHARACTERS || length > MOST_CHARACTERS)
            return refuse(error, "chunk_length_schedule", "Lengths are 50 to 500 characters.");
        out->schedule[i] = (unsigned)length;
    }
    out->schedule_count = count;
    return ERR_OK;
}

static enum err read_flag(
    bool *out, const json_t *message, const char *key, struct api_error *error)
{
    const json_t *value = json_object_get(message, key);
    *out = json_is_true(value);
    if (value && !json_is_boolean(value) && !json_is_null(value))
        return refuse(error, key, "Expected a boolean.");
    return ERR_OK;
}

static json_t *gather_settings(const json_t *message)
{
    json_t *settings = NULL;
    for (size_t i = 0; setting_keys[i]; i++) {
        json_t *value = json_object_get(message, setting_keys[i]);
        if (!value || json_is_null(value))
            continue;
        if (!settings)
            settings = json_object();
        json_object_set(settings, setting_keys[i], value);
    }
    return settings;
}

static enum err read_text(struct speech_input *out, const json_t *message, struct api_error *error)
{
    const json_t *text = json_object_get(message, "text");
    const json_t *context_id = json_object_get(message, "context_id");
    if (text && !json_is_string(text) && !json_is_null(text))
        return refuse(error, "text", "Expected a string.");
    if (context_id && !json_is_string(context_id) && !json_is_null(context_id))
        return refuse(error, "context_id", "Expected a string.");
    out->has_text = json_is_string(text);
    if (out->has_text)
        out->text = (struct slice){json_string_value(text), json_string_length(text)};
    out->context_id = json_string_value(context_id);
    return ERR_OK;
}

enum err speech_input_read(struct speech_input *out, const json_t *message, struct api_error *error)
{
    *out = (struct speech_input){.speed = 1.0, .text = {"", 0}};
    if (!json_is_object(message))
        return refuse(error, NULL, "The message is not a JSON object.");
    enum err err = check_keys(message, error);
    if (!err)
        err = read_text(out, message, error);
    if (!err)
        err = read_flag(&out->flush, message, "flush", error);
    if (!err)
        err = read_flag(&out->close_context, message, "close_context", error);
    if (!err)
        err = read_flag(&out->close_socket, message, "close_socket", error);
    if (!err)
        err = read_schedule(out, message, error);
    if (!err)
        err = speech_settings_check(json_object_get(message, "voice_settings"), &out->speed, error);
    if (!err)
        out->settings = gather_settings(message);
    return err;
}

void speech_input_free(struct speech_input *input)
{
    json_decref(input->settings);
}
