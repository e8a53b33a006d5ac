#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "live/wishes.h"

static void words_are_those_of_the_table(void **state)
{
    const struct {
        const char *word;
        enum wish_record expected;
    } rows[] = {{"never", WISH_RECORD_NEVER}, {"with_consent", WISH_RECORD_WITH_CONSENT},
        {"always", WISH_RECORD_ALWAYS}, {"", WISH_RECORD_UNSAID},
        {"sometimes", WISH_RECORD_UNSAID}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_int_equal(wish_record_of(slice_from(rows[i].word)), rows[i].expected);
}

static void the_newest_list_counts(void **state)
{
    const struct wishes first[] = {{"b", WISH_RECORD_ALWAYS}, {"a", WISH_RECORD_NEVER}};
    const struct wishes second[] = {{"c", WISH_RECORD_WITH_CONSENT}};
    assert_int_equal(wishes_of("a").record_calls, WISH_RECORD_UNSAID);
    wishes_publish(first, 2);
    assert_int_equal(wishes_of("a").record_calls, WISH_RECORD_NEVER);
    assert_int_equal(wishes_of("b").record_calls, WISH_RECORD_ALWAYS);
    assert_int_equal(wishes_of("c").record_calls, WISH_RECORD_UNSAID);
    wishes_publish(second, 1);
    assert_int_equal(wishes_of("b").record_calls, WISH_RECORD_UNSAID);
    assert_int_equal(wishes_of("c").record_calls, WISH_RECORD_WITH_CONSENT);
    wishes_publish(NULL, 0);
    assert_int_equal(wishes_of("c").record_calls, WISH_RECORD_UNSAID);
    wishes_clear();
    assert_string_equal(wishes_of("c").tenant_id, "c");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_are_those_of_the_table),
        cmocka_unit_test(the_newest_list_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
