#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "telemetry/otlp.h"

/* ---- what is sent ---- */

#define STARTED_MS 1790000000000u

static struct trace_batch *model_round(void)
{
    struct trace_facts facts = {.tenant_id = "acme", .call_id = "c1", .wall_offset_ms = STARTED_MS};
    trace_id_of(SLICE("CA1"), facts.trace_id);
    struct trace *trace = trace_create(&facts);
    uint64_t id = trace_begin(trace, "LLM", TRACE_CLIENT, 0, 0);
    trace_number(trace, id, "turn", 4);
    trace_truth(trace, id, "was_shortened", true);
    trace_word(trace, id, "model", SLICE("gpt-4.1-2025-04-14"));
    trace_free_text(trace, id, "why", SLICE("call \"+1 555 010 0023\" or jo@example.com"));
    trace_event_word(trace, id, "LLM_TOKEN", 310, "first");
    trace_fail(trace, id);
    trace_end(trace, id, 850);
    struct trace_batch *batch = trace_take(trace, true, 850);
    trace_destroy(trace);
    return batch;
}

static json_t *request_of(const struct trace_batch *batch)
{
    static const struct otlp_resource resource = {"receptionist", "0.1", "node-1"};
    struct strbuf spans, out;
    strbuf_init(&spans, 1 << 20);
    strbuf_init(&out, 1 << 20);
    otlp_add_spans(&spans, batch);
    otlp_add_request(&out, &resource, strbuf_slice(&spans));
    json_error_t error;
    json_t *request = json_loadb(out.data, out.len, JSON_REJECT_DUPLICATES, &error);
    if (!request)
        fail_msg("%s: %s", error.text, out.data);
    strbuf_free(&spans);
    strbuf_free(&out);
    return request;
}

static const json_t *value_of(const json_t *attributes, const char *key)
{
    size_t i;
    json_t *attribute;
    json_array_foreach(attributes, i, attribute)
    {
        if (strcmp(json_string_value(json_object_get(attribute, "key")), key) == 0)
            return json_object_get(attribute, "value");
    }
    fail_msg("no attribute %s", key);
    return NULL;
}

static void expect_text(const json_t *attributes, const char *key, const char *expected)
{
    const json_t *value = value_of(attributes, key);
    assert_int_equal(json_object_size(value), 1);
    assert_string_equal(json_string_value(json_object_get(value, "stringValue")), expected);
}

static const json_t *first_span(const json_t *request, const json_t **resource)
{
    const json_t *spans = json_array_get(json_object_get(request, "resourceSpans"), 0);
    *resource = json_object_get(json_object_get(spans, "resource"), "attributes");
    const json_t *scope = json_array_get(json_object_get(spans, "scopeSpans"), 0);
    assert_string_equal(
        json_string_value(json_object_get(json_object_get(scope, "scope"), "name")), "moonline");
    return json_array_get(json_object_get(scope, "spans"), 0);
}

static void numbers_and_ids_are_written_as_the_protocol_says(void **state)
{
    struct trace_batch *batch = model_round();
    json_t *request = request_of(batch);
    const json_t *resource, *span = first_span(request, &resource);
    expect_text(resource, "service.name", "receptionist");
    expect_text(resource, "service.version", "0.1");
    expect_text(resource, "service.instance.id", "node-1");
    const char *trace_id, *span_id, *parent_id, *name, *start, *end;
    int kind, code;
    const json_t *attributes, *events;
    json_error_t error;
    if (json_unpack_ex((json_t *)span, &error, JSON_STRICT,
            "{s:s, s:s, s:s, s:s, s:i, s:s, s:s, s:o, s:o, s:{s:i !} !}", "traceId", &trace_id,
            "spanId", &span_id, "parentSpanId", &parent_id, "name", &name, "kind", &kind,
            "startTimeUnixNano", &start, "endTimeUnixNano", &end, "attributes", &attributes,
            "events", &events, "status", "code", &code))
        fail_msg("%s", error.text);
    assert_int_equal(strspn(trace_id, "0123456789abcdef"), 32);
    assert_int_equal(strspn(span_id, "0123456789abcdef"), 16);
    assert_int_equal(strspn(parent_id, "0123456789abcdef"), 16);
    assert_string_equal(name, "LLM");
    assert_int_equal(kind, 3);
    assert_string_equal(start, "1790000000000000000");
    assert_string_equal(end, "1790000000850000000");
    assert_int_equal(code, 2);
    const json_t *event = json_array_get(events, 0);
    assert_string_equal(json_string_value(json_object_get(event, "name")), "LLM_TOKEN");
    assert_string_equal(
        json_string_value(json_object_get(event, "timeUnixNano")), "1790000000310000000");
    expect_text(json_object_get(event, "attributes"), "detail", "first");
    expect_text(attributes, "tenant", "acme");
    expect_text(attributes, "model", "gpt-4.1-2025-04-14"); /* a name is no number */
    assert_string_equal(
        json_string_value(json_object_get(value_of(attributes, "turn"), "intValue")), "4");
    assert_true(json_is_true(json_object_get(value_of(attributes, "was_shortened"), "boolValue")));
    json_decref(request);
    trace_batch_free(batch);
}

