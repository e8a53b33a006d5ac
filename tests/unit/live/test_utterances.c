#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "live/utterances.h"

static struct utterances utterances;

static int begin(void **state)
{
    utterances_init(&utterances);
    return 0;
}

static int end(void **state)
{
    utterances_clear(&utterances);
    return 0;
}

static void expect_words(const char *words)
{
    char *text = utterances_join(&utterances);
    assert_string_equal(text, words);
    free(text);
}

static void nothing_said_is_an_empty_text(void **state)
{
    expect_words("");
}

static void a_final_replaces_its_partials(void **state)
{
    utterances_set(&utterances, 1, SLICE("what are"), false);
    utterances_set(&utterances, 1, SLICE("what are your"), false);
    utterances_set(&utterances, 1, SLICE(" what are your hours "), true);
    utterances_set(&utterances, 1, SLICE("late partial"), false);
    expect_words("what are your hours");
}

static void a_partial_of_the_next_item_keeps_the_one_before(void **state)
{
    utterances_set(&utterances, 1, SLICE("on monday"), false);
    utterances_set(&utterances, 2, SLICE("at ten"), false);
    expect_words("on monday at ten");
}

static void finals_out_of_order_stand_in_the_order_of_speaking(void **state)
{
    utterances_set(&utterances, 3, SLICE("three"), true);
    utterances_set(&utterances, 1, SLICE("one"), true);
    utterances_set(&utterances, 2, SLICE(""), true);
    expect_words("one three");
}

static void words_given_back_come_first(void **state)
{
    utterances_set(&utterances, 5, SLICE("at ten"), false);
    utterances_set(&utterances, 0, SLICE("on monday"), true);
    expect_words("on monday at ten");
}

static void many_items_lose_no_word(void **state)
{
    for (uint32_t item = 1; item <= 20; item++) {
        char text[12];
        snprintf(text, sizeof text, "w%u", item);
        utterances_set(&utterances, item, slice_from(text), true);
    }
    expect_words("w1 w2 w3 w4 w5 w6 w7 w8 w9 w10 w11 w12 w13 w14 w15 w16 w17 w18 w19 w20");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(nothing_said_is_an_empty_text, begin, end),
        cmocka_unit_test_setup_teardown(a_final_replaces_its_partials, begin, end),
        cmocka_unit_test_setup_teardown(
            a_partial_of_the_next_item_keeps_the_one_before, begin, end),
        cmocka_unit_test_setup_teardown(
            finals_out_of_order_stand_in_the_order_of_speaking, begin, end),
        cmocka_unit_test_setup_teardown(words_given_back_come_first, begin, end),
        cmocka_unit_test_setup_teardown(many_items_lose_no_word, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
