#include "elevenlabs/speech_options.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "query.h"

#define VOICE_ID_LEN 20
#define DEFAULT_INACTIVITY_S 20
#define MAX_INACTIVITY_S 180

static const struct {
    const char *id;
    const char *name;
    const char *voice;
    const char *gender;
} voices[] = {
    {"sbxAvaReceptionist01", "Ava", "en-us+f3", "female"},
    {"sbxMaxReceptionist02", "Max", "en-us+m3", "male"},
    {"sbxMiaConcierge00003", "Mia", "en-us+f4", "female"},
};

static const struct {
    const char *id;
    unsigned max_characters;
    bool has_socket;
    bool takes_language;
} models[] = {
    {"eleven_flash_v2_5", 40000, true, true},
    {"eleven_turbo_v2_5", 40000, true, true},
    {"eleven_flash_v2", 30000, true, false},
    {"eleven_multilingual_v2", 10000, true, false},
    {"eleven_v3", 5000, false, true},
};

static enum err refuse(
    struct api_error *error, int status, const char *code, const char *param, const char *message)
{
    api_error_set(error, status, code, param, "%s", message);
    return ERR_BAD;
}

const char *speech_voice(const char *voice_id)
{
    for (size_t i = 0; i < sizeof voices / sizeof *voices; i++)
        if (!strcmp(voices[i].id, voice_id))
            return voices[i].voice;
    size_t len = strlen(voice_id);
    for (size_t i = 0; i < len; i++)
        if (!isalnum((unsigned char)voice_id[i]))
            return NULL;
    return len == VOICE_ID_LEN ? "" : NULL;
}

static int find_model(const char *id)
{
    for (size_t i = 0; i < sizeof models / sizeof *models; i++)
        if (!strcmp(models[i].id, id))
            return (int)i;
    return -1;
}

enum err speech_options_model(
    struct speech_options *options, const char *model, bool is_socket, struct api_error *error)
{
    if (!model[0])
        return ERR_OK;
    int index = find_model(model);
    if (index < 0)
        return refuse(error, 400, "model_not_found", "model_id", "There is no such model.");
    if (is_socket && !models[index].has_socket)
        return refuse(error, 400, "unsupported_model", "model_id",
            "This model is not available on the WebSocket endpoints.");
    snprintf(options->model, sizeof options->model, "%s", model);
    options->max_characters = models[index].max_characters;
    return ERR_OK;
}

enum err speech_options_language(
    const struct speech_options *options, const char *language, struct api_error *error)
{
    int index = find_model(options->model);
    if (!language[0])
        return ERR_OK;
    if (index < 0 || !models[index].takes_language)
        return refuse(error, 400, "unsupported_language", "language_code",
            "This model does not support a language code.");
    if (strlen(language) != 2)
        return refuse(
            error, 400, "unsupported_language", "language_code", "Expected an ISO 639-1 code.");
    return ERR_OK;
}

static enum err read_format(struct speech_options *out, const char *format, struct api_error *error)
{
    static const unsigned rates[] = {8000, 16000, 22050, 24000, 32000, 44100, 48000};
    if (!strcmp(format, "ulaw_8000")) {
        out->is_ulaw = true;
        out->rate_hz = 8000;
        return ERR_OK;
    }
    for (size_t i = 0; i < sizeof rates / sizeof *rates; i++) {
        char name[16];
        snprintf(name, sizeof name, "pcm_%u", rates[i]);
        if (!strcmp(name, format)) {
            out->rate_hz = rates[i];
            return ERR_OK;
        }
    }
    return refuse(error, 400, "invalid_output_format", "output_format",
        "The sandbox speaks ulaw_8000 and pcm_<rate>; the service's default, MP3, it does not.");
}

static enum err read_inactivity(
    struct speech_options *out, struct slice query, struct api_error *error)
{
    char text[16];
    out->inactivity_ms = DEFAULT_INACTIVITY_S * 1000;
    if (!query_get(query, "inactivity_timeout", text, sizeof text))
        return ERR_OK;
    char *end;
    long seconds = strtol(text, &end, 10);
    if (*end || seconds < 1 || seconds > MAX_INACTIVITY_S)
        return refuse(error, 400, "invalid_inactivity_timeout", "inactivity_timeout",
            "Expected 1 to 180 seconds.");
    out->inactivity_ms = (unsigned)seconds * 1000;
    return ERR_OK;
}