static void people_are_not_told_of(void **state)
{
    struct trace_batch *batch = model_round();
    json_t *request = request_of(batch);
    const json_t *resource, *span = first_span(request, &resource);
    expect_text(json_object_get(span, "attributes"), "why", "call \"[phone]\" or [email]");
    json_decref(request);
    trace_batch_free(batch);
}

static void a_root_has_no_parent(void **state)
{
    struct trace_facts facts = {.tenant_id = "acme"};
    trace_id_of(SLICE("CA1"), facts.trace_id);
    struct trace *trace = trace_create(&facts);
    trace_begin_root(trace, "CALL", 0);
    struct trace_batch *batch = trace_take(trace, true, 1);
    json_t *request = request_of(batch);
    const json_t *resource, *span = first_span(request, &resource);
    assert_string_equal(json_string_value(json_object_get(span, "parentSpanId")), "");
    assert_int_equal(json_integer_value(json_object_get(span, "kind")), 2);
    json_decref(request);
    trace_batch_free(batch);
    trace_destroy(trace);
}

/* ---- what comes back ---- */

static void answers_are_understood(void **state)
{
    const struct {
        int status;
        const char *body;
        enum otlp_verdict verdict;
        uint64_t rejected;
        const char *why;
    } rows[] = {
        {200, "{}", OTLP_TAKEN, 0, ""},
        {200, "", OTLP_TAKEN, 0, ""},
        {202, "not JSON", OTLP_TAKEN, 0, ""},
        {200, "{\"partialSuccess\":{\"rejectedSpans\":\"2\",\"errorMessage\":\"too old\"}}",
            OTLP_TAKEN, 2, "too old"},
        {200, "{\"partialSuccess\":{\"rejectedSpans\":3}}", OTLP_TAKEN, 3, ""},
        {200, "{\"partialSuccess\":{\"rejectedSpans\":-3,\"errorMessage\":7}}", OTLP_TAKEN, 0, ""},
        {200, "{\"partialSuccess\":{\"rejectedSpans\":\"-1\"}}", OTLP_TAKEN, 0, ""},
        {200, "{\"partialSuccess\":[]}", OTLP_TAKEN, 0, ""},
        {400, "{\"code\":3,\"message\":\"bad span of +15550100023\"}", OTLP_REFUSED, 0,
            "bad span of [phone]"},
        {403, "{\"message\":\"no such key: Bearer abc.def-123\"}", OTLP_REFUSED, 0,
            "no such key: Bearer [secret]"},
        {401, "", OTLP_REFUSED, 0, ""},
        {404, "<html>", OTLP_REFUSED, 0, ""},
        {500, "", OTLP_REFUSED, 0, ""},
        {301, "", OTLP_REFUSED, 0, ""},
        {429, "{\"message\":\"slow down\"}", OTLP_LATER, 0, "slow down"},
        {502, "", OTLP_LATER, 0, ""},
        {503, "", OTLP_LATER, 0, ""},
        {504, "", OTLP_LATER, 0, ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct otlp_answer answer;
        otlp_answer_read(&answer, rows[i].status, slice_from(rows[i].body));
        assert_int_equal(answer.verdict, rows[i].verdict);
        assert_int_equal(answer.rejected, rows[i].rejected);
        assert_string_equal(answer.why, rows[i].why);
    }
}

/* ---- headers ---- */

static void headers_are_read(void **state)
{
    const struct {
        const char *text, *expected; /* NULL: refused */
    } rows[] = {
        {"", ""},
        {"api-key=abc", "api-key: abc\n"},
        {" a=1 , b = two ", "a: 1\nb: two\n"},
        {"authorization=Bearer%20x%3Dy", "authorization: Bearer x=y\n"},
        {"a=b=c", "a: b=c\n"},
        {"a=", "a: \n"},
        {"a=1,", "a: 1\n"},
        {"a", NULL},
        {"=1", NULL},
        {"a b=1", NULL},
        {"a=%0d%0aHost: x", NULL},
        {"a=%2", NULL},
        {"a=%zz", NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct otlp_headers headers;
        enum err err = otlp_headers_read(&headers, slice_from(rows[i].text));
        assert_int_equal(err, rows[i].expected ? ERR_OK : ERR_BAD);
        char read[200] = "";
        for (size_t k = 0; k < headers.count; k++)
            snprintf(read + strlen(read), sizeof read - strlen(read), "%s: %s\n",
                headers.list[k].name, headers.list[k].value);
        assert_string_equal(read, rows[i].expected ? rows[i].expected : "");
        otlp_headers_free(&headers);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_and_ids_are_written_as_the_protocol_says),
        cmocka_unit_test(people_are_not_told_of),
        cmocka_unit_test(a_root_has_no_parent),
        cmocka_unit_test(answers_are_understood),
        cmocka_unit_test(headers_are_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
