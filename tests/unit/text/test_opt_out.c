/* Who wants no more texts: two tables of what people write and say, one line each. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base/slice.h"
#include "text/opt_out.h"

#define SPELLINGS_MIN 200

static const char *const names[] = {"none", "stop", "start", "help"};

static unsigned wrong, stops;

static void check_text(const char *expected, const char *text)
{
    const char *said = names[opt_out_read_text(slice_from(text))];
    stops += strcmp(expected, "stop") == 0;
    if (strcmp(said, expected) == 0)
        return;
    print_error("\"%s\" is taken for %s, and is %s\n", text, said, expected);
    wrong++;
}

static void check_spoken(const char *expected, const char *text)
{
    const char *said = opt_out_was_spoken(slice_from(text)) ? "yes" : "no";
    if (strcmp(said, expected) == 0)
        return;
    print_error("\"%s\": %s, and it is %s\n", text, said, expected);
    wrong++;
}

static void check_file(const char *name, void (*check)(const char *expected, const char *text))
{
    char path[400], line[400];
    snprintf(path, sizeof path, SOURCE_DIR "/tests/unit/text/%s", name);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    wrong = stops = 0;
    while (fgets(line, sizeof line, file)) {
        line[strcspn(line, "\n")] = '\0';
        char *tab = strchr(line, '\t');
        assert_non_null(tab);
        *tab = '\0';
        check(line, tab + 1);
    }
    fclose(file);
    assert_int_equal(wrong, 0);
}

static void texts_are_read_as_they_are_meant(void **state)
{
    check_file("opt_outs.tsv", check_text);
    assert_true(stops >= SPELLINGS_MIN);
}

static void words_of_a_call_are_about_texts(void **state)
{
    check_file("spoken_opt_outs.tsv", check_spoken);
}

static void long_texts_are_read_to_a_bound(void **state)
{
    static char text[20000];
    for (size_t i = 0; i + 2 < sizeof text; i += 2)
        memcpy(text + i, "a ", 2);
    assert_int_equal(opt_out_read_text(slice_from(text)), OPT_OUT_NONE);
    memcpy(text, "stop texting me ", 16);
    assert_int_equal(opt_out_read_text(slice_from(text)), OPT_OUT_STOP);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_are_read_as_they_are_meant),
        cmocka_unit_test(words_of_a_call_are_about_texts),
        cmocka_unit_test(long_texts_are_read_to_a_bound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
