#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "text/spelling.h"

static void numbers_are_found_however_written(void **state)
{
    const struct {
        const char *text;
        bool expected;
    } rows[] = {{"+15550100001", true}, {"{\"phone\":\"15550100001\"}", true},
        {"(555) 010-0001", true}, {"call 555.010.0001 now", true}, {"555 010 0001", true},
        {"5 5 5 0 1 0 0 0 0 1", true}, {"50100001", true}, {"+15550100002", false},
        {"0100001", false}, {"", false}, {"555 010 000", false}, {"5x50100001", true},
        {"50a100001", false}, {"50    100001", false}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (spelling_has_number(slice_from(rows[i].text), SLICE("+15550100001")) !=
            rows[i].expected)
            fail_msg("%s", rows[i].text);
    assert_true(spelling_has_number(SLICE("12-3"), SLICE("123"))); /* all that it has */
    assert_false(spelling_has_number(SLICE("12-3"), SLICE("none")));
}

static void words_are_found_in_either_case(void **state)
{
    assert_true(spelling_has_word(SLICE("mail to Ann@Example.com."), SLICE("ann@example.com")));
    assert_false(spelling_has_word(SLICE("an"), SLICE("ann")));
    assert_false(spelling_has_word(SLICE("ann"), SLICE("")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_found_however_written),
        cmocka_unit_test(words_are_found_in_either_case),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
