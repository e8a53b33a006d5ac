#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "api/call_traces.h"

static void tell(struct call_traces *traces, const char *call_sid, struct slice spans, bool is_last)
{
    struct trace_batch batch = {.is_last = is_last};
    snprintf(batch.facts.call_sid, sizeof batch.facts.call_sid, "%s", call_sid);
    snprintf(batch.facts.call_id, sizeof batch.facts.call_id, "c-%s", call_sid);
    trace_id_of(slice_from(call_sid), batch.facts.trace_id);
    call_traces_add(traces, &batch, spans);
}

/* The parsed answer; NULL when there is no such call. */
static json_t *ask(const struct call_traces *traces, const char *call_sid)
{
    struct strbuf out;
    strbuf_init(&out, 1 << 20);
    json_t *answer = NULL;
    if (call_traces_write(traces, slice_from(call_sid), &out)) {
        assert_false(out.failed);
        answer = json_loadb(out.data, out.len, 0, NULL);
        assert_non_null(answer);
    }
    strbuf_free(&out);
    return answer;
}

static void turns_follow_each_other(void **state)
{
    struct call_traces *traces = call_traces_create();
    tell(traces, "CA1", SLICE("{\"n\":1},{\"n\":2}"), false);
    tell(traces, "CA2", SLICE("{\"n\":9}"), false);
    tell(traces, "CA1", SLICE("{\"n\":3}"), true);
    json_t *answer = ask(traces, "CA1");
    const char *trace_id, *call_id;
    int is_ended, forgotten;
    json_t *spans;
    assert_int_equal(
        json_unpack(answer, "{s:s, s:s, s:b, s:i, s:o !}", "trace_id", &trace_id, "call_id",
            &call_id, "ended", &is_ended, "forgotten", &forgotten, "spans", &spans),
        0);
    assert_int_equal(strlen(trace_id), 32);
    assert_string_equal(call_id, "c-CA1");
    assert_true(is_ended);
    assert_int_equal(json_array_size(spans), 3);
    json_decref(answer);
    assert_null(ask(traces, "CA3"));
    call_traces_destroy(traces);
}

static void old_turns_and_calls_are_forgotten(void **state)
{
    static char long_turn[100000];
    struct call_traces *traces = call_traces_create();
    snprintf(long_turn, sizeof long_turn, "{\"a\":\"%0*d\"}", (int)sizeof long_turn - 20, 0);
    for (unsigned i = 0; i < 5; i++)
        tell(traces, "CA1", slice_from(long_turn), false);
    json_t *answer = ask(traces, "CA1");
    assert_int_equal(json_integer_value(json_object_get(answer, "forgotten")), 3);
    assert_int_equal(json_array_size(json_object_get(answer, "spans")), 2);
    json_decref(answer);
    for (unsigned i = 0; i < 64; i++) {
        char sid[16];
        snprintf(sid, sizeof sid, "CB%u", i);
        tell(traces, sid, SLICE("{}"), true);
    }
    assert_null(ask(traces, "CA1"));
    json_decref(ask(traces, "CB0"));
    call_traces_destroy(traces);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(turns_follow_each_other),
        cmocka_unit_test(old_turns_and_calls_are_forgotten),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
