#include "providers/openai_realtime_codec.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/crypto.h"
#include "providers/error_code.h"

/* --- to the service --- */

static void add_transcription(
    struct strbuf *out, const struct stt_settings *settings, bool has_prompt)
{
    strbuf_add_text(out, "{\"model\":");
    strbuf_add_json(out, slice_from(settings->model));
    if (settings->language && *settings->language) {
        strbuf_add_text(out, ",\"language\":");
        strbuf_add_json(out, slice_from(settings->language));
    }
    if (has_prompt && settings->prompt && *settings->prompt) {
        strbuf_add_text(out, ",\"prompt\":");
        strbuf_add_json(out, slice_from(settings->prompt));
    }
    strbuf_add_char(out, '}');
}

static void flat_update(struct strbuf *out, const struct stt_settings *settings,
    enum realtime_shape shape, bool has_prompt)
{
    strbuf_add_text(out, "{\"type\":\"");
    if (shape == REALTIME_FLAT)
        strbuf_add_text(out, "session.update\",\"session\":{");
    else
        strbuf_printf(out,
            "transcription_session.update\",\"session\":{\"input_audio_format\":\"%s\",",
            settings->send_ulaw ? "g711_ulaw" : "pcm16");
    strbuf_add_text(out, "\"input_audio_transcription\":");
    add_transcription(out, settings, has_prompt);
    strbuf_add_text(out, ",\"turn_detection\":null}}");
}

void realtime_session_update(struct strbuf *out, const struct stt_settings *settings,
    enum realtime_shape shape, bool has_prompt)
{
    if (shape != REALTIME_CURRENT) {
        flat_update(out, settings, shape, has_prompt);
        return;
    }
    strbuf_add_text(out, "{\"type\":\"session.update\",\"session\":{\"type\":\"transcription\","
                         "\"audio\":{\"input\":{\"format\":");
    strbuf_add_text(out, settings->send_ulaw ? "{\"type\":\"audio/pcmu\"}"
                                             : "{\"type\":\"audio/pcm\",\"rate\":24000}");
    strbuf_add_text(out, ",\"transcription\":");
    add_transcription(out, settings, has_prompt);
    strbuf_add_text(out, ",\"turn_detection\":null}}}}");
}

void realtime_append(struct strbuf *out, const void *audio, size_t len)
{
    static const char head[] = "{\"type\":\"input_audio_buffer.append\",\"audio\":\"";
    strbuf_reserve(out, sizeof head + BASE64_SIZE(len) + 4);
    strbuf_add_text(out, head);
    const unsigned char *bytes = audio;
    while (len) {
        char text[BASE64_SIZE(3 * 256)];
        size_t part = len < 3 * 256 ? len : 3 * 256;
        strbuf_add(out, text, base64_encode(bytes, part, text));
        bytes += part;
        len -= part;
    }
    strbuf_add_text(out, "\"}");
}

void realtime_commit(struct strbuf *out, uint32_t item)
{
    strbuf_printf(out, "{\"type\":\"input_audio_buffer.commit\",\"event_id\":\"%s%u\"}",
        REALTIME_COMMIT_PREFIX, item);
}

/* --- from the service --- */

static struct slice text_at(json_t *object, const char *name)
{
    json_t *value = json_object_get(object, name);
    if (!json_is_string(value))
        return (struct slice){"", 0};
    return (struct slice){json_string_value(value), json_string_length(value)};
}

static enum realtime_kind kind_of(struct slice type)
{
    static const struct {
        const char *type;
        enum realtime_kind kind;
    } kinds[] = {
        {"conversation.item.input_audio_transcription.delta", REALTIME_DELTA},
        {"conversation.item.input_audio_transcription.completed", REALTIME_COMPLETED},
        {"conversation.item.input_audio_transcription.failed", REALTIME_FAILED},
        {"input_audio_buffer.partial_transcription", REALTIME_GUESS},
        {"input_audio_buffer.committed", REALTIME_COMMITTED},
        {"input_audio_buffer.speech_started", REALTIME_SPEECH_STARTED},
        {"input_audio_buffer.speech_stopped", REALTIME_SPEECH_STOPPED},
        {"session.created", REALTIME_CREATED},
        {"session.updated", REALTIME_UPDATED},
        {"transcription_session.created", REALTIME_CREATED},
        {"transcription_session.updated", REALTIME_UPDATED},
        {"error", REALTIME_ERROR},
    };
    for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
        if (slice_is(type, kinds[i].type))
            return kinds[i].kind;
    }
    return REALTIME_OTHER;
}

struct meaning {
    const char *word;
    enum realtime_severity severity;
    enum failure_kind failure;
};

