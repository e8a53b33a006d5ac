#include "providers/elevenlabs_codec.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/crypto.h"
#include "base/json_scan.h"
#include "providers/origin.h"

/* --- to the service --- */

/* Other models refuse a language. */
static bool takes_language(const char *model)
{
    return model && strstr(model, "_v2_5");
}

enum err elevenlabs_url(struct strbuf *out, const struct tts_settings *settings)
{
    enum err err = origin_ws(out, settings->base_url, "/v1/text-to-speech/");
    if (err)
        return err;
    origin_add_encoded(out, slice_from(settings->voice_id));
    strbuf_add_text(out, "/multi-stream-input?model_id=");
    origin_add_encoded(out, slice_from(settings->model));
    strbuf_add_text(out, "&output_format=ulaw_8000");
    if (settings->inactivity_timeout_s)
        strbuf_printf(out, "&inactivity_timeout=%u", settings->inactivity_timeout_s);
    if (settings->language && *settings->language && takes_language(settings->model)) {
        strbuf_add_text(out, "&language_code=");
        origin_add_encoded(out, slice_from(settings->language));
    }
    return out->failed ? ERR_BAD : ERR_OK;
}

static void add_id(struct strbuf *out, struct elevenlabs_id id)
{
    strbuf_printf(out, "\"context_id\":\"t%u", id.number);
    if (id.generation)
        strbuf_printf(out, ".%u", id.generation);
    strbuf_add_char(out, '"');
}

/* Adds `"name":value` when the value is set; says whether a comma is needed before the next one. */
static bool add_setting(struct strbuf *out, const char *name, double value, bool needs_comma)
{
    if (value < 0)
        return needs_comma;
    strbuf_printf(out, "%s\"%s\":%.3g", needs_comma ? "," : "", name, value);
    return true;
}

void elevenlabs_open(
    struct strbuf *out, struct elevenlabs_id id, const struct tts_settings *settings)
{
    strbuf_add_text(out, "{\"text\":\" \",");
    add_id(out, id);
    if (settings->stability >= 0 || settings->similarity >= 0 || settings->speed >= 0) {
        strbuf_add_text(out, ",\"voice_settings\":{");
        bool needs_comma = add_setting(out, "stability", settings->stability, false);
        needs_comma = add_setting(out, "similarity_boost", settings->similarity, needs_comma);
        (void)add_setting(out, "speed", settings->speed, needs_comma);
        strbuf_add_char(out, '}');
    }
    strbuf_add_text(out, ",\"generation_config\":{\"chunk_length_schedule\":[50,120,160,250]}}");
}

void elevenlabs_text(struct strbuf *out, struct elevenlabs_id id, struct slice text, bool flush)
{
    struct strbuf piece;
    text = slice_trim(text);
    strbuf_init(&piece, text.len + 1);
    strbuf_add_slice(&piece, text);
    strbuf_add_char(&piece, ' ');
    strbuf_add_text(out, "{\"text\":");
    strbuf_add_json(out, strbuf_slice(&piece));
    out->failed |= piece.failed;
    strbuf_free(&piece);
    strbuf_add_char(out, ',');
    add_id(out, id);
    strbuf_add_text(out, flush ? ",\"flush\":true}" : "}");
}

void elevenlabs_flush(struct strbuf *out, struct elevenlabs_id id)
{
    strbuf_add_char(out, '{');
    add_id(out, id);
    strbuf_add_text(out, ",\"flush\":true}");
}

void elevenlabs_close(struct strbuf *out, struct elevenlabs_id id)
{
    strbuf_add_char(out, '{');
    add_id(out, id);
    strbuf_add_text(out, ",\"close_context\":true}");
}

void elevenlabs_keep_alive(struct strbuf *out, struct elevenlabs_id id)
{
    strbuf_add_text(out, "{\"text\":\"\",");
    add_id(out, id);
    strbuf_add_char(out, '}');
}

/* --- from the service --- */

enum {
    AUDIO,
    ALIGNMENT,
    CONTEXT_ID,
    CONTEXT_ID_OTHER,
    IS_FINAL,
    IS_FINAL_OTHER,
    ERROR_CODE,
    ERROR_TEXT,
    ERROR_NUMBER,
    MEMBERS
};
static const char *const member_names[MEMBERS] = {"audio", "alignment", "contextId", "context_id",
    "isFinal", "is_final", "error", "message", "code"};

static bool is_there(const struct json_scan_value *value)
{
    return value->kind != JSON_SCAN_MISSING && !slice_is(value->raw, "null");
}

/* The value under whichever of two spellings is there; they stand side by side. */
static const struct json_scan_value *spelled(const struct json_scan_value *members, int first)
{
    return &members[is_there(&members[first]) ? first : first + 1];
}

static json_t *either(json_t *object, const char *name, const char *other)
{
    json_t *value = json_object_get(object, name);
    return value && !json_is_null(value) ? value : json_object_get(object, other);
}

/* A decimal number; moves `*at` behind it. 0 when there is none or it is too large. */
static uint32_t take_number(const char **at)
{
    uint64_t number = 0;
    for (; **at >= '0' && **at <= '9' && number <= UINT32_MAX; (*at)++)
        number = number * 10 + (uint64_t)(**at - '0');
    return number <= UINT32_MAX ? (uint32_t)number : 0;
}