static enum err check_query(struct slice query, bool is_socket, struct api_error *error)
{
    static const char *const known[] = {"output_format", "enable_logging",
        "optimize_streaming_latency", "model_id", "language_code", "enable_ssml_parsing",
        "inactivity_timeout", "sync_alignment", "auto_mode", "apply_text_normalization", "seed",
        "authorization", NULL};
    while (query.len) {
        struct slice pair = slice_split(&query, '&');
        struct slice name = slice_split(&pair, '=');
        size_t i = 0;
        while (known[i] && !slice_is(name, known[i]))
            i++;
        if (name.len && (!known[i] || (!is_socket && i > 2))) {
            api_error_set(error, 400, "unknown_parameter", "query",
                "Unknown query parameter '%.*s'.", (int)(name.len < 60 ? name.len : 60), name.data);
            return ERR_BAD;
        }
    }
    return ERR_OK;
}

static enum err read_voice(
    struct speech_options *out, struct slice voice_id, struct api_error *error)
{
    slice_copy(voice_id, out->voice_id, sizeof out->voice_id);
    out->voice = speech_voice(out->voice_id);
    if (!out->voice)
        return refuse(error, 404, "voice_not_found", "voice_id", "There is no such voice.");
    if (!out->voice[0])
        out->voice = NULL;
    return ERR_OK;
}

enum err speech_options_read(struct speech_options *out, struct slice voice_id, struct slice query,
    bool is_socket, struct api_error *error)
{
    *out = (struct speech_options){0};
    char text[64];
    query_get(query, "output_format", text, sizeof text);
    enum err err = check_query(query, is_socket, error);
    if (!err)
        err = read_voice(out, voice_id, error);
    if (!err)
        err = read_format(out, text, error);
    if (!err)
        err = read_inactivity(out, query, error);
    if (!err)
        err = speech_options_model(out, "eleven_multilingual_v2", is_socket, error);
    if (!err && query_get(query, "model_id", text, sizeof text))
        err = speech_options_model(out, text, is_socket, error);
    if (!err && query_get(query, "language_code", text, sizeof text))
        err = speech_options_language(out, text, error);
    out->is_auto = query_is(query, "auto_mode", "true");
    return err;
}

enum err speech_settings_check(const json_t *settings, double *speed, struct api_error *error)
{
    static const struct {
        const char *key;
        double least, most;
    } ranges[] = {
        {"stability", 0, 1}, {"similarity_boost", 0, 1}, {"style", 0, 1}, {"speed", 0.7, 1.2}};
    *speed = 1.0;
    if (!settings || json_is_null(settings))
        return ERR_OK;
    if (!json_is_object(settings))
        return refuse(
            error, 400, "invalid_voice_settings", "voice_settings", "Expected an object.");
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)settings, key, value)
    {
        if (!strcmp(key, "use_speaker_boost") && (json_is_boolean(value) || json_is_null(value)))
            continue;
        size_t i = 0;
        while (i < sizeof ranges / sizeof *ranges && strcmp(ranges[i].key, key))
            i++;
        if (i < sizeof ranges / sizeof *ranges && json_is_null(value))
            continue;
        if (i == sizeof ranges / sizeof *ranges || !json_is_number(value) ||
            json_number_value(value) < ranges[i].least - 1e-9 ||
            json_number_value(value) > ranges[i].most + 1e-9) {
            api_error_set(error, 400, "invalid_voice_settings", "voice_settings",
                "Invalid setting '%.40s': unknown, no number or out of range.", key);
            return ERR_BAD;
        }
        if (!strcmp(key, "speed"))
            *speed = json_number_value(value);
    }
    return ERR_OK;
}

json_t *speech_voice_list(void)
{
    json_t *list = json_array();
    for (size_t i = 0; i < sizeof voices / sizeof *voices; i++)
        json_array_append_new(
            list, json_pack("{s:s s:s s:s s:s s:{s:s s:s} s:n s:s s:[s] s:[]}", "voice_id",
                      voices[i].id, "name", voices[i].name, "category", "premade", "description",
                      "a sandbox voice", "labels", "gender", voices[i].gender, "accent", "american",
                      "settings", "preview_url", "", "high_quality_base_model_ids", models[0].id,
                      "verified_languages"));
    return list;
}

json_t *speech_model_list(void)
{
    json_t *list = json_array();
    for (size_t i = 0; i < sizeof models / sizeof *models; i++)
        json_array_append_new(list,
            json_pack("{s:s s:s s:b s:[{s:s s:s}] s:i}", "model_id", models[i].id, "name",
                models[i].id, "can_do_text_to_speech", 1, "languages", "language_id", "en", "name",
                "English", "maximum_text_length_per_request", (int)models[i].max_characters));
    return list;
}
