#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
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
    assert_false(is_in(RECORD_STREAM_END, end, 3));
    assert_false(is_in(RECORD_CALL, end, 2));
    assert_false(is_in(RECORD_STREAM_END, "no JSON", 2));
    assert_false(planned_end_is_in(&(struct unsent_question){.count = 0}, 1));
}

static bool are_in(const unsigned *ended, size_t count, unsigned attempt)
{
    struct unsent_row rows[4];
    char json[4][60];
    for (size_t i = 0; i < count; i++) {
        snprintf(json[i], sizeof json[i], "{\"call_sid\":\"CA1\",\"attempt\":%u}", ended[i]);
        rows[i] = (struct unsent_row){RECORD_STREAM_END, json[i]};
    }
    const struct unsent_question answer = {.rows = rows, .count = count};
    return planned_end_is_in(&answer, attempt);
}

/* A transfer ends its stream by plan, and the caller is back with the next ten (telephony/stream_token.h). */
static void a_transfer_s_end_is_not_the_call_s(void **state)
{
    static const struct {
        unsigned ended[3];
        size_t count;
        unsigned attempt;
        bool is_ended;
        const char *story;
    } rows[] = {
        {{0}, 0, 1, false, "0 broke"},
        {{0}, 1, 1, true, "0 said goodbye"},
        {{0}, 1, 2, false, "0 said goodbye and nobody knew; 1 broke"},
        {{1}, 1, 2, true, "0 broke, 1 said goodbye"},
        {{0}, 1, 11, false, "0 was transferred, came back as 10, which broke"},
        {{0, 10}, 2, 11, true, "and 10 said goodbye"},
        {{0}, 1, 12, false, "10 broke, 11 too"},
        {{0, 11}, 2, 12, true, "10 broke, 11 said goodbye"},
        {{2}, 1, 11, false, "0 and 1 broke, 2 was transferred, 10 broke"},
        {{0, 10}, 2, 21, false, "transferred twice, 20 broke"},
        {{0, 10, 20}, 3, 21, true, "and 20 said goodbye"},
        {{1}, 1, 1, true, "the webhook of 1 is told again after its stream said goodbye"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (are_in(rows[i].ended, rows[i].count, rows[i].attempt) != rows[i].is_ended)
            fail_msg("%s: attempt %u", rows[i].story, rows[i].attempt);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_last_stream_s_end_counts),
        cmocka_unit_test(a_transfer_s_end_is_not_the_call_s),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
