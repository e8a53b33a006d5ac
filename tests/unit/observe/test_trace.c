#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "observe/trace.h"

static struct trace *open_trace(const char *call_id)
{
    struct trace_facts facts = {.tenant_id = "acme", .wall_offset_ms = 1000};
    slice_copy(slice_from(call_id), facts.call_id, sizeof facts.call_id);
    trace_id_of(SLICE("CA0123456789abcdef0123456789abcdef"), facts.trace_id);
    struct trace *trace = trace_create(&facts);
    assert_non_null(trace);
    return trace;
}

static const struct trace_span *span_of(const struct trace_batch *batch, uint64_t id)
{
    for (size_t i = 0; i < batch->span_count; i++)
        if (batch->spans[i].id == id)
            return &batch->spans[i];
    return NULL;
}

static const struct trace_attribute *attribute_of(
    const struct trace_batch *batch, uint64_t id, const char *key)
{
    const struct trace_span *span = span_of(batch, id);
    for (size_t i = 0; span && i < batch->attribute_count; i++)
        if (batch->attributes[i].span == span - batch->spans &&
            strcmp(batch->attributes[i].key, key) == 0)
            return &batch->attributes[i];
    return NULL;
}

/* A caller who comes back after a crash is found under the same id, whoever answers. */
static void ids_follow_from_the_call(void **state)
{
    struct trace *first = open_trace("one"), *second = open_trace("two");
    uint64_t root = trace_begin_root(first, "CALL", 1);
    assert_int_equal(trace_begin_root(second, "CALL", 1), root);
    assert_int_not_equal(root, 0);
    assert_int_not_equal(trace_begin(first, "TURN", TRACE_INTERNAL, 0, 2),
        trace_begin(second, "TURN", TRACE_INTERNAL, 0, 2)); /* but its spans are its own */
    trace_destroy(first);
    trace_destroy(second);
}

static void samples_are_a_share(void **state)
{
    unsigned kept = 0;
    for (unsigned i = 0; i < 4000; i++) {
        char sid[32];
        uint8_t id[TRACE_ID_BYTES];
        snprintf(sid, sizeof sid, "CA%u", i);
        trace_id_of(slice_from(sid), id);
        assert_true(trace_is_sampled(id, 1));
        assert_false(trace_is_sampled(id, 0));
        kept += trace_is_sampled(id, 0.25);
        if (trace_is_sampled(id, 0.25)) /* a greater share has them all */
            assert_true(trace_is_sampled(id, 0.5));
    }
    assert_in_range(kept, 900, 1100);
}

static void ended_spans_are_taken(void **state)
{
    struct trace *trace = open_trace("one");
    uint64_t root = trace_begin_root(trace, "CALL", 5);
    uint64_t turn = trace_begin(trace, "TURN", TRACE_INTERNAL, 0, 10);
    uint64_t next = trace_begin(trace, "TURN", TRACE_INTERNAL, 0, 20);
    trace_number(trace, turn, "turn", 1);
    trace_number(trace, turn, "turn", 2);
    trace_word(trace, next, "provider", SLICE("openai"));
    trace_event_word(trace, next, "STT_PARTIAL", 21, "first");
    trace_event(trace, turn, "TURN_COMMIT", 22);
    assert_null(trace_take(trace, false, 25));
    trace_end(trace, turn, 30);
    assert_false(trace_is_open(trace, turn));

    struct trace_batch *batch = trace_take(trace, false, 30);
    assert_int_equal(batch->span_count, 1);
    assert_int_equal(batch->part, 0);
    assert_int_equal(span_of(batch, turn)->end_ms, 30);
    assert_int_equal(span_of(batch, turn)->parent_id, root);
    assert_int_equal(attribute_of(batch, turn, "turn")->number, 2);
    assert_int_equal(batch->event_count, 1);
    trace_batch_free(batch);

    batch = trace_take(trace, true, 40);
    assert_true(batch->is_last);
    assert_int_equal(batch->part, 1);
    assert_int_equal(batch->span_count, 2);
    assert_int_equal(span_of(batch, root)->end_ms, 40);
    const struct trace_attribute *provider = attribute_of(batch, next, "provider");
    assert_memory_equal(batch->texts.data + provider->number, "openai", 6);
    const struct trace_attribute *detail = attribute_of(batch, next, "detail");
    assert_string_equal(batch->events[detail->event - 1].name, "STT_PARTIAL");
    trace_batch_free(batch);
    assert_null(trace_take(trace, true, 50));
    trace_destroy(trace);
}

