/* Windows as stories on virtual time: what the recogniser says of each, what the caller's words look like then. */
#include "cmocka_head.h"

#include <stdio.h>
#include <string.h>

#include "providers/transcript_windows.h"
#include "providers/word_times.h"

static struct transcript_windows windows;

static int begin(void **state)
{
    windows_begin(&windows, 1000);
    return 0;
}

static int end(void **state)
{
    windows_free(&windows);
    return 0;
}

/* A window up to `now_ms` is heard as `text`, its words laid evenly over it. */
static bool heard(uint32_t now_ms, const char *text, bool is_estimated)
{
    struct stt_word words[64];
    struct window_span span = windows_ask(&windows, now_ms);
    size_t count = word_times_estimate(words, 64, slice_from(text), span.from_ms, span.to_ms);
    return windows_take(&windows, slice_from(text), words, count, is_estimated);
}

static void expect_partial(const char *text)
{
    struct slice partial = windows_partial(&windows);
    char shown[1024];
    slice_copy(partial, shown, sizeof shown);
    assert_string_equal(shown, text);
}

static void windows_roll_at_their_pace(void **state)
{
    assert_false(windows_is_due(&windows, 1580, 600));
    assert_true(windows_is_due(&windows, 1600, 600));
    struct window_span span = windows_ask(&windows, 1600);
    assert_int_equal(span.from_ms, 1000); /* nothing before the utterance */
    assert_int_equal(span.to_ms, 1600);
    assert_false(windows_is_due(&windows, 2180, 600));
    assert_true(windows_is_due(&windows, 2200, 600));
    span = windows_ask(&windows, 2200);
    assert_int_equal(span.from_ms, 1000); /* it grows */
    assert_int_equal(span.to_ms, 2200);
}

static void what_two_windows_agree_on_is_never_taken_back(void **state)
{
    static const struct {
        const char *heard;
        const char *partial;
    } story[] = {
        {"hi", "hi"},
        {"Hi, I kneel", "Hi, I kneel"},
        {"Hi, I need an", "Hi, I need an"},
        {"high. I need an appoint", "Hi, I need an appoint"},
        {"Hi I need an appointment", "Hi, I need an appointment"},
        {"Well, hi I need an appointment for", "Hi, I need an appointment for"},
        {"", "Hi, I need an appointment"}, /* the newest words are gone, the stable ones stay */
        {"something else entirely, it seems, by now", "Hi, I need an appointment by now"},
    };
    for (size_t i = 0; i < sizeof story / sizeof *story; i++) {
        (void)heard((uint32_t)(1600 + 600 * i), story[i].heard, true);
        expect_partial(story[i].partial);
    }
}

static void the_same_again_is_no_news(void **state)
{
    assert_true(heard(1600, "hello there", true));
    assert_false(heard(2200, "hello there", true));
    assert_true(heard(2800, "hello there friend", true));
}

static void a_long_window_begins_anew_behind_its_stable_words(void **state)
{
    uint32_t near_ms;
    (void)heard(6400, "my number is five five five", true);
    assert_false(windows_wants_seam(&windows, &near_ms));
    (void)heard(7200, "my number is five five five one two", true);
    assert_true(windows_wants_seam(&windows, &near_ms));
    assert_in_range(near_ms, 5000, 7000); /* the end of the third five */
    windows_cut(&windows, 6000);
    expect_partial("my number is five five five one two"); /* until the next one is heard */
    struct window_span span = windows_ask(&windows, 7800);
    assert_int_equal(span.from_ms, 6000 - WINDOW_OVERLAP_MS);
    (void)heard(7800, "five one two", true);
    expect_partial(
        "my number is five five five five one two"); /* a fourth five, not the third again */
    assert_false(windows_wants_seam(&windows, &near_ms));
}

static void a_word_that_ended_in_the_overlap_is_not_said_twice(void **state)
{
    (void)heard(6400, "please call me", false);
    (void)heard(7200, "please call me", false);
    windows_cut(&windows, 7000);
    struct stt_word words[] = {
        {SLICE("me"), 6950, 6990}, {SLICE("back"), 7100, 7400}, {SLICE("soon"), 7500, 7700}};
    (void)windows_ask(&windows, 7800);
    (void)windows_take(&windows, SLICE("me back soon"), words, 3, false);
    expect_partial("please call me back soon");
}

static void without_agreement_partials_stop(void **state)
{
    static const char *const said[] = {"one", "two", "three", "four"};
    uint32_t near_ms;
    for (uint32_t i = 0; i < 4; i++)
        (void)heard(1600 + i * 3000, said[i], true);
    assert_false(windows_wants_seam(&windows, &near_ms));
    assert_true(windows_is_due(&windows, 13000, 600));
    assert_false(windows_is_due(&windows, 1020 + WINDOW_LIMIT_MS, 600));
}

static void finals_are_whole_or_what_is_behind_a_seam(void **state)
{
    struct window_final final = windows_final(&windows, 16000, 0);
    assert_int_equal(final.span.from_ms, 1000);
    assert_int_equal(final.settled_len, 0);
    for (uint32_t at_ms = 6000; at_ms <= 18000; at_ms += 6000) {
        (void)heard(at_ms - 600, "some words", true);
        (void)heard(at_ms + 600, "some words", true);
        windows_cut(&windows, at_ms);
    }
    final = windows_final(&windows, 16000, 1000);
    assert_int_equal(final.span.from_ms, 1000);
    assert_int_equal(final.settled_len, 0);
    final = windows_final(&windows, 20000, 1000); /* too long: the first seam leaves 14 s */
    assert_int_equal(final.span.from_ms, 6000 - WINDOW_OVERLAP_MS);
    assert_int_equal(final.settled_len, strlen("some words"));
    final = windows_final(&windows, 20000, 7000); /* and is not kept any more */
    assert_int_equal(final.span.from_ms, 12000 - WINDOW_OVERLAP_MS);
    assert_int_equal(final.settled_len, strlen("some words some words"));
    final = windows_final(&windows, 60000, 30000); /* audio is lost, the words before it are not */
    assert_int_equal(final.span.from_ms, 30000);
    assert_int_equal(final.settled_len, strlen("some words some words some words"));
}

static void seams_are_bounded(void **state)
{
    for (uint32_t i = 1; i <= WINDOW_SEAMS + 3; i++) {
        (void)heard(1000 + i * 6000, "word", true);
        (void)heard(1100 + i * 6000, "word", true);
        windows_cut(&windows, 1050 + i * 6000);
    }
    assert_int_equal(windows.seam_count, WINDOW_SEAMS);
    assert_int_equal(windows.seams[0].at_ms, 1050 + 4 * 6000);
}

int main(void)
{
#define STORY(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        STORY(windows_roll_at_their_pace),
        STORY(what_two_windows_agree_on_is_never_taken_back),
        STORY(the_same_again_is_no_news),
        STORY(a_long_window_begins_anew_behind_its_stable_words),
        STORY(a_word_that_ended_in_the_overlap_is_not_said_twice),
        STORY(without_agreement_partials_stop),
        STORY(finals_are_whole_or_what_is_behind_a_seam),
        STORY(seams_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
