#include "providers/elevenlabs_codec.h"

#include <jansson.h>
#include <string.h>

#include "base/json_scan.h"
#include "providers/elevenlabs_speech.h"
#include "providers/origin.h"

#define MOST_ERROR_BYTES (64 * 1024)

/* --- to the service --- */

enum err elevenlabs_url(struct strbuf *out, const struct tts_settings *settings)
{
    enum err err = origin_ws(out, settings->base_url, "/v1/text-to-speech/");
    if (err)
        return err;
    origin_add_encoded(out, slice_from(settings->voice_id));
    strbuf_add_text(out, "/multi-stream-input?model_id=");
    origin_add_encoded(out, slice_from(settings->model));
    /* without the latter some parts come without times, and those of what follows would be taken for theirs */
    strbuf_printf(out, "&output_format=%s&sync_alignment=true", elevenlabs_format(settings));
    if (settings->inactivity_timeout_s)
        strbuf_printf(out, "&inactivity_timeout=%u", settings->inactivity_timeout_s);
    if (elevenlabs_takes_language(settings)) {
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

void elevenlabs_open(
    struct strbuf *out, struct elevenlabs_id id, const struct tts_settings *settings)
{
    strbuf_add_text(out, "{\"text\":\" \",");
    add_id(out, id);
    elevenlabs_add_voice(out, settings);
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

static const struct elevenlabs_alignment alignment_names = {.characters = "chars",
    .starts = "charStartTimesMs",
    .durations = "charDurationsMs",
    .other_durations = "charsDurationsMs",
    .unit_ms = 1};

static void add_printable(char out[SPEECH_ERROR_SIZE], const char *text)
{
    size_t len = strlen(out);
    for (; *text && len < SPEECH_ERROR_SIZE - 1; text++)
        out[len++] = *text >= ' ' && *text <= '~' ? *text : '?';
    out[len] = 0;
}

/* {"message":"…","error":"<code>","code":1008}, each of them possibly missing. Seldom: a tree will do. */
static void describe_error(struct speech_chunk *out, json_t *root)
{
    const char *error = json_string_value(json_object_get(root, "error"));
    const char *message = json_string_value(json_object_get(root, "message"));
    speech_code_copy(out->code, error);
    add_printable(out->error, error ? error : "error");
    if (!message)
        return;
    add_printable(out->error, ": ");
    add_printable(out->error, message);
}

static void take_error(
    struct speech_chunk *out, struct slice message, const struct json_scan_value members[MEMBERS])
{
    out->is_error = members[ERROR_CODE].kind == JSON_SCAN_STRING ||
                    members[ERROR_TEXT].kind == JSON_SCAN_STRING ||
                    members[ERROR_NUMBER].kind == JSON_SCAN_NUMBER;
    if (!out->is_error)
        return;
    json_t *root = message.len <= MOST_ERROR_BYTES
                       ? json_loadb(message.data, message.len, JSON_ALLOW_NUL, NULL)
                       : NULL;
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
    take_error(&out->speech, message, members);
    enum err err = elevenlabs_take_audio(&out->speech, &members[AUDIO]);
    if (!err)
        err = elevenlabs_take_timings(&out->speech, &members[ALIGNMENT], &alignment_names);
    if (err)
        elevenlabs_message_free(out);
    return err;
}

void elevenlabs_message_free(struct elevenlabs_message *message)
{
    speech_chunk_free(&message->speech);
    *message = (struct elevenlabs_message){0};
}
