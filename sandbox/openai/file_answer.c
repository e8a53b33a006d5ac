#include "openai/file_answer.h"

#include <ctype.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#define MAX_EVENT_BYTES (64u << 10)

/* The next word with the blanks before it. */
static struct slice next_word(struct slice *rest)
{
    size_t len = 0;
    while (len < rest->len && rest->data[len] == ' ')
        len++;
    while (len < rest->len && rest->data[len] != ' ')
        len++;
    struct slice word = {rest->data, len};
    *rest = (struct slice){rest->data + len, rest->len - len};
    return word;
}

/* ---- verbose_json ---- */

/* OpenAI's words are bare; whisper.cpp's keep the blank before and the full stop behind. */
static struct slice bare(struct slice word)
{
    while (word.len && ispunct((unsigned char)word.data[0]))
        word = (struct slice){word.data + 1, word.len - 1};
    while (word.len && ispunct((unsigned char)word.data[word.len - 1]))
        word.len--;
    return word;
}

/* Every letter takes the same time. */
static json_t *words_of(const struct file_heard *heard, bool is_bare)
{
    json_t *words = json_array();
    struct slice rest = slice_from(heard->text);
    size_t all = rest.len ? rest.len : 1, passed = 0;
    double start_s = heard->start_ms / 1000.0,
           length_s = (heard->end_ms - heard->start_ms) / 1000.0;
    while (rest.len) {
        struct slice word = next_word(&rest), shown = is_bare ? bare(slice_trim(word)) : word;
        double from_s = start_s + length_s * (double)passed / (double)all;
        passed += word.len;
        if (shown.len)
            json_array_append_new(
                words, json_pack("{s:s% s:f s:f}", "word", shown.data, shown.len, "start", from_s,
                           "end", start_s + length_s * (double)passed / (double)all));
    }
    return words;
}

static json_t *segment_of(const struct file_request *request, const struct file_heard *heard)
{
    char text[2048];
    (void)snprintf(text, sizeof text, " %s", heard->text);
    json_t *segment = json_pack("{s:i s:i s:f s:f s:s s:[] s:f s:f s:f s:f}", "id", 0, "seek", 0,
        "start", 0.0, "end", heard->length_ms / 1000.0, "text", text, "tokens", "temperature", 0.0,
        "avg_logprob", heard->is_made_up ? -1.21 : -0.27, "compression_ratio", 0.9,
        "no_speech_prob", heard->is_made_up ? 0.83 : 0.02);
    if (request->is_whisper_cpp)
        json_object_set_new(segment, "words", words_of(heard, false));
    return segment;
}

static json_t *verbose(const struct file_request *request, const struct file_heard *heard)
{
    json_t *body = json_pack("{s:s s:s s:f s:s}", "task", "transcribe", "language", "english",
        "duration", heard->length_ms / 1000.0, "text", heard->text);
    bool has_text = heard->text[0];
    if (request->wants_words && !request->is_whisper_cpp)
        json_object_set_new(body, "words", words_of(heard, true));
    if (request->wants_segments)
        json_object_set_new(body, "segments",
            has_text ? json_pack("[o]", segment_of(request, heard)) : json_array());
    if (!request->is_whisper_cpp)
        json_object_set_new(body, "usage",
            json_pack("{s:s s:i}", "type", "duration", "seconds",
                (int)((heard->length_ms + 999) / 1000)));
    return body;
}

/* ---- the others ---- */

static json_t *usage_of(const struct file_heard *heard)
{
    int input = (int)(heard->length_ms / 100) + 1, output = (int)(strlen(heard->text) / 4) + 1;
    return json_pack("{s:s s:i s:i s:i s:{s:i s:i}}", "type", "tokens", "input_tokens", input,
        "output_tokens", output, "total_tokens", input + output, "input_token_details",
        "text_tokens", 0, "audio_tokens", input);
}

static json_t *plain(const struct file_request *request, const struct file_heard *heard)
{
    json_t *body = json_pack("{s:s}", "text", heard->text);
    if (!strcmp(request->model, "whisper-1"))
        json_object_set_new(body, "usage",
            json_pack("{s:s s:i}", "type", "duration", "seconds",
                (int)((heard->length_ms + 999) / 1000)));
    else if (!request->is_whisper_cpp)
        json_object_set_new(body, "usage", usage_of(heard));
    if (request->wants_logprobs)
        json_object_set_new(body, "logprobs", json_array());
    return body;
}

static void add_time(struct strbuf *out, uint32_t ms, char separator)
{
    strbuf_printf(out, "%02u:%02u:%02u%c%03u", ms / 3600000, ms / 60000 % 60, ms / 1000 % 60,
        separator, ms % 1000);
}

static void add_subtitle(struct strbuf *out, const struct file_heard *heard, bool is_srt)
{
    char separator = is_srt ? ',' : '.';
    strbuf_add_text(out, is_srt ? "" : "WEBVTT\n\n");
    if (!heard->text[0])
        return;
    strbuf_add_text(out, is_srt ? "1\n" : "");
    add_time(out, heard->start_ms, separator);
    strbuf_add_text(out, " --> ");
    add_time(out, heard->end_ms, separator);
    strbuf_printf(out, "\n%s\n\n", heard->text);
}

static void add_json_take(struct strbuf *out, json_t *body)
{
    char *text = body ? json_dumps(body, JSON_COMPACT) : NULL;
    strbuf_add_text(out, text ? text : "");
    free(text);
    json_decref(body);
}

const char *file_answer_type(const struct file_request *request)
{
    switch (request->format) {
    case FILE_JSON:
    case FILE_VERBOSE:
        return request->is_stream ? "text/event-stream; charset=utf-8" : "application/json";
    case FILE_TEXT:
        return request->is_whisper_cpp ? "text/html; charset=utf-8" : "text/plain; charset=utf-8";
    case FILE_SRT:
        return request->is_whisper_cpp ? "application/x-subrip" : "text/plain; charset=utf-8";
    case FILE_VTT:
        return request->is_whisper_cpp ? "text/vtt" : "text/plain; charset=utf-8";
    }
    return "";
}

void file_answer(
    struct strbuf *out, const struct file_request *request, const struct file_heard *heard)
{
    switch (request->format) {
    case FILE_JSON:
        add_json_take(out, plain(request, heard));
        return;
    case FILE_VERBOSE:
        add_json_take(out, verbose(request, heard));
        return;
    case FILE_TEXT:
        strbuf_printf(out, request->is_whisper_cpp ? " %s\n" : "%s\n", heard->text);
        return;
    case FILE_SRT:
    case FILE_VTT:
        add_subtitle(out, heard, request->format == FILE_SRT);
        return;
    }
}

void file_answer_events(const struct file_heard *heard,
    void (*put)(void *owner, struct slice event, bool is_delta), void *owner)
{
    struct strbuf event;
    strbuf_init(&event, MAX_EVENT_BYTES);
    for (struct slice rest = slice_from(heard->text); rest.len;) {
        struct slice word = next_word(&rest);
        strbuf_clear(&event);
        strbuf_add_text(&event, "data: {\"type\":\"transcript.text.delta\",\"delta\":");
        strbuf_add_json(&event, word);
        strbuf_add_text(&event, "}\n\n");
        put(owner, strbuf_slice(&event), true);
    }
    strbuf_clear(&event);
    strbuf_add_text(&event, "data: ");
    add_json_take(&event, json_pack("{s:s s:s s:o}", "type", "transcript.text.done", "text",
                              heard->text, "usage", usage_of(heard)));
    strbuf_add_text(&event, "\n\n");
    put(owner, strbuf_slice(&event), false);
    strbuf_free(&event);
}
