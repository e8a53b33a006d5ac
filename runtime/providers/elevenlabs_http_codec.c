#include "providers/elevenlabs_http_codec.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "providers/elevenlabs_speech.h"
#include "providers/origin.h"

/* --- to the service --- */

enum err elevenlabs_http_url(struct strbuf *out, const struct tts_settings *settings)
{
    enum err err = origin_http(out, settings->base_url, "/v1/text-to-speech/");
    if (err)
        return err;
    origin_add_encoded(out, slice_from(settings->voice_id));
    strbuf_printf(out, "/stream/with-timestamps?output_format=%s", elevenlabs_format(settings));
    return out->failed ? ERR_BAD : ERR_OK;
}

bool elevenlabs_http_takes_neighbours(const struct tts_settings *settings)
{
    return !elevenlabs_is_v3(settings);
}

void elevenlabs_http_body_begin(struct strbuf *out, const struct tts_settings *settings)
{
    strbuf_add_text(out, "{\"model_id\":");
    strbuf_add_json(out, slice_from(settings->model));
    if (elevenlabs_takes_language(settings)) {
        strbuf_add_text(out, ",\"language_code\":");
        strbuf_add_json(out, slice_from(settings->language));
    }
    elevenlabs_add_voice(out, settings);
}

static void add_text(struct strbuf *out, const char *name, struct slice text)
{
    if (!text.len)
        return;
    strbuf_printf(out, ",\"%s\":", name);
    strbuf_add_json(out, text);
}

void elevenlabs_http_body_end(struct strbuf *out, const struct tts_text *text)
{
    add_text(out, "text", text->text);
    add_text(out, "previous_text", text->before);
    add_text(out, "next_text", text->after);
    strbuf_add_char(out, '}');
}

/* --- from the service --- */

static const struct elevenlabs_alignment alignment_names = {.characters = "characters",
    .starts = "character_start_times_seconds",
    .ends = "character_end_times_seconds",
    .unit_ms = 1000};

/* `detail` is an object with a code or a status, a list of what is wrong with the request, or a text. */
static void take_detail(char code[SPEECH_CODE_SIZE], json_t *root)
{
    json_t *detail = json_object_get(root, "detail");
    const char *word = json_string_value(json_object_get(detail, "code"));
    if (!word)
        word = json_string_value(json_object_get(detail, "status"));
    if (!word && json_is_array(detail))
        word = "validation_error";
    speech_code_copy(code, word);
}

void elevenlabs_http_error_code(struct slice body, char code[SPEECH_CODE_SIZE])
{
    json_t *root = json_loadb(body.data, body.len, JSON_ALLOW_NUL, NULL);
    take_detail(code, root);
    json_decref(root);
}

enum { AUDIO, ALIGNMENT, DETAIL, MEMBERS };
static const char *const member_names[MEMBERS] = {"audio_base64", "alignment", "detail"};

enum err elevenlabs_http_decode(struct speech_chunk *out, struct slice object)
{
    struct json_scan_value members[MEMBERS];
    *out = (struct speech_chunk){0};
    if (json_scan_object(object, member_names, members, MEMBERS))
        return ERR_BAD;
    out->is_error = members[DETAIL].kind != JSON_SCAN_MISSING;
    if (out->is_error) {
        elevenlabs_http_error_code(object, out->code);
        snprintf(out->error, sizeof(out->error), "error in the stream: %s", out->code);
    }
    enum err err = elevenlabs_take_audio(out, &members[AUDIO]);
    if (!err)
        err = elevenlabs_take_timings(out, &members[ALIGNMENT], &alignment_names);
    if (err)
        speech_chunk_free(out);
    return err;
}
