#include "providers/openai_files_request.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "observe/log.h"
#include "providers/hallucination.h"
#include "providers/origin.h"
#include "providers/word_times.h"

#define USUAL_PATH "/v1/audio/transcriptions"
#define USUAL_ANSWER_MS 2500
#define MOST_REQUEST_BYTES (FILES_KEPT_MS * (FILES_RATE_HZ / 1000) * 2 + 64 * 1024)
#define MOST_ANSWER_BYTES (512 * 1024)

/* --- whom to ask --- */

static bool own(const char **text)
{
    *text = *text ? strdup(*text) : NULL;
    return *text;
}

enum err files_target_init(struct files_target *target, const struct stt_settings *settings)
{
    enum err err = files_format_find(&target->format, settings);
    bool has_key = settings->api_key && *settings->api_key;
    target->settings = *settings;
    struct stt_settings *kept = &target->settings;
    const char **texts[] = {&kept->model, &kept->language, &kept->prompt, &kept->key_header};
    kept->base_url = kept->api_key = kept->path = kept->response_format = NULL;
    kept->route = NULL;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (*texts[i] && !own(texts[i]))
            err = err ? err : ERR_NOMEM;
    strbuf_init(&target->url, 2048);
    strbuf_init(&target->key, 4096);
    if (has_key)
        strbuf_printf(
            &target->key, "%s%s", settings->key_header ? "" : "Bearer ", settings->api_key);
    if (!err)
        err = origin_http(
            &target->url, settings->base_url, settings->path ? settings->path : USUAL_PATH);
    return err || !target->key.failed ? err : ERR_BAD;
}

void files_target_free(struct files_target *target)
{
    free((char *)target->settings.model);
    free((char *)target->settings.language);
    free((char *)target->settings.prompt);
    free((char *)target->settings.key_header);
    strbuf_free(&target->url);
    strbuf_free(&target->key);
}

/* --- the answer --- */

bool files_request_is_open(const struct files_request *request)
{
    return request->call;
}

static void end(struct files_request *request, const struct files_result *result)
{
    strbuf_free(&request->body);
    request->on_end(request->owner, result);
}

static void fail(
    struct files_request *request, enum failure_kind kind, enum err err, const char *why)
{
    struct failure failure = {.kind = kind,
        .err = err,
        .status = request->status,
        .retry_after_ms = request->retry_after_ms,
        .why = why};
    end(request, &(struct files_result){.failure = &failure});
}

static void fail_by_status(struct files_request *request)
{
    char code[CHAT_CODE_SIZE], why[CHAT_CODE_SIZE + 32];
    chat_error_code(strbuf_slice(&request->body), code);
    snprintf(why, sizeof why, "http %d%s%s", request->status, *code ? " " : "", code);
    fail(request, failure_of_status(request->status, code), ERR_REFUSED, why);
}

/* A time of the file as one of the session. Models that hear in pieces of 30 s know of words behind the file's end. */
static uint32_t in_span(const struct files_request *request, uint32_t file_ms)
{
    uint32_t length_ms = request->span.to_ms - request->span.from_ms;
    return request->span.from_ms + (file_ms < length_ms ? file_ms : length_ms);
}

/* The server's times where it tells one for each word, else reckoned ones over what is voice. */
static void give_words(
    struct files_request *request, struct transcript *transcript, struct slice text)
{
    size_t count = windows_count_words(text);
    struct files_result result = {.text = text, .words = transcript->words};
    result.is_estimated = transcript->count != count;
    if (result.is_estimated)
        transcript->count = word_times_estimate(transcript->words, FILES_WORDS_MAX, text,
            request->voice.first_ms, request->voice.last_ms);
    for (size_t i = 0; !result.is_estimated && i < count; i++) {
        struct stt_word *word = &transcript->words[i];
        word->start_ms = in_span(request, word->start_ms);
        word->end_ms = in_span(request, word->end_ms);
    }
    result.count = transcript->count;
    end(request, &result);
}