static struct elevenlabs_id id_of(const struct json_scan_value *value)
{
    char text[32];
    const char *at = text;
    struct elevenlabs_id id = {0};
    if (!json_scan_text(value, text, sizeof text) || *at++ != 't')
        return id;
    id.number = take_number(&at);
    if (*at == '.') {
        at++;
        id.generation = take_number(&at);
    }
    return *at ? (struct elevenlabs_id){0} : id;
}

/* Escapes ("\/") are JSON, and nobody's way to write base64. */
static enum err take_audio(struct elevenlabs_message *out, const struct json_scan_value *audio)
{
    struct slice text = audio->raw;
    if (audio->kind != JSON_SCAN_STRING || !text.len)
        return ERR_OK;
    size_t size = text.len / 4 * 3 + 3;
    char *plain = audio->has_escape ? malloc(text.len + 1) : NULL;
    out->audio = malloc(size);
    if (!out->audio || (audio->has_escape && !plain)) {
        free(plain);
        return ERR_NOMEM;
    }
    if (plain && json_scan_text(audio, plain, text.len + 1))
        text = slice_from(plain);
    enum err err = base64_decode(&out->audio_len, out->audio, size, text);
    free(plain);
    return err;
}

static uint32_t take_ms(json_t *times, size_t at)
{
    double ms = json_number_value(json_array_get(times, at));
    return ms > 0 && ms < 1e9 ? (uint32_t)ms : 0;
}

/* Of one alignment of two, the only part that becomes a tree. Characters stay in it. What jansson refuses of it
   (1e400, half a surrogate pair) is no reason to lose the audio. */
static enum err take_timings(struct elevenlabs_message *out, const struct json_scan_value *text)
{
    if (text->kind != JSON_SCAN_OBJECT)
        return ERR_OK;
    json_t *alignment = json_loadb(text->raw.data, text->raw.len, JSON_ALLOW_NUL, NULL);
    out->root = alignment;
    out->has_bad_timings = !alignment;
    if (!alignment)
        return ERR_OK;
    json_t *chars = json_object_get(alignment, "chars");
    json_t *starts = json_object_get(alignment, "charStartTimesMs");
    json_t *durations = either(alignment, "charDurationsMs", "charsDurationsMs");
    size_t count = json_array_size(chars);
    if (count > json_array_size(starts))
        count = json_array_size(starts);
    if (!count)
        return ERR_OK;
    out->timings = calloc(count, sizeof(*out->timings));
    if (!out->timings)
        return ERR_NOMEM;
    for (size_t i = 0; i < count; i++) {
        json_t *character = json_array_get(chars, i);
        if (!json_is_string(character) || !json_string_length(character))
            continue;
        out->timings[out->timing_count++] =
            (struct tts_timing){{json_string_value(character), json_string_length(character)},
                take_ms(starts, i), take_ms(durations, i)};
    }
    return ERR_OK;
}

static void add_printable(char out[ELEVENLABS_ERROR_SIZE], const char *text)
{
    size_t len = strlen(out);
    for (; *text && len < ELEVENLABS_ERROR_SIZE - 1; text++)
        out[len++] = *text >= ' ' && *text <= '~' ? *text : '?';
    out[len] = 0;
}

/* {"message":"…","error":"<code>","code":1008}, each of them possibly missing. Seldom: a tree will do. */
static void describe_error(struct elevenlabs_message *out, json_t *root)
{
    const char *error = json_string_value(json_object_get(root, "error"));
    const char *message = json_string_value(json_object_get(root, "message"));
    add_printable(out->error, error ? error : "error");
    if (!message)
        return;
    add_printable(out->error, ": ");
    add_printable(out->error, message);
}

static void take_error(struct elevenlabs_message *out, struct slice message,
    const struct json_scan_value members[MEMBERS])
{
    out->is_error = members[ERROR_CODE].kind == JSON_SCAN_STRING ||
                    members[ERROR_TEXT].kind == JSON_SCAN_STRING ||
                    members[ERROR_NUMBER].kind == JSON_SCAN_NUMBER;
    if (!out->is_error)
        return;
    json_t *root = json_loadb(message.data, message.len, JSON_ALLOW_NUL, NULL);
    describe_error(out, root);
    json_decref(root);
}

enum err elevenlabs_decode(struct elevenlabs_message *out, struct slice message)
{
    struct json_scan_value members[MEMBERS];
    *out = (struct elevenlabs_message){0};
    if (json_scan_object(message, member_names, members, MEMBERS))
        return ERR_BAD;
    out->id = id_of(spelled(members, CONTEXT_ID));
    out->is_final = slice_is(spelled(members, IS_FINAL)->raw, "true") &&
                    spelled(members, IS_FINAL)->kind == JSON_SCAN_WORD;
    take_error(out, message, members);
    enum err err = take_audio(out, &members[AUDIO]);
    if (!err)
        err = take_timings(out, &members[ALIGNMENT]);
    if (err)
        elevenlabs_message_free(out);
    return err;
}

void elevenlabs_message_free(struct elevenlabs_message *message)
{
    free(message->audio);
    free(message->timings);
    json_decref(message->root);
    *message = (struct elevenlabs_message){0};
}
