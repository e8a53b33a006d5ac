#include <stdio.h>
#include <string.h>

#include "cmocka_head.h"
#include "providers/word_times.h"

/* "word start-end " each. */
static void expect(const char *text, uint32_t start_ms, uint32_t end_ms, const char *expected)
{
    struct stt_word words[8];
    char out[400] = "";
    size_t count = word_times_estimate(words, 8, slice_from(text), start_ms, end_ms);
    for (size_t i = 0; i < count; i++) {
        size_t len = strlen(out);
        snprintf(out + len, sizeof(out) - len, "%.*s %u-%u ", (int)words[i].text.len,
            words[i].text.data, words[i].start_ms, words[i].end_ms);
    }
    assert_string_equal(out, expected);
}

static void time_follows_the_length_of_words(void **state)
{
    expect("hi there", 1000, 2100, "hi 1000-1400 there 1400-2100 ");
    expect("  one\tword ", 0, 1100, "one 0-500 word 500-1100 ");
    expect("Yes.", 200, 700, "Yes. 200-700 ");
}

static void a_comma_is_a_pause(void **state)
{
    expect("well, yes", 0, 1500, "well, 0-600 yes 1000-1500 ");
}

static void digits_are_said_as_words(void **state)
{
    expect("at 3", 0, 1000, "at 0-400 3 400-1000 ");
}

static void letters_of_any_alphabet_count_once(void **state)
{
    expect("n\xc3\xa9 ni", 0, 800, "n\xc3\xa9 0-400 ni 400-800 ");
}

static void odd_texts_and_times_stay_in_bounds(void **state)
{
    expect("", 0, 1000, "");
    expect(" \n", 0, 1000, "");
    expect("- -", 0, 1000, "- 0-500 - 500-1000 ");
    expect("a b", 500, 500, "a 500-500 b 500-500 ");
    expect("a b", 500, 400, "a 500-500 b 500-500 ");
    expect("a b c d e f g h i j", 0, 3000,
        "a 0-300 b 300-600 c 600-900 d 900-1200 e 1200-1500 f 1500-1800 g 1800-2100 h 2100-2400 ");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(time_follows_the_length_of_words),
        cmocka_unit_test(a_comma_is_a_pause),
        cmocka_unit_test(digits_are_said_as_words),
        cmocka_unit_test(letters_of_any_alphabet_count_once),
        cmocka_unit_test(odd_texts_and_times_stay_in_bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