static void take_answer(struct files_request *request)
{
    struct transcript transcript;
    char code[CHAT_CODE_SIZE], why[CHAT_CODE_SIZE + 32];
    const struct files_target *target = request->target;
    enum err err = files_decode(&transcript, target->format, slice_from(request->content_type),
        strbuf_slice(&request->body), target->settings.no_speech_max, code);
    if (err) {
        snprintf(why, sizeof why, "%s%s%s",
            err == ERR_REFUSED ? "error in the answer" : "the answer cannot be read",
            *code ? ": " : "", code);
        fail(request, err == ERR_REFUSED ? failure_of_status(500, code) : failure_of_err(err), err,
            why);
        return;
    }
    struct slice text = strbuf_slice(&transcript.text);
    bool is_made_up = hallucination_is_likely(
        text, request->voice.voiced_ms, request->span.to_ms - request->span.from_ms);
    if (is_made_up || transcript.dropped)
        log_debug("stt.doubted", "segments=%u phrase=%d", transcript.dropped, is_made_up);
    give_words(request, &transcript, is_made_up ? SLICE("") : text);
    transcript_free(&transcript);
}

/* --- http --- */

static void on_status(void *owner, int status, struct slice content_type, unsigned retry_after_ms)
{
    struct files_request *request = owner;
    request->status = status;
    request->retry_after_ms = retry_after_ms;
    slice_copy(content_type, request->content_type, sizeof request->content_type);
}

static void on_body(void *owner, struct slice data)
{
    strbuf_add_slice(&((struct files_request *)owner)->body, data);
}

static void on_done(void *owner, enum err err, const char *why)
{
    struct files_request *request = owner;
    bool is_success = request->status >= 200 && request->status < 300;
    request->call = NULL;
    if (request->status && !is_success) /* whatever became of its body */
        fail_by_status(request);
    else if (err == ERR_FULL)
        fail(request, FAILURE_GARBLED, err, why);
    else if (err)
        fail(request, failure_of_err(err), err, why);
    else
        take_answer(request);
}

static const struct http_listener http_listener = {on_status, on_body, on_done};

static enum err post(
    struct files_request *request, struct net_loop *loop, const char *boundary, struct slice body)
{
    const struct files_target *target = request->target;
    const struct stt_settings *settings = &target->settings;
    char type[FILES_BOUNDARY_SIZE + 64];
    snprintf(type, sizeof type, "multipart/form-data; boundary=%s", boundary);
    const char *key_header = settings->key_header ? settings->key_header : "Authorization";
    struct http_header headers[] = {{"Content-Type", type}, {key_header, target->key.data}};
    unsigned answer_ms =
        settings->answer_timeout_ms ? settings->answer_timeout_ms : USUAL_ANSWER_MS;
    struct http_options options = {
        .method = "POST",
        .url = target->url.data,
        .headers = headers,
        .header_count = target->key.len ? 2 : 1,
        .body = body,
        .connect_timeout_ms = settings->connect_timeout_ms,
        .first_byte_timeout_ms = answer_ms,
        .idle_timeout_ms = answer_ms,
        .total_timeout_ms = settings->connect_timeout_ms + answer_ms,
        .max_body_bytes = MOST_ANSWER_BYTES,
        .allow_private = true, /* the operator chose the address; models may run next door */
    };
    return http_start(&request->call, loop, &options, &http_listener, request);
}

enum err files_request_start(struct files_request *request, struct net_loop *loop,
    const struct files_target *target, const struct files_audio *audio, struct window_span span,
    struct files_voice voice)
{
    struct strbuf wav, body;
    char boundary[FILES_BOUNDARY_SIZE];
    request->target = target;
    request->span = span;
    request->voice = voice;
    request->status = 0;
    request->retry_after_ms = 0;
    request->content_type[0] = 0;
    strbuf_init(&request->body, MOST_ANSWER_BYTES);
    strbuf_init(&wav, MOST_REQUEST_BYTES);
    strbuf_init(&body, MOST_REQUEST_BYTES);
    enum err err = files_audio_wav(audio, span.from_ms, span.to_ms, &wav);
    if (!err)
        err = files_request(&body, boundary, &target->settings, target->format, strbuf_slice(&wav));
    if (!err)
        err = post(request, loop, boundary, strbuf_slice(&body));
    strbuf_free(&body);
    strbuf_free(&wav);
    return err;
}

void files_request_cancel(struct files_request *request)
{
    if (request->call)
        http_cancel(request->call);
    request->call = NULL;
    strbuf_free(&request->body);
}
