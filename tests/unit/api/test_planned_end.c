#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "api/planned_end.h"

static bool is_in(enum record_kind kind, const char *json, unsigned attempt)
{
    struct unsent_row row = {kind, (char *)json};
    const struct unsent_question answer = {.rows = &row, .count = 1};
    return planned_end_is_in(&answer, attempt);
}

/* Whoever comes with attempt 2 left the stream of attempt 1. */
static void the_last_stream_s_end_counts(void **state)
{
    static const char end[] =
        "{\"call_sid\":\"CA1\",\"attempt\":1,\"end_reason\":\"agent_hangup\"}";
    assert_true(is_in(RECORD_STREAM_END, end, 2));
    assert_false(is_in(RECORD_STREAM_END, end, 1));
    assert_false(is_in(RECORD_STREAM_END, end, 3));
    assert_false(is_in(RECORD_CALL, end, 2));
    assert_false(is_in(RECORD_STREAM_END, "no JSON", 2));
    assert_false(planned_end_is_in(&(struct unsent_question){.count = 0}, 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_last_stream_s_end_counts)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
