#include "telemetry/otlp.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/crypto.h"
#include "base/hex.h"
#include "text/conceal.h"
#include "text/redact.h"

#define SCOPE "moonline"
#define SAFE_MAX_BYTES (4 * TRACE_TEXT_ONE_MAX_BYTES)
#define BODY_MAX_BYTES 65536

enum status_code { STATUS_UNSET = 0, STATUS_ERROR = 2 };

/* ---- attributes ---- */

/* Without keys that an error quotes, and without numbers and addresses of people. */
static void make_safe(struct strbuf *out, struct slice text)
{
    struct strbuf concealed;
    strbuf_init(&concealed, out->limit);
    conceal(&concealed, text, NULL, 0);
    redact(out, strbuf_slice(&concealed));
    out->failed |= concealed.failed;
    strbuf_free(&concealed);
}

static void add_safe(struct strbuf *out, struct slice text)
{
    struct strbuf safe;
    strbuf_init(&safe, SAFE_MAX_BYTES);
    make_safe(&safe, text);
    strbuf_add_json(out, safe.failed ? SLICE("") : strbuf_slice(&safe));
    strbuf_free(&safe);
}

static struct slice text_of(
    const struct trace_batch *batch, const struct trace_attribute *attribute)
{
    return (struct slice){batch->texts.data + attribute->number, attribute->len};
}

static void add_value(
    struct strbuf *out, const struct trace_batch *batch, const struct trace_attribute *attribute)
{
    switch (attribute->kind) {
    case TRACE_NUMBER:
        strbuf_printf(out, "\"intValue\":\"%lld\"", (long long)attribute->number);
        break;
    case TRACE_TRUTH:
        strbuf_printf(out, "\"boolValue\":%s", attribute->number ? "true" : "false");
        break;
    case TRACE_WORD:
        strbuf_add_text(out, "\"stringValue\":");
        strbuf_add_json(out, text_of(batch, attribute));
        break;
    case TRACE_FREE:
        strbuf_add_text(out, "\"stringValue\":");
        add_safe(out, text_of(batch, attribute));
        break;
    }
}

static void add_text_attribute(struct strbuf *out, const char *key, const char *value)
{
    strbuf_add_text(out, "{\"key\":");
    strbuf_add_json(out, slice_from(key));
    strbuf_add_text(out, ",\"value\":{\"stringValue\":");
    strbuf_add_json(out, slice_from(value));
    strbuf_add_text(out, "}}");
}

/* Of a span, or of its event number `event` (from 1). */
static void add_attributes(
    struct strbuf *out, const struct trace_batch *batch, size_t span, size_t event, bool is_first)
{
    for (size_t i = 0; i < batch->attribute_count; i++) {
        const struct trace_attribute *attribute = &batch->attributes[i];
        if (attribute->span != span || attribute->event != event)
            continue;
        strbuf_add_text(out, is_first ? "{\"key\":" : ",{\"key\":");
        is_first = false;
        strbuf_add_json(out, slice_from(attribute->key));
        strbuf_add_text(out, ",\"value\":{");
        add_value(out, batch, attribute);
        strbuf_add_text(out, "}}");
    }
}

/* ---- spans ---- */

static void add_time(
    struct strbuf *out, const struct trace_batch *batch, const char *name, uint64_t at_ms)
{
    strbuf_printf(out, "\"%s\":\"%llu000000\"", name,
        (unsigned long long)(at_ms + batch->facts.wall_offset_ms));
}

static void add_events(struct strbuf *out, const struct trace_batch *batch, size_t span)
{
    bool is_first = true;
    strbuf_add_text(out, ",\"events\":[");
    for (size_t i = 0; i < batch->event_count; i++) {
        if (batch->events[i].span != span)
            continue;
        strbuf_add_text(out, is_first ? "{" : ",{");
        is_first = false;
        add_time(out, batch, "timeUnixNano", batch->events[i].at_ms);
        strbuf_add_text(out, ",\"name\":");
        strbuf_add_json(out, slice_from(batch->events[i].name));
        strbuf_add_text(out, ",\"attributes\":[");
        add_attributes(out, batch, span, i + 1, true);
        strbuf_add_text(out, "]}");
    }
    strbuf_add_char(out, ']');
}

static void add_ids(
    struct strbuf *out, const struct trace_batch *batch, const struct trace_span *span)
{
    char trace_id[2 * TRACE_ID_BYTES + 1], parent[17] = "";
    crypto_hex(batch->facts.trace_id, TRACE_ID_BYTES, trace_id);
    if (span->parent_id)
        snprintf(parent, sizeof parent, "%016llx", (unsigned long long)span->parent_id);
    strbuf_printf(out, "\"traceId\":\"%s\",\"spanId\":\"%016llx\",\"parentSpanId\":\"%s\"",
        trace_id, (unsigned long long)span->id, parent);
}

static void add_span(struct strbuf *out, const struct trace_batch *batch, size_t at)
{
    const struct trace_span *span = &batch->spans[at];
    strbuf_add_char(out, '{');
    add_ids(out, batch, span);
    strbuf_add_text(out, ",\"name\":");
    strbuf_add_json(out, slice_from(span->name));
    strbuf_printf(out, ",\"kind\":%d,", (int)span->kind);
    add_time(out, batch, "startTimeUnixNano", span->start_ms);
    strbuf_add_char(out, ',');
    add_time(out, batch, "endTimeUnixNano", span->end_ms);
    strbuf_add_text(out, ",\"attributes\":[");
    add_text_attribute(out, "tenant", batch->facts.tenant_id);
    strbuf_add_char(out, ',');
    add_text_attribute(out, "call_id", batch->facts.call_id);
    add_attributes(out, batch, at, 0, false);
    strbuf_add_char(out, ']');
    add_events(out, batch, at);
    strbuf_printf(out, ",\"status\":{\"code\":%d}}", span->is_failed ? STATUS_ERROR : STATUS_UNSET);
}

