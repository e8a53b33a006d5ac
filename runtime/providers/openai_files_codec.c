#include "providers/openai_files_codec.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"
#include "providers/sse.h"

#define NO_SPEECH_MAX 0.6 /* with a text that is improbable, too, a segment is no speech */
#define LOGPROB_LEAST (-1.0)
#define COMPRESSION_MAX 2.4 /* the same words over and over */
#define MOST_TIME_S 3600.0
#define MOST_SEGMENTS 256 /* each word is looked for in all that are in doubt */

/* --- request --- */

enum err files_format_find(enum files_format *out, const struct stt_settings *settings)
{
    static const char *const names[] = {[FILES_JSON] = "json",
        [FILES_VERBOSE] = "verbose_json",
        [FILES_TEXT] = "text",
        [FILES_STREAM] = "stream"};
    const char *wanted = settings->response_format;
    if (!wanted)
        wanted = slice_starts(slice_from(settings->model), "gpt-") ? "json" : "verbose_json";
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (strcmp(wanted, names[i]))
            continue;
        *out = (enum files_format)i;
        return ERR_OK;
    }
    return ERR_BAD;
}

struct part {
    const char *name;
    const char *value;
};

/* What is asked besides the file; parts without a value are left out. */
#define PARTS 8
static void list_parts(
    struct part parts[PARTS], const struct stt_settings *settings, enum files_format format)
{
    bool is_verbose = format == FILES_VERBOSE, is_text = format == FILES_TEXT;
    const struct part all[PARTS] = {
        {"model", settings->model},
        {"language", settings->language},
        {"prompt", settings->prompt},
        {"response_format", is_verbose ? "verbose_json"
                            : is_text  ? "text"
                                       : "json"},
        {"temperature", is_verbose || is_text ? "0" : NULL},
        {"timestamp_granularities[]", is_verbose ? "word" : NULL},
        {"timestamp_granularities[]", is_verbose ? "segment" : NULL},
        {"stream", format == FILES_STREAM ? "true" : NULL},
    };
    memcpy(parts, all, sizeof all);
}

static bool is_within(const char *boundary, const struct part parts[PARTS], struct slice wav)
{
    for (size_t i = 0; i < PARTS; i++)
        if (parts[i].value && strstr(parts[i].value, boundary))
            return true;
    return wav.len && memmem(wav.data, wav.len, boundary, strlen(boundary));
}

enum err files_request(struct strbuf *out, char boundary[FILES_BOUNDARY_SIZE],
    const struct stt_settings *settings, enum files_format format, struct slice wav)
{
    struct part parts[PARTS];
    list_parts(parts, settings, format);
    unsigned number = 0;
    do {
        snprintf(boundary, FILES_BOUNDARY_SIZE, "moonline-part-%08x", number++);
    } while (is_within(boundary, parts, wav));
    for (size_t i = 0; i < PARTS; i++)
        if (parts[i].value && *parts[i].value)
            strbuf_printf(out, "--%s\r\nContent-Disposition: form-data; name=\"%s\"\r\n\r\n%s\r\n",
                boundary, parts[i].name, parts[i].value);
    strbuf_printf(out,
        "--%s\r\nContent-Disposition: form-data; name=\"file\"; filename=\"speech.wav\"\r\n"
        "Content-Type: audio/wav\r\n\r\n",
        boundary);
    strbuf_add_slice(out, wav);
    strbuf_printf(out, "\r\n--%s--\r\n", boundary);
    return out->failed ? ERR_FULL : ERR_OK;
}

/* --- segments --- */

static double number_or(const json_t *object, const char *key, double otherwise)
{
    const json_t *value = json_object_get(object, key);
    return json_is_number(value) ? json_number_value(value) : otherwise;
}

static struct slice text_at(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    return json_is_string(value)
               ? (struct slice){json_string_value(value), json_string_length(value)}
               : (struct slice){"", 0};
}

static bool is_doubted(const json_t *segment, double no_speech_max)
{
    bool is_silence = number_or(segment, "no_speech_prob", 0) > no_speech_max &&
                      number_or(segment, "avg_logprob", 0) < LOGPROB_LEAST;
    return is_silence || number_or(segment, "compression_ratio", 0) > COMPRESSION_MAX;
}

/* The text without the segments in doubt; as the server wrote it when there are none. */
static void take_text(struct transcript *out, double no_speech_max)
{
    json_t *segments = json_object_get(out->root, "segments"), *segment;
    struct strbuf kept;
    strbuf_init(&kept, FILES_TEXT_BYTES);
    size_t i;
    json_array_foreach(segments, i, segment)
    {
        if (is_doubted(segment, no_speech_max)) {
            out->dropped++;
            continue;
        }
        struct slice text = slice_trim(text_at(segment, "text"));
        if (kept.len && text.len)
            strbuf_add_char(&kept, ' ');
        strbuf_add_slice(&kept, text);
    }
    struct slice whole = slice_trim(text_at(out->root, "text"));
    strbuf_add_slice(&out->text, out->dropped ? strbuf_slice(&kept) : whole);
    out->text.failed |= out->dropped && kept.failed;
    strbuf_free(&kept);
}

/* --- words --- */

