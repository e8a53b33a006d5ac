#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "media/marks.h"

/* One utterance over a line of constant delay: the echo of each mark `late_ms` after it is due. */
struct row {
    uint64_t due_ms;
    int64_t late_ms;
    uint32_t lag_ms; /* then */
};

static void follow(struct marks *marks, const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        uint32_t number = marks_sent(marks, rows[i].due_ms);
        assert_true(marks_echo(marks, marks->generation, number,
            (uint64_t)((int64_t)rows[i].due_ms + rows[i].late_ms)));
        if (marks->lag_ms != rows[i].lag_ms)
            fail_msg("mark %zu: lag %u ms, expected %u", i, marks->lag_ms, rows[i].lag_ms);
    }
}

#define FOLLOW(marks, rows) follow((marks), (rows), sizeof(rows) / sizeof *(rows))

static void a_constant_delay_is_no_lag(void **state)
{
    struct marks marks = {0};
    const struct row rows[] = {{1600, 80, 0}, {3200, 80, 0}, {4800, 110, 0}, {6400, 70, 0}};
    FOLLOW(&marks, rows);
    assert_int_equal(marks.lags, 0);
}

static void a_carrier_that_stood_still_is_behind_until_it_catches_up(void **state)
{
    struct marks marks = {0};
    const struct row rows[] = {{1600, 80, 0}, {3200, 380, 300}, {4800, 385, 305}, {6400, 90, 0},
        {8000, 9000, MARKS_LAG_MAX_MS}};
    FOLLOW(&marks, rows);
    assert_int_equal(marks.lags, 2);
    marks_idle(&marks);
    assert_int_equal(marks.lag_ms, 0);
}

static void a_first_echo_that_was_late_is_put_right_by_the_next(void **state)
{
    struct marks marks = {0};
    const struct row rows[] = {{1600, 500, 0}, {3200, 80, 0}, {4800, 300, 220}};
    FOLLOW(&marks, rows);
}

static void the_last_echo_is_waited_for(void **state)
{
    struct marks marks = {0};
    assert_false(marks_are_open(&marks));
    uint32_t first = marks_sent(&marks, 1600), last = marks_sent(&marks, 2000);
    assert_true(marks_echo(&marks, 0, first, 1700));
    assert_true(marks_are_open(&marks));
    assert_true(marks_echo(&marks, 0, last, 2100));
    assert_false(marks_are_open(&marks));
    marks_sent(&marks, 3000);
    marks_cleared(&marks); /* what comes back now was not heard */
    assert_false(marks_are_open(&marks));
}

static void echoes_of_a_cleared_generation_say_nothing(void **state)
{
    struct marks marks = {0};
    uint32_t generation = marks.generation;
    uint32_t old = marks_sent(&marks, 5000);
    marks_cleared(&marks);
    assert_false(marks_echo(&marks, generation, old, 1000));
    assert_false(marks_echo(&marks, marks.generation, old, 1000)); /* nor under a wrong name */
    const struct row rows[] = {{6000, 80, 0}};
    FOLLOW(&marks, rows);
}

static void echoes_that_are_not_waited_for_are_refused(void **state)
{
    struct marks marks = {0};
    assert_false(marks_echo(&marks, 0, 0, 1000));
    assert_false(marks_echo(&marks, 0, 1, 1000));
    for (unsigned i = 0; i < MARKS_OPEN_MAX + 4; i++)
        marks_sent(&marks, 1000 + i * 100);
    assert_false(marks_echo(&marks, 0, 4, 3000)); /* given up */
    assert_true(marks_echo(&marks, 0, 7, 3000));
    assert_false(marks_echo(&marks, 0, 6, 3000)); /* out of order */
    assert_false(marks_echo(&marks, 0, 7, 3000)); /* twice */
    assert_false(marks_echo(&marks, 0, MARKS_OPEN_MAX + 5, 3000));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_constant_delay_is_no_lag),
        cmocka_unit_test(a_carrier_that_stood_still_is_behind_until_it_catches_up),
        cmocka_unit_test(a_first_echo_that_was_late_is_put_right_by_the_next),
        cmocka_unit_test(the_last_echo_is_waited_for),
        cmocka_unit_test(echoes_of_a_cleared_generation_say_nothing),
        cmocka_unit_test(echoes_that_are_not_waited_for_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
