#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/worst.h"

static void the_worst_of_five_seconds_counts(void **state)
{
    static const struct {
        uint64_t at_ms;
        uint32_t noted, expected;
    } rows[] = {{0, 0, 0}, {100000, 7, 7}, {100100, 3, 7}, {103000, 5, 7}, {104900, 0, 7},
        {105100, 0, 5}, {107900, 1, 5}, {108100, 0, 1}, {900000, 0, 0}, {900000, 2, 2}};
    struct worst worst = {0};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        worst_note(&worst, rows[i].noted, rows[i].at_ms);
        assert_int_equal(worst_now(&worst, rows[i].at_ms), rows[i].expected);
    }
    assert_int_equal(worst_now(&worst, 906000), 0); /* though nothing is noted */
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_worst_of_five_seconds_counts)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
