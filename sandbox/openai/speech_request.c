#include "openai/speech_request.h"

#include <stddef.h>
#include <string.h>

static enum err refuse(
    struct api_error *error, int status, const char *code, const char *param, const char *message)
{
    api_error_set(error, status, code, param, "%s", message);
    return ERR_BAD;
}

/* The service's voices; ours are fewer. */
static const struct {
    const char *name;
    const char *voice;
} voices[] = {
    {"alloy", "en-us+f2"},
    {"ash", "en-us+m2"},
    {"ballad", "en-us+m4"},
    {"cedar", "en-us+m5"},
    {"coral", "en-us+f3"},
    {"echo", "en-us+m1"},
    {"fable", "en-us+m6"},
    {"marin", "en-us+f5"},
    {"nova", "en-us+f4"},
    {"onyx", "en-us+m7"},
    {"sage", "en-us+f1"},
    {"shimmer", "en-us+f4"},
    {"verse", "en-us+m3"},
};

static const char *const fields[] = {
    "model", "input", "voice", "instructions", "response_format", "speed", "stream_format", NULL};
static const char *const models[] = {
    "gpt-4o-mini-tts", "gpt-4o-mini-tts-2025-12-15", "tts-1", "tts-1-hd", NULL};

static bool is_one_of(const char *const *list, const char *word)
{
    while (*list && strcmp(*list, word))
        list++;
    return *list;
}

static enum err check_fields(const json_t *body, struct api_error *error)
{
    const char *key;
    json_t *value;
    if (!json_is_object(body))
        return refuse(error, 400, NULL, NULL, "We could not parse the JSON body of your request.");
    json_object_foreach((json_t *)body, key, value)
    {
        if (is_one_of(fields, key))
            continue;
        api_error_set(
            error, 400, "unknown_parameter", key, "Unrecognized request argument: %.60s", key);
        return ERR_BAD;
    }
    return ERR_OK;
}

/* A member that is a text, when it is there at all; NULL: it is not. */
static enum err read_text(
    const char **out, const json_t *body, const char *key, struct api_error *error)
{
    const json_t *value = json_object_get(body, key);
    *out = json_string_value(value);
    if (!value || json_is_null(value) || *out)
        return ERR_OK;
    return refuse(error, 400, "invalid_type", key, "Expected a string.");
}

static enum err read_model(const char **model, const json_t *body, struct api_error *error)
{
    enum err err = read_text(model, body, "model", error);
    if (!err && !*model)
        return refuse(error, 400, "missing_required_parameter", "model", "A model is needed.");
    if (!err && !is_one_of(models, *model))
        return refuse(error, 404, "model_not_found", "model", "There is no such speech model.");
    return err;
}

static size_t count_characters(struct slice text)
{
    size_t count = 0;
    for (size_t i = 0; i < text.len; i++)
        count += ((unsigned char)text.data[i] & 0xc0) != 0x80;
    return count;
}

static enum err read_input(struct speech_wish *out, const json_t *body, struct api_error *error)
{
    const char *input;
    enum err err = read_text(&input, body, "input", error);
    if (err)
        return err;
    out->input = slice_from(input);
    if (!out->input.len)
        return refuse(error, 400, "missing_required_parameter", "input", "An input is needed.");
    if (count_characters(out->input) > OPENAI_SPEECH_INPUT_MAX)
        return refuse(error, 400, "string_above_max_length", "input",
            "The input is longer than 4096 characters.");
    return ERR_OK;
}

static enum err read_instructions(const json_t *body, const char *model, struct api_error *error)
{
    const char *instructions;
    enum err err = read_text(&instructions, body, "instructions", error);
    if (err || !instructions)
        return err;
    if (!strncmp(model, "tts-1", 5))
        return refuse(error, 400, "unsupported_parameter", "instructions",
            "Instructions do not work with tts-1 and tts-1-hd.");
    if (count_characters(slice_from(instructions)) > OPENAI_SPEECH_INPUT_MAX)
        return refuse(error, 400, "string_above_max_length", "instructions",
            "The instructions are longer than 4096 characters.");
    return ERR_OK;
}

static enum err read_voice(struct speech_wish *out, const json_t *body, struct api_error *error)
{
    const char *voice;
    enum err err = read_text(&voice, body, "voice", error);
    if (err)
        return err;
    if (!voice)
        return refuse(error, 400, "missing_required_parameter", "voice", "A voice is needed.");
    for (size_t i = 0; i < sizeof voices / sizeof *voices; i++)
        if (!strcmp(voices[i].name, voice))
            out->voice = voices[i].voice;
    if (!out->voice)
        return refuse(error, 400, "invalid_value", "voice", "There is no such voice.");
    return ERR_OK;
}

static enum err read_format(
    struct speech_wish *out, const json_t *body, const char *model, struct api_error *error)
{
    static const char *const others[] = {"mp3", "opus", "aac", "flac", NULL};
    const char *format, *stream;
    enum err err = read_text(&format, body, "response_format", error);
    if (!err)
        err = read_text(&stream, body, "stream_format", error);
    if (err)
        return err;
    out->is_wav = format && !strcmp(format, "wav");
    out->is_sse = stream && !strcmp(stream, "sse");
    if (!format || is_one_of(others, format))
        return refuse(error, 400, "unsupported_format", "response_format",
            "The sandbox speaks pcm and wav; the service's other formats, MP3 is its default, it "
            "does not.");
    if (!out->is_wav && strcmp(format, "pcm"))
        return refuse(error, 400, "invalid_value", "response_format",
            "Expected mp3, opus, aac, flac, wav or pcm.");
    if (stream && !out->is_sse && strcmp(stream, "audio"))
        return refuse(error, 400, "invalid_value", "stream_format", "Expected sse or audio.");
    if (out->is_sse && !strncmp(model, "tts-1", 5))
        return refuse(error, 400, "unsupported_value", "stream_format",
            "tts-1 and tts-1-hd do not stream events.");
    return ERR_OK;
}

static enum err read_speed(struct speech_wish *out, const json_t *body, struct api_error *error)
{
    const json_t *speed = json_object_get(body, "speed");
    out->speed = speed && !json_is_null(speed) ? json_number_value(speed) : 1.0;
    if (out->speed < 0.25 || out->speed > 4.0)
        return refuse(error, 400, "invalid_value", "speed", "Expected a number from 0.25 to 4.");
    return ERR_OK;
}

enum err speech_wish_read(struct speech_wish *out, const json_t *body, struct api_error *error)
{
    const char *model = NULL;
    *out = (struct speech_wish){0};
    enum err err = check_fields(body, error);
    if (!err)
        err = read_model(&model, body, error);
    if (!err)
        err = read_input(out, body, error);
    if (!err)
        err = read_voice(out, body, error);
    if (!err)
        err = read_instructions(body, model, error);
    if (!err)
        err = read_format(out, body, model, error);
    return err ? err : read_speed(out, body, error);
}