void otlp_add_spans(struct strbuf *out, const struct trace_batch *batch)
{
    for (size_t i = 0; i < batch->span_count; i++) {
        if (i)
            strbuf_add_char(out, ',');
        add_span(out, batch, i);
    }
}

void otlp_add_request(struct strbuf *out, const struct otlp_resource *resource, struct slice spans)
{
    strbuf_add_text(out, "{\"resourceSpans\":[{\"resource\":{\"attributes\":[");
    add_text_attribute(out, "service.name", resource->service);
    strbuf_add_char(out, ',');
    add_text_attribute(out, "service.version", resource->version);
    strbuf_add_char(out, ',');
    add_text_attribute(out, "service.instance.id", resource->node);
    strbuf_add_text(out, "]},\"scopeSpans\":[{\"scope\":{\"name\":\"" SCOPE "\",\"version\":");
    strbuf_add_json(out, slice_from(resource->version));
    strbuf_add_text(out, "},\"spans\":[");
    strbuf_add_slice(out, spans);
    strbuf_add_text(out, "]}]}]}");
}

/* ---- answers ---- */

static enum otlp_verdict verdict_of(int status)
{
    if (status >= 200 && status < 300)
        return OTLP_TAKEN;
    bool may_pass = status == 429 || status == 502 || status == 503 || status == 504;
    return may_pass ? OTLP_LATER : OTLP_REFUSED;
}

/* A number, or digits in a text; anything else is 0. */
static uint64_t count_of(const json_t *value)
{
    const char *digits = json_string_value(value);
    json_int_t number = json_integer_value(value);
    if (digits)
        return digits[0] >= '0' && digits[0] <= '9' ? strtoull(digits, NULL, 10) : 0;
    return number > 0 ? (uint64_t)number : 0;
}

static void take_why(struct otlp_answer *out, const char *words)
{
    struct strbuf safe;
    strbuf_init(&safe, BODY_MAX_BYTES);
    make_safe(&safe, slice_from(words));
    if (!safe.failed)
        slice_copy(strbuf_slice(&safe), out->why, sizeof out->why);
    strbuf_free(&safe);
}

void otlp_answer_read(struct otlp_answer *out, int status, struct slice body)
{
    *out = (struct otlp_answer){.verdict = verdict_of(status)};
    if (!body.len || body.len > BODY_MAX_BYTES)
        return;
    json_t *answer = json_loadb(body.data, body.len, 0, NULL);
    const json_t *partial = json_object_get(answer, "partialSuccess");
    const json_t *words = json_object_get(partial, "errorMessage");
    if (out->verdict == OTLP_TAKEN)
        out->rejected = count_of(json_object_get(partial, "rejectedSpans"));
    else
        words = json_object_get(answer, "message");
    take_why(out, json_string_value(words));
    json_decref(answer);
}

/* ---- headers ---- */

/* In place; false: a % that stands for nothing, or a character that ends a header. */
static bool unescape(char *text)
{
    char *to = text;
    for (const char *from = text; *from; from++) {
        int high = *from == '%' ? hex_value(from[1]) : 0;
        int low = *from == '%' && high >= 0 ? hex_value(from[2]) : 0;
        if (high < 0 || low < 0)
            return false;
        unsigned char c = *from == '%' ? (unsigned char)(high * 16 + low) : (unsigned char)*from;
        if (c < 0x20 || c == 0x7f)
            return false;
        from += *from == '%' ? 2 : 0;
        *to++ = (char)c;
    }
    *to = 0;
    return true;
}

static bool is_name(const char *name)
{
    return name[0] && !name[strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                         "0123456789!#$%&'*+-.^_`|~")];
}

static enum err add_header(struct otlp_headers *headers, struct slice pair)
{
    struct slice rest = pair, name = slice_split(&rest, '=');
    if (headers->count == OTLP_HEADERS_MAX || name.len == pair.len)
        return ERR_BAD;
    struct otlp_header *header = &headers->list[headers->count++];
    header->name = slice_dup(slice_trim(name));
    header->value = slice_dup(slice_trim(rest));
    if (!header->name || !header->value)
        return ERR_NOMEM;
    return is_name(header->name) && unescape(header->value) ? ERR_OK : ERR_BAD;
}

enum err otlp_headers_read(struct otlp_headers *out, struct slice text)
{
    *out = (struct otlp_headers){0};
    enum err err = ERR_OK;
    while (text.len && !err) {
        struct slice pair = slice_trim(slice_split(&text, ','));
        if (pair.len)
            err = add_header(out, pair);
    }
    if (err)
        otlp_headers_free(out);
    return err;
}

void otlp_headers_free(struct otlp_headers *headers)
{
    for (size_t i = 0; i < headers->count; i++) {
        struct otlp_header *header = &headers->list[i];
        if (header->value)
            explicit_bzero(header->value, strlen(header->value));
        free(header->name);
        free(header->value);
    }
    *headers = (struct otlp_headers){0};
}
