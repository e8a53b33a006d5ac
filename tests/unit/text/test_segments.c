/* What a text is sent as. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "text/segments.h"

static const struct {
    const char *letter;
    unsigned times;
    unsigned count;
    bool is_gsm;
} rows[] = {
    {"", 0, 0, true},
    {"a", 1, 1, true},
    {"a", 160, 1, true},
    {"a", 161, 2, true},
    {"a", 306, 2, true},
    {"a", 307, 3, true},
    {"\n", 160, 1, true},
    {"@", 160, 1, true},
    {"é", 160, 1, true},
    {"Ω", 160, 1, true},
    {"€", 80, 1, true}, /* two each */
    {"€", 81, 2, true},
    {"€", 152, 2, true}, /* 76 a segment: none is torn apart */
    {"€", 153, 3, true},
    {"{", 80, 1, true},
    {"`", 1, 1, false},
    {"ç", 70, 1, false}, /* only the capital one is in the alphabet */
    {"Ç", 160, 1, true},
    {"ñ", 160, 1, true},
    {"ő", 70, 1, false},
    {"ő", 71, 2, false},
    {"ő", 134, 2, false},
    {"ő", 135, 3, false},
    {"’", 70, 1, false},
    {"😀", 35, 1, false}, /* two units each */
    {"😀", 36, 2, false},
    {"😀", 66, 2, false},
    {"😀", 67, 3, false},
    {"\t", 1, 1, false},
    {"\xff", 70, 1, false},
};

static void texts_cost_what_they_cost(void **state)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        size_t len = strlen(rows[i].letter) * rows[i].times;
        char *text = malloc(len + 1);
        assert_non_null(text);
        for (size_t at = 0; at < len; at += strlen(rows[i].letter))
            memcpy(text + at, rows[i].letter, strlen(rows[i].letter));
        struct text_segments segments = text_segments((struct slice){text, len});
        free(text);
        if (segments.count != rows[i].count || segments.is_gsm != rows[i].is_gsm ||
            segments.letters != rows[i].times)
            fail_msg("row %zu: %u segments of %u letters, short alphabet: %d", i, segments.count,
                segments.letters, segments.is_gsm);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {cmocka_unit_test(texts_cost_what_they_cost)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
