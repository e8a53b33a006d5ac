#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "callflow/heard.h"

static const char text[] = "We open at nine. "; /* 17 characters, 100 ms each */

static struct heard cut(size_t timed, bool is_all_audio, uint32_t played_ms)
{
    struct heard_character characters[sizeof text];
    for (size_t i = 0; i < timed; i++)
        characters[i] = (struct heard_character){.bytes = 1, .start_ms = (uint32_t)i * 100};
    struct heard_segment segment = {.text = SLICE(text),
        .characters = characters,
        .character_count = timed,
        .audio_ms = 1700,
        .is_all_audio = is_all_audio};
    return heard_cut(&segment, played_ms);
}

static void test_cuts_at_a_word(void **state)
{
    static const struct {
        uint32_t played_ms;
        size_t bytes;
    } rows[] = {{0, 0}, {1, 0}, {150, 2}, {200, 2}, {250, 2}, {600, 2}, {601, 7}, {750, 7},
        {900, 7}, {901, 10}, {1500, 10}, {1501, 16}, {1699, 17}, {1700, 17}, {9999, 17}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct heard heard = cut(17, true, rows[i].played_ms);
        if (heard.bytes != rows[i].bytes || heard.is_estimate)
            fail_msg("%u ms: %zu bytes heard, expected %zu", rows[i].played_ms, heard.bytes,
                rows[i].bytes);
    }
}

static void test_without_times_it_is_an_estimate(void **state)
{
    struct heard heard = cut(0, true, 850);
    assert_true(heard.is_estimate);
    assert_int_equal(heard.bytes, 7); /* half of it, back to a word */
    heard = cut(0, false, 650);       /* 10 characters at 65 ms */
    assert_true(heard.is_estimate);
    assert_int_equal(heard.bytes, 10);
    assert_false(cut(0, false, 0).is_estimate);
}

static void test_all_heard_needs_no_times(void **state)
{
    struct heard heard = cut(0, true, 1700);
    assert_int_equal(heard.bytes, 17);
    assert_false(heard.is_estimate);
}

static void test_multi_byte_characters_stay_whole(void **state)
{
    struct heard_character characters[] = {{1, 0}, {2, 100}, {1, 200}, {1, 300}};
    struct heard_segment segment = {.text = SLICE("Gr\xc3\xbc\xc3\x9f"),
        .characters = characters,
        .character_count = 4,
        .audio_ms = 400};
    assert_int_equal(heard_cut(&segment, 250).bytes, 0); /* in the middle of its only word */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cuts_at_a_word),
        cmocka_unit_test(test_without_times_it_is_an_estimate),
        cmocka_unit_test(test_all_heard_needs_no_times),
        cmocka_unit_test(test_multi_byte_characters_stay_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
