#include "caller/line_message.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/crypto.h"

static enum err complain(char *why, const char *what, const char *detail)
{
    snprintf(why, LINE_WHY_SIZE, "%s%.100s", what, detail);
    return ERR_BAD;
}

/* `body`: the one field besides event and streamSid, NULL: none. */
static enum err check_fields(json_t *object, const char *body, char *why)
{
    const char *name;
    json_t *value;
    json_object_foreach(object, name, value)
    {
        bool is_known = strcmp(name, "event") == 0 || strcmp(name, "streamSid") == 0 ||
                        (body && strcmp(name, body) == 0);
        if (!is_known)
            return complain(why, "unknown field: ", name);
    }
    return ERR_OK;
}

/* The one string `name` in the one object `body`. */
static enum err read_only_field(
    json_t *object, const char *body, const char *name, const char **out, char *why)
{
    json_t *inside = json_object_get(object, body);
    *out = json_string_value(json_object_get(inside, name));
    if (!json_is_object(inside) || !*out)
        return complain(why, "a string is missing or of another kind: ", name);
    if (json_object_size(inside) != 1)
        return complain(why, "unknown field in ", body);
    return ERR_OK;
}

static enum err read_media(struct line_message *out, json_t *object, char *why)
{
    const char *payload;
    enum err err = check_fields(object, "media", why);
    if (!err)
        err = read_only_field(object, "media", "payload", &payload, why);
    if (err)
        return err;
    size_t size = strlen(payload) / 4 * 3 + 1;
    out->audio = malloc(size);
    if (!out->audio)
        return ERR_NOMEM;
    err = base64_decode(&out->audio_len, out->audio, size, slice_from(payload));
    if (!err)
        return ERR_OK;
    line_message_free(out);
    return complain(why, "the payload is not base64", "");
}

static enum err read_mark(struct line_message *out, json_t *object, char *why)
{
    const char *name;
    enum err err = check_fields(object, "mark", why);
    if (!err)
        err = read_only_field(object, "mark", "name", &name, why);
    if (err)
        return err;
    if (!slice_copy(slice_from(name), out->mark, sizeof out->mark))
        return complain(why, "a mark of 128 characters or more", "");
    return ERR_OK;
}

static enum err read_object(
    struct line_message *out, json_t *object, const char *stream_sid, char *why)
{
    const char *event = json_string_value(json_object_get(object, "event"));
    const char *sid = json_string_value(json_object_get(object, "streamSid"));
    if (!event)
        return complain(why, "no event", "");
    if (!sid || strcmp(sid, stream_sid) != 0)
        return complain(why, "missing or wrong streamSid", "");
    if (strcmp(event, "media") == 0) {
        out->kind = LINE_MEDIA;
        return read_media(out, object, why);
    }
    if (strcmp(event, "mark") == 0) {
        out->kind = LINE_MARK;
        return read_mark(out, object, why);
    }
    if (strcmp(event, "clear") == 0) {
        out->kind = LINE_CLEAR;
        return check_fields(object, NULL, why);
    }
    return complain(why, "unknown event: ", event);
}

enum err line_message_read(
    struct line_message *out, struct slice text, const char *stream_sid, char why[LINE_WHY_SIZE])
{
    memset(out, 0, sizeof *out);
    json_error_t error;
    json_t *object = json_loadb(text.data, text.len, JSON_REJECT_DUPLICATES, &error);
    if (!object)
        return complain(why, "not JSON: ", error.text);
    enum err err = json_is_object(object) ? read_object(out, object, stream_sid, why)
                                          : complain(why, "not an object", "");
    json_decref(object);
    return err;
}

void line_message_free(struct line_message *message)
{
    free(message->audio);
    message->audio = NULL;
    message->audio_len = 0;
}

void line_write_connected(struct strbuf *out)
{
    strbuf_add_text(out, "{\"event\":\"connected\",\"protocol\":\"Call\",\"version\":\"1.0.0\"}");
}

/* Up to and with the comma before the event's own member. */
static void open_message(
    struct strbuf *out, const char *event, const struct line_ids *ids, uint64_t sequence)
{
    strbuf_printf(out, "{\"event\":\"%s\",\"sequenceNumber\":\"%" PRIu64 "\",\"streamSid\":\"%s\",",
        event, sequence, ids->stream_sid);
}

void line_write_start(struct strbuf *out, const struct line_ids *ids, uint64_t sequence,
    const struct line_parameter *parameters, size_t count)
{
    open_message(out, "start", ids, sequence);
    strbuf_printf(out,
        "\"start\":{\"streamSid\":\"%s\",\"accountSid\":\"%s\",\"callSid\":\"%s\","
        "\"tracks\":[\"inbound\"],\"mediaFormat\":{\"encoding\":\"audio/x-mulaw\","
        "\"sampleRate\":8000,\"channels\":1},\"customParameters\":{",
        ids->stream_sid, ids->account_sid, ids->call_sid);
    for (size_t i = 0; i < count; i++) {
        if (i)
            strbuf_add_char(out, ',');
        strbuf_add_json(out, slice_from(parameters[i].name));
        strbuf_add_char(out, ':');
        strbuf_add_json(out, slice_from(parameters[i].value));
    }
    strbuf_add_text(out, "}}}");
}

void line_write_media(struct strbuf *out, const struct line_ids *ids, uint64_t sequence,
    uint64_t chunk, uint64_t timestamp_ms, const uint8_t ulaw[160])
{
    char payload[BASE64_SIZE(160)];
    base64_encode(ulaw, 160, payload);
    open_message(out, "media", ids, sequence);
    strbuf_printf(out,
        "\"media\":{\"track\":\"inbound\",\"chunk\":\"%" PRIu64 "\",\"timestamp\":\"%" PRIu64
        "\",\"payload\":\"%s\"}}",
        chunk, timestamp_ms, payload);
}

void line_write_dtmf(struct strbuf *out, const struct line_ids *ids, uint64_t sequence, char digit)
{
    open_message(out, "dtmf", ids, sequence);
    strbuf_printf(out, "\"dtmf\":{\"track\":\"inbound_track\",\"digit\":\"%c\"}}", digit);
}

void line_write_mark(
    struct strbuf *out, const struct line_ids *ids, uint64_t sequence, const char *name)
{
    open_message(out, "mark", ids, sequence);
    strbuf_add_text(out, "\"mark\":{\"name\":");
    strbuf_add_json(out, slice_from(name));
    strbuf_add_text(out, "}}");
}

void line_write_stop(struct strbuf *out, const struct line_ids *ids, uint64_t sequence)
{
    open_message(out, "stop", ids, sequence);
    strbuf_printf(out, "\"stop\":{\"accountSid\":\"%s\",\"callSid\":\"%s\"}}", ids->account_sid,
        ids->call_sid);
}
