#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "api/planned_end.h"

#define END(attempt)                                                                               \
    "{\"call_sid\":\"CA1\",\"attempt\":" attempt ",\"end_reason\":\"agent_hangup\"}"

static bool is_in(enum record_kind kind, const char *json, unsigned attempt)
{
    struct unsent_row row = {kind, (char *)json};
    const struct unsent_question answer = {.rows = &row, .count = 1};
    return planned_end_is_in(&answer, attempt);
}

/* Whoever comes with attempt 2 left the stream of attempt 1. */
static void the_last_stream_s_end_counts(void **state)
{
    assert_true(is_in(RECORD_STREAM_END, END("1"), 2));
    assert_false(is_in(RECORD_STREAM_END, END("1"), 3));
    assert_false(is_in(RECORD_CALL, END("1"), 2));
    assert_false(is_in(RECORD_STREAM_END, "no JSON", 2));
    assert_false(planned_end_is_in(&(struct unsent_question){.count = 0}, 1));
}

static void a_webhook_that_comes_twice_is_too_late(void **state)
{
    assert_true(is_in(RECORD_STREAM_END, END("1"), 1));
    assert_true(is_in(RECORD_STREAM_END, END("10"), 1));
}

/* Tens count transfers: what ended before one does not end what comes after it. */
static void callers_come_back_from_transfers(void **state)
{
    assert_false(is_in(RECORD_STREAM_END, END("0"), 10));
    assert_false(is_in(RECORD_STREAM_END, END("9"), 10));
    assert_true(is_in(RECORD_STREAM_END, END("10"), 11));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_last_stream_s_end_counts),
        cmocka_unit_test(a_webhook_that_comes_twice_is_too_late),
        cmocka_unit_test(callers_come_back_from_transfers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
