#include "telephony/stream_codec.h"

#include <jansson.h>
#include <string.h>

#include "base/crypto.h"
#include "base/json_scan.h"
#include "media/frame.h"

#define PAYLOAD_TEXT_SIZE BASE64_SIZE(STREAM_MEDIA_MAX_BYTES)

enum { EVENT, STREAM_SID, SEQUENCE, MEDIA, DTMF, MARK, START, MESSAGE_FIELDS };
static const char *const message_names[MESSAGE_FIELDS] = {
    "event", "streamSid", "sequenceNumber", "media", "dtmf", "mark", "start"};

enum { TRACK, TIMESTAMP, PAYLOAD, MEDIA_FIELDS };
static const char *const media_names[MEDIA_FIELDS] = {"track", "timestamp", "payload"};

/* Sids go back out into JSON and URLs, so nothing but letters and digits is one. */
static bool is_sid(const char *text)
{
    for (const char *c = text; *c; c++) {
        bool is_letter = (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z');
        if (!is_letter && (*c < '0' || *c > '9'))
            return false;
    }
    return *text != 0;
}

static enum stream_event_kind kind_of(const struct json_scan_value *event)
{
    static const char *const names[STREAM_UNKNOWN] = {
        "connected", "start", "media", "dtmf", "mark", "stop"};
    char name[16];
    if (!json_scan_text(event, name, sizeof name))
        return STREAM_UNKNOWN;
    for (int kind = 0; kind < STREAM_UNKNOWN; kind++)
        if (strcmp(name, names[kind]) == 0)
            return (enum stream_event_kind)kind;
    return STREAM_UNKNOWN;
}

/* Escapes are rare in a payload ("\/"), but they are JSON. */
static enum err decode_payload(struct stream_event *out, const struct json_scan_value *payload)
{
    char plain[PAYLOAD_TEXT_SIZE];
    struct slice text = payload->raw;
    if (payload->kind != JSON_SCAN_STRING)
        return ERR_BAD;
    if (payload->has_escape) {
        if (!json_scan_text(payload, plain, sizeof plain))
            return ERR_BAD;
        text = slice_from(plain);
    }
    if (base64_decode(&out->media.len, out->media.ulaw, sizeof out->media.ulaw, text))
        return ERR_BAD;
    return ERR_OK;
}

/* A stranger's message that says something twice says nothing. */
static enum err scan_strictly(
    struct slice text, const char *const *names, struct json_scan_value *fields, size_t count)
{
    enum err err = json_scan_object(text, names, fields, count);
    for (size_t i = 0; i < count && !err; i++)
        err = fields[i].is_repeated ? ERR_BAD : ERR_OK;
    return err;
}

/* Only a bidirectional stream's caller side is asked for, so a missing track is that one. */
static bool read_track(const struct json_scan_value *track, bool *is_inbound)
{
    char name[16];
    *is_inbound = true;
    if (track->kind == JSON_SCAN_MISSING)
        return true;
    if (!json_scan_text(track, name, sizeof name))
        return false;
    *is_inbound = strcmp(name, "inbound") == 0;
    return true;
}

static enum err decode_media(struct stream_event *out, const struct json_scan_value *media)
{
    struct json_scan_value fields[MEDIA_FIELDS];
    if (media->kind != JSON_SCAN_OBJECT ||
        scan_strictly(media->raw, media_names, fields, MEDIA_FIELDS) ||
        !json_scan_count(&fields[TIMESTAMP], &out->media.timestamp_ms) ||
        !read_track(&fields[TRACK], &out->media.is_inbound))
        return ERR_BAD;
    return decode_payload(out, &fields[PAYLOAD]);
}

static bool copy_sid(json_t *value, char out[STREAM_SID_SIZE])
{
    const char *text = json_string_value(value);
    return text && is_sid(text) && slice_copy(slice_from(text), out, STREAM_SID_SIZE);
}

/* 8000 or "8000". */
static bool number_is(json_t *value, int wanted)
{
    if (json_is_integer(value))
        return json_integer_value(value) == wanted;
    char text[16];
    snprintf(text, sizeof text, "%d", wanted);
    return json_is_string(value) && strcmp(json_string_value(value), text) == 0;
}

static bool is_ulaw_8000_mono(json_t *format)
{
    const char *encoding = json_string_value(json_object_get(format, "encoding"));
    return encoding && strcmp(encoding, "audio/x-mulaw") == 0 &&
           number_is(json_object_get(format, "sampleRate"), 8000) &&
           number_is(json_object_get(format, "channels"), 1);
}

static enum err read_parameters(struct stream_start *start, json_t *parameters)
{
    start->parameter_count = 0;
    if (!parameters)
        return ERR_OK;
    if (!json_is_object(parameters) || json_object_size(parameters) > STREAM_PARAMETERS_MAX)
        return ERR_BAD;
    const char *name;
    json_t *value;
    json_object_foreach(parameters, name, value)
    {
        size_t i = start->parameter_count++;
        if (!json_is_string(value) ||
            !slice_copy(
                slice_from(name), start->parameters[i].name, sizeof start->parameters[i].name) ||
            !slice_copy(slice_from(json_string_value(value)), start->parameters[i].value,
                sizeof start->parameters[i].value))
            return ERR_BAD;
    }
    return ERR_OK;
}

static enum err decode_start(struct stream_event *out, json_t *start)
{
    json_t *format = json_object_get(start, "mediaFormat");
    if (!copy_sid(json_object_get(start, "streamSid"), out->start.stream_sid) ||
        !copy_sid(json_object_get(start, "callSid"), out->start.call_sid) ||
        !copy_sid(json_object_get(start, "accountSid"), out->start.account_sid) ||
        strcmp(out->stream_sid, out->start.stream_sid) != 0 || !json_is_object(format))
        return ERR_BAD;
    out->start.is_ulaw_8000_mono = is_ulaw_8000_mono(format);
    return read_parameters(&out->start, json_object_get(start, "customParameters"));
}

static enum err decode_dtmf(struct stream_event *out, json_t *dtmf)
{
    const char *digit = json_string_value(json_object_get(dtmf, "digit"));
    if (!digit || strlen(digit) != 1 || !strchr("0123456789*#ABCD", digit[0]))
        return ERR_BAD;
    out->digit = digit[0];
    return ERR_OK;
}

static enum err decode_mark(struct stream_event *out, json_t *mark)
{
    const char *name = json_string_value(json_object_get(mark, "name"));
    if (!name || !slice_copy(slice_from(name), out->mark, sizeof out->mark))
        return ERR_BAD;
    return ERR_OK;
}

/* The message is JSON (the scan said so); `body` is the member named as the event. */
static enum err decode_rare(struct stream_event *out, const struct json_scan_value *body)
{
    if (body->kind != JSON_SCAN_OBJECT)
        return ERR_BAD;
    json_t *object = json_loadb(body->raw.data, body->raw.len, JSON_REJECT_DUPLICATES, NULL);
    if (!object)
        return ERR_BAD;
    enum err err = out->kind == STREAM_START  ? decode_start(out, object)
                   : out->kind == STREAM_DTMF ? decode_dtmf(out, object)
                                              : decode_mark(out, object);
    json_decref(object);
    return err;
}

static enum err decode_head(struct stream_event *out, const struct json_scan_value *fields)
{
    if (fields[EVENT].kind != JSON_SCAN_STRING)
        return ERR_BAD;
    out->kind = kind_of(&fields[EVENT]);
    out->sequence = 0;
    out->stream_sid[0] = 0;
    bool needs_sid = out->kind != STREAM_CONNECTED && out->kind != STREAM_UNKNOWN;
    if (fields[SEQUENCE].kind != JSON_SCAN_MISSING &&
        !json_scan_count(&fields[SEQUENCE], &out->sequence))
        return ERR_BAD;
    if (json_scan_text(&fields[STREAM_SID], out->stream_sid, sizeof out->stream_sid) &&
        is_sid(out->stream_sid))
        return ERR_OK;
    out->stream_sid[0] = 0;
    return needs_sid ? ERR_BAD : ERR_OK;
}

enum err stream_decode(struct stream_event *out, struct slice message)
{
    struct json_scan_value fields[MESSAGE_FIELDS];
    if (message.len > STREAM_MESSAGE_MAX_BYTES ||
        scan_strictly(message, message_names, fields, MESSAGE_FIELDS) || decode_head(out, fields))
        return ERR_BAD;
    switch (out->kind) {
    case STREAM_MEDIA:
        return decode_media(out, &fields[MEDIA]);
    case STREAM_START:
        return decode_rare(out, &fields[START]);
    case STREAM_DTMF:
        return decode_rare(out, &fields[DTMF]);
    case STREAM_MARK:
        return decode_rare(out, &fields[MARK]);
    case STREAM_CONNECTED:
    case STREAM_STOP:
    case STREAM_UNKNOWN:
        return ERR_OK;
    }
    return ERR_BAD;
}

const char *stream_parameter(const struct stream_start *start, const char *name)
{
    for (size_t i = 0; i < start->parameter_count; i++)
        if (strcmp(start->parameters[i].name, name) == 0)
            return start->parameters[i].value;
    return NULL;
}

static size_t put(char *out, size_t at, const char *text, size_t len)
{
    memcpy(out + at, text, len);
    return at + len;
}

size_t stream_encode_media(
    char out[STREAM_MEDIA_OUT_SIZE], const char *stream_sid, const uint8_t ulaw[160])
{
    static const struct slice head = SLICE("{\"event\":\"media\",\"streamSid\":\"");
    static const struct slice middle = SLICE("\",\"media\":{\"payload\":\"");
    size_t at = put(out, 0, head.data, head.len);
    at = put(out, at, stream_sid, strnlen(stream_sid, STREAM_SID_SIZE - 1));
    at = put(out, at, middle.data, middle.len);
    at += base64_encode(ulaw, FRAME_BYTES, out + at);
    return put(out, at, "\"}}", 3);
}

static void open_message(struct strbuf *out, const char *event, const char *stream_sid)
{
    strbuf_printf(out, "{\"event\":\"%s\",\"streamSid\":", event);
    strbuf_add_json(out, slice_from(stream_sid));
}

void stream_encode_mark(struct strbuf *out, const char *stream_sid, const char *name)
{
    open_message(out, "mark", stream_sid);
    strbuf_add_text(out, ",\"mark\":{\"name\":");
    strbuf_add_json(out, slice_from(name));
    strbuf_add_text(out, "}}");
}

void stream_encode_clear(struct strbuf *out, const char *stream_sid)
{
    open_message(out, "clear", stream_sid);
    strbuf_add_char(out, '}');
}
