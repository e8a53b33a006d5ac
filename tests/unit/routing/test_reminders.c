#include "unit/providers/cmocka_head.h"

#include <stdio.h>
#include <string.h>

#include "routing/reminders.h"

static void a_subject_is_told_once_a_minute(void **state)
{
    static const struct {
        uint64_t now_ms;
        const char *subject;
        bool is_due;
        unsigned untold;
    } rows[] = {
        {1000, "key a", true, 0},
        {1001, "key a", false},
        {1001, "key b", true, 0},
        {60999, "key a", false},
        {61000, "key a", true, 2},
        {61001, "key a", false},
        {61001, "key b", true, 0},
    };
    struct reminders reminders = {0};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        unsigned untold = 0;
        assert_int_equal(
            reminders_due(&reminders, rows[i].subject, rows[i].now_ms, &untold), rows[i].is_due);
        assert_int_equal(untold, rows[i].untold);
    }
}

static void past_the_limit_the_oldest_is_told_again(void **state)
{
    struct reminders reminders = {0};
    unsigned untold;
    char subject[16];
    for (unsigned i = 0; i <= REMINDERS_KEPT; i++) {
        snprintf(subject, sizeof subject, "%u", i);
        assert_true(reminders_due(&reminders, subject, 1000 + i, &untold));
    }
    assert_false(reminders_due(&reminders, "1", 2000, &untold));
    assert_true(reminders_due(&reminders, "0", 2000, &untold));
}

static void a_long_subject_counts_by_its_beginning(void **state)
{
    struct reminders reminders = {0};
    unsigned untold;
    char subject[REMINDER_SUBJECT_SIZE + 20] = {0};
    memset(subject, 'x', sizeof subject - 1);
    assert_true(reminders_due(&reminders, subject, 1000, &untold));
    assert_false(reminders_due(&reminders, subject, 1001, &untold));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_subject_is_told_once_a_minute),
        cmocka_unit_test(past_the_limit_the_oldest_is_told_again),
        cmocka_unit_test(a_long_subject_counts_by_its_beginning),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