static bool is_in_doubt(const struct transcript *out, double at_s, double no_speech_max)
{
    json_t *segments = json_object_get(out->root, "segments"), *segment;
    size_t i;
    json_array_foreach(segments, i, segment) if (is_doubted(segment, no_speech_max) &&
                                                 at_s >= number_or(segment, "start", 0) &&
                                                 at_s < number_or(segment, "end", 0)) return true;
    return false;
}

/* False: a time that cannot be, so that none of them is to be trusted. The words of a text in doubt count as well: there is an end
   to what is looked at. */
static bool take_word(struct transcript *out, const json_t *word, double no_speech_max)
{
    double start_s = number_or(word, "start", -1), end_s = number_or(word, "end", -1);
    struct slice text = slice_trim(text_at(word, "word"));
    if (!(start_s >= 0 && end_s >= start_s && end_s <= MOST_TIME_S))
        return false;
    if (!text.len || out->seen == FILES_WORDS_MAX)
        return true;
    out->seen++;
    if (is_in_doubt(out, start_s, no_speech_max))
        return true;
    struct stt_word *last = out->count ? &out->words[out->count - 1] : NULL;
    uint32_t start_ms = (uint32_t)lround(start_s * 1000), end_ms = (uint32_t)lround(end_s * 1000);
    if (last && start_ms < last->start_ms)
        return false;
    out->words[out->count++] = (struct stt_word){text, start_ms, end_ms};
    return true;
}

static bool take_words(struct transcript *out, const json_t *words, double no_speech_max)
{
    size_t i;
    json_t *word;
    json_array_foreach(
        (json_t *)words, i, word) if (!take_word(out, word, no_speech_max)) return false;
    return true;
}

/* OpenAI has them beside the segments, whisper.cpp and speaches within. */
static void take_all_words(struct transcript *out, double no_speech_max)
{
    json_t *words = json_object_get(out->root, "words"), *segment;
    size_t i;
    bool is_fine = take_words(out, words, no_speech_max);
    if (!json_array_size(words))
        json_array_foreach(json_object_get(out->root, "segments"), i, segment) is_fine =
            is_fine && take_words(out, json_object_get(segment, "words"), no_speech_max);
    if (!is_fine)
        out->count = 0;
}

/* --- answers --- */

/* In: `root`. Keeps it when it is a transcript. */
static enum err take_json(struct transcript *out, double no_speech_max, char code[CHAT_CODE_SIZE])
{
    if (chat_find_error(out->root, code))
        return ERR_REFUSED;
    if (!json_is_string(json_object_get(out->root, "text")) ||
        json_array_size(json_object_get(out->root, "segments")) > MOST_SEGMENTS)
        return ERR_BAD;
    take_text(out, no_speech_max);
    take_all_words(out, no_speech_max);
    return ERR_OK;
}

/* Deltas are nothing that the end does not say again; a stream without its end is cut. */
static enum err take_events(
    struct transcript *out, struct slice body, double no_speech_max, char code[CHAT_CODE_SIZE])
{
    struct sse sse;
    struct sse_event event;
    enum err err = ERR_CLOSED;
    sse_init(&sse, FILES_TEXT_BYTES * 8);
    for (bool is_last = false; err == ERR_CLOSED && !is_last;) {
        enum err read = sse_next(&sse, &body, &event);
        if (!read && !event.is_whole) {
            is_last = true;
            read = sse_finish(&sse, &event);
        }
        if (read)
            err = ERR_BAD;
        if (read || !event.is_whole)
            continue;
        out->root = json_loadb(event.data.data, event.data.len, 0, NULL);
        if (slice_is(text_at(out->root, "type"), "transcript.text.done") ||
            json_object_get(out->root, "error"))
            err = take_json(out, no_speech_max, code);
        if (err == ERR_CLOSED)
            json_decref(out->root);
        if (err == ERR_CLOSED)
            out->root = NULL;
    }
    sse_free(&sse);
    return err;
}

/* Plain text is believed only where it was asked for: else a proxy's page would be what the caller said. */
static enum err take_plain(struct transcript *out, enum files_format format, struct slice body)
{
    body = slice_trim(body);
    bool is_page = slice_starts(body, "<");
    if (format != FILES_TEXT || is_page || !utf8_is_valid(body.data, body.len) ||
        (body.len && memchr(body.data, 0, body.len)))
        return ERR_BAD;
    strbuf_add_slice(&out->text, body);
    return ERR_OK;
}

enum err files_decode(struct transcript *out, enum files_format format, struct slice content_type,
    struct slice body, double no_speech_max, char code[CHAT_CODE_SIZE])
{
    enum err err;
    *out = (struct transcript){0};
    *code = 0;
    strbuf_init(&out->text, FILES_TEXT_BYTES);
    no_speech_max = no_speech_max > 0 ? no_speech_max : NO_SPEECH_MAX;
    if (slice_starts(content_type, "text/event-stream")) {
        err = take_events(out, body, no_speech_max, code);
    } else {
        out->root = json_loadb(body.data, body.len, 0, NULL);
        err = json_is_object(out->root) ? take_json(out, no_speech_max, code)
                                        : take_plain(out, format, body);
    }
    if (!err && out->text.failed)
        err = ERR_BAD;
    if (err)
        transcript_free(out);
    return err;
}

void transcript_free(struct transcript *transcript)
{
    json_decref(transcript->root);
    strbuf_free(&transcript->text);
    transcript->root = NULL;
    transcript->count = 0;
}