static void children_end_with_their_parent(void **state)
{
    struct trace *trace = open_trace("one");
    uint64_t turn = trace_begin(trace, "TURN", TRACE_INTERNAL, 0, 10);
    uint64_t model = trace_begin(trace, "LLM", TRACE_CLIENT, turn, 10);
    uint64_t tool = trace_begin(trace, "TOOL", TRACE_INTERNAL, turn, 10);
    trace_end_under(trace, turn, "TOOL", 12);
    assert_false(trace_is_open(trace, model));
    assert_true(trace_is_open(trace, tool)); /* it goes on in the background */
    trace_destroy(trace);
}

static void limits_are_counted(void **state)
{
    struct trace *trace = open_trace("one");
    char text[TRACE_TEXT_ONE_MAX_BYTES + 1];
    memset(text, 'a', sizeof text);
    uint64_t first = trace_begin(trace, "TURN", TRACE_INTERNAL, 0, 1);
    for (unsigned i = 0; i < TRACE_SPANS_MAX + 9; i++)
        trace_end(trace, trace_begin(trace, "TTS", TRACE_CLIENT, first, i), i);
    trace_word(trace, first, "long", (struct slice){text, sizeof text});
    for (unsigned i = 0; i < TRACE_EVENTS_MAX + 5; i++)
        trace_event(trace, first, "LLM_TOKEN", i);
    struct trace_batch *batch = trace_take(trace, true, 1000);
    assert_int_equal(batch->span_count, TRACE_SPANS_MAX);
    assert_int_equal(batch->event_count, TRACE_EVENTS_MAX);
    assert_int_equal(batch->dropped_spans, 10);
    assert_int_equal(batch->dropped, 1 + 5);
    trace_batch_free(batch);
    trace_destroy(trace);
}

static void no_trace_takes_everything(void **state)
{
    char text[TRACEPARENT_SIZE];
    assert_int_equal(trace_begin_root(NULL, "CALL", 1), 0);
    assert_int_equal(trace_begin(NULL, "TURN", TRACE_INTERNAL, 0, 1), 0);
    trace_end(NULL, 1, 2);
    trace_end_under(NULL, 1, "", 2);
    trace_fail(NULL, 1);
    trace_event(NULL, 1, "MEDIA_OUT", 2);
    trace_event_word(NULL, 1, "MEDIA_OUT", 2, "first");
    trace_number(NULL, 1, "turn", 1);
    trace_word(NULL, 1, "model", SLICE("a"));
    assert_null(trace_take(NULL, true, 3));
    trace_parent_text(NULL, 1, text);
    assert_string_equal(text, "");
    trace_destroy(NULL);
}

static void parents_are_told_as_w3c_says(void **state)
{
    struct trace *trace = open_trace("one");
    char text[TRACEPARENT_SIZE];
    uint64_t id = trace_begin(trace, "TOOL", TRACE_INTERNAL, 0, 1);
    trace_parent_text(trace, id, text);
    assert_int_equal(strlen(text), 55);
    assert_memory_equal(text, "00-", 3);
    assert_string_equal(text + 52, "-01");
    assert_int_equal(strtoull(text + 36, NULL, 16), id);
    trace_destroy(trace);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ids_follow_from_the_call),
        cmocka_unit_test(samples_are_a_share),
        cmocka_unit_test(ended_spans_are_taken),
        cmocka_unit_test(children_end_with_their_parent),
        cmocka_unit_test(limits_are_counted),
        cmocka_unit_test(no_trace_takes_everything),
        cmocka_unit_test(parents_are_told_as_w3c_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
