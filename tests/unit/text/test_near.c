#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "text/near.h"

static void distances(void **state)
{
    static const struct {
        const char *a, *b;
        unsigned distance;
    } rows[] = {
        {"", "", 0},
        {"", "abc", 3},
        {"greeting", "greeting", 0},
        {"gretting", "greeting", 1},
        {"voise", "voice", 1},
        {"nubmers", "numbers", 1}, /* a swap is one slip */
        {"tool", "tools", 1},
        {"kitten", "sitting", 3},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_int_equal(near_distance(rows[i].a, rows[i].b), rows[i].distance);
        assert_int_equal(near_distance(rows[i].b, rows[i].a), rows[i].distance);
    }
}

static void what_was_meant(void **state)
{
    static const char *const names[] = {
        "name", "numbers", "greeting", "silence_ms", "min_utterance_ms", "max_utterance_ms", NULL};
    static const struct {
        const char *name, *meant;
    } rows[] = {
        {"gretting", "greeting"},
        {"nubmer", "numbers"},
        {"silence", "silence_ms"},
        {"silence_sm", "silence_ms"},
        {"max_uterance_ms", "max_utterance_ms"},
        {"colour", NULL},
        {"x", NULL},
        {"", NULL},
        {"a_name_that_is_longer_than_any_field_that_was_ever_thought_of_by_anyone_at_all", NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *meant = near_name(rows[i].name, names);
        if (rows[i].meant) {
            assert_non_null(meant);
            assert_string_equal(meant, rows[i].meant);
        } else {
            assert_null(meant);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(distances), cmocka_unit_test(what_was_meant)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