/* Of an error's code, or of its type when the code says nothing. */
static const struct meaning *meaning_of(struct slice word)
{
    static const struct meaning words[] = {
        {"input_audio_buffer_commit_empty", REALTIME_EMPTY, FAILURE_REQUEST},
        {"session_expired", REALTIME_EXPIRED, FAILURE_CUT},
        {"beta_api_shape_disabled", REALTIME_FATAL, FAILURE_REQUEST},
        {"invalid_model", REALTIME_FATAL, FAILURE_REQUEST},
        {"model_not_found", REALTIME_FATAL, FAILURE_REQUEST},
        {"insufficient_quota", REALTIME_FATAL, FAILURE_QUOTA},
        {"billing_hard_limit_reached", REALTIME_FATAL, FAILURE_QUOTA},
        {"invalid_api_key", REALTIME_FATAL, FAILURE_KEY},
        {"authentication_error", REALTIME_FATAL, FAILURE_KEY},
        {"permission_error", REALTIME_FATAL, FAILURE_KEY},
        {"rate_limit_exceeded", REALTIME_LATER, FAILURE_BUSY},
        {"rate_limit_error", REALTIME_LATER, FAILURE_BUSY},
        {"server_error", REALTIME_USABLE, FAILURE_BROKEN},
    };
    for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
        if (slice_is(word, words[i].word))
            return &words[i];
    }
    return NULL;
}

/* The number in the event id that a commit of ours carried. */
static uint32_t commit_of(struct slice event_id)
{
    size_t prefix = sizeof(REALTIME_COMMIT_PREFIX) - 1;
    if (!slice_starts(event_id, REALTIME_COMMIT_PREFIX) || event_id.len > prefix + 10)
        return 0;
    uint64_t number = 0;
    for (size_t i = prefix; i < event_id.len; i++) {
        if (event_id.data[i] < '0' || event_id.data[i] > '9')
            return 0;
        number = number * 10 + (uint64_t)(event_id.data[i] - '0');
    }
    return number <= UINT32_MAX ? (uint32_t)number : 0;
}

static void take_error(struct realtime_event *out, json_t *error)
{
    struct slice code = text_at(error, "code");
    struct slice type = text_at(error, "type");
    struct slice param = text_at(error, "param");
    const struct meaning *meaning = meaning_of(code);
    if (!meaning)
        meaning = meaning_of(type);
    out->severity = meaning ? meaning->severity : REALTIME_USABLE;
    out->failure = meaning ? meaning->failure : FAILURE_REQUEST;
    out->has_code = code.len > 0;
    out->is_about_prompt = param.len >= 6 && !memcmp(param.data + param.len - 6, "prompt", 6);
    error_code_copy(out->code, sizeof out->code, code.len ? code : type);
    out->commit = commit_of(text_at(error, "event_id"));
}

static void take_session(struct realtime_session *out, json_t *session)
{
    json_t *input = json_object_get(json_object_get(session, "audio"), "input");
    json_t *detection = json_object_get(input ? input : session, "turn_detection");
    json_int_t expires_at_s = json_integer_value(json_object_get(session, "expires_at"));
    json_int_t silence_ms = json_integer_value(json_object_get(detection, "silence_duration_ms"));
    out->expires_at_s = expires_at_s > 0 ? (uint64_t)expires_at_s : 0;
    out->is_detecting = json_is_object(detection);
    bool is_told = silence_ms > 0 && silence_ms <= REALTIME_MOST_SILENCE_MS;
    out->silence_ms = is_told ? (unsigned)silence_ms : REALTIME_USUAL_SILENCE_MS;
}

enum err realtime_decode(struct realtime_event *out, struct slice message)
{
    *out = (struct realtime_event){0};
    json_t *root = json_loadb(message.data, message.len, JSON_ALLOW_NUL, NULL);
    if (!json_is_string(json_object_get(root, "type"))) {
        json_decref(root);
        return ERR_BAD;
    }
    out->root = root;
    out->kind = kind_of(text_at(root, "type"));
    out->item_id = text_at(root, "item_id");
    bool is_whole = out->kind == REALTIME_COMPLETED || out->kind == REALTIME_GUESS;
    out->text = text_at(root, is_whole ? "transcript" : "delta");
    if (out->kind == REALTIME_CREATED || out->kind == REALTIME_UPDATED) {
        out->session.is_flat = slice_starts(text_at(root, "type"), "transcription_session.");
        take_session(&out->session, json_object_get(root, "session"));
    }
    if (out->kind == REALTIME_ERROR || out->kind == REALTIME_FAILED)
        take_error(out, json_object_get(root, "error"));
    return ERR_OK;
}

void realtime_event_free(struct realtime_event *event)
{
    json_decref(event->root);
    event->root = NULL;
}
