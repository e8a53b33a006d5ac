#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "caller/playout.h"

/* Stories on virtual time: one step is something that comes, or a tick of 20 ms. */
static struct playout playout;
static char echoed[1024]; /* names of the marks given back, each with a blank */

static void setup_playout(void)
{
    playout_init(&playout);
    echoed[0] = 0;
}

static void take_marks(void)
{
    char name[PLAYOUT_MARK_SIZE];
    while (playout_take_mark(&playout, name)) {
        strcat(echoed, name);
        strcat(echoed, " ");
    }
}

static bool media(size_t len, uint8_t value)
{
    uint8_t audio[4096];
    memset(audio, value, sizeof audio);
    bool starts;
    assert_int_equal(playout_media(&playout, audio, len, &starts), ERR_OK);
    take_marks();
    return starts;
}

static void mark(const char *name)
{
    assert_int_equal(playout_mark(&playout, name), ERR_OK);
    take_marks();
}

static bool tick(void)
{
    uint8_t frame[FRAME_BYTES];
    bool has_audio = playout_tick(&playout, frame);
    take_marks();
    return has_audio;
}

static void expect_echoed(const char *names)
{
    assert_string_equal(echoed, names);
    echoed[0] = 0;
}

static void a_mark_comes_back_when_all_before_it_was_played(void **state)
{
    setup_playout();
    assert_true(media(320, 1));
    mark("a");
    assert_false(media(160, 2));
    mark("b");
    expect_echoed("");
    assert_true(tick());
    assert_true(tick());
    expect_echoed(""); /* the second frame is being played */
    assert_true(tick());
    expect_echoed("a ");
    assert_false(tick());
    expect_echoed("b ");
    playout_free(&playout);
}

static void a_mark_comes_back_at_once_when_nothing_is_queued(void **state)
{
    setup_playout();
    mark("early");
    expect_echoed("early ");
    media(160, 1);
    tick();
    mark("during");
    expect_echoed("");
    tick();
    expect_echoed("during ");
    mark("later");
    expect_echoed("later ");
    playout_free(&playout);
}

static void clear_drops_what_waits_and_gives_every_mark_back(void **state)
{
    setup_playout();
    media(1600, 1);
    mark("a");
    media(160, 1);
    mark("b");
    tick();
    assert_int_equal(playout_clear(&playout), 1600);
    take_marks();
    expect_echoed("a b ");
    assert_false(tick());
    media(160, 3);
    mark("c");
    expect_echoed("");
    assert_true(tick());
    assert_false(tick());
    expect_echoed("c ");
    assert_int_equal(playout_clear(&playout), 0);
    playout_free(&playout);
}

static void a_mark_behind_a_clear_waits_for_the_frame_that_plays(void **state)
{
    setup_playout();
    media(320, 1);
    tick();
    playout_clear(&playout);
    mark("after");
    expect_echoed("");
    tick();
    expect_echoed("after ");
    playout_free(&playout);
}

static void bytes_are_played_in_order_whatever_their_packets(void **state)
{
    setup_playout();
    uint8_t sent[1000];
    for (size_t i = 0; i < sizeof sent; i++)
        sent[i] = (uint8_t)(i * 31);
    static const size_t sizes[] = {1, 159, 160, 161, 7, 320, 192};
    size_t at = 0;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        bool starts;
        assert_int_equal(playout_media(&playout, sent + at, sizes[i], &starts), ERR_OK);
        assert_int_equal(starts, i == 0);
        at += sizes[i];
    }
    assert_int_equal(at, sizeof sent);
    uint8_t played[7 * FRAME_BYTES];
    for (size_t i = 0; i < 7; i++)
        assert_true(playout_tick(&playout, played + i * FRAME_BYTES));
    assert_memory_equal(played, sent, sizeof sent);
    assert_int_equal(played[1000], ULAW_SILENCE);
    assert_int_equal(playout.odd_sizes, 5);
    assert_int_equal(playout.cut_frames, 1);
    assert_int_equal(playout.messages, 7);
    assert_int_equal(playout.most_queued, 1000);
    playout_free(&playout);
}

static void run_dry(unsigned frames)
{
    for (unsigned i = 0; i < frames; i++)
        assert_false(tick());
}

static void only_holes_inside_what_is_said_are_underruns(void **state)
{
    setup_playout();
    run_dry(10); /* before the first word */
    media(160, 1);
    assert_true(tick());
    media(160, 1);
    assert_true(tick());
    assert_int_equal(playout.underruns, 0);
    run_dry(3);
    media(160, 1);
    assert_true(tick());
    assert_int_equal(playout.underruns, 1);
    assert_int_equal(playout.underrun_ms, 60);
    run_dry(PLAYOUT_UNDERRUN_MAX_MS / FRAME_MS); /* a pause between two replies */
    media(160, 1);
    assert_true(tick());
    assert_int_equal(playout.underruns, 1);
    playout_clear(&playout); /* barge-in: silence on purpose */
    run_dry(3);
    media(160, 1);
    assert_true(tick());
    assert_int_equal(playout.underruns, 1);
    run_dry(1);
    media(160, 1);
    assert_true(tick());
    assert_int_equal(playout.underruns, 2);
    assert_int_equal(playout.underrun_ms, 80);
    playout_free(&playout);
}

static void the_start_of_audio_is_told_once(void **state)
{
    setup_playout();
    assert_true(media(160, 1));
    assert_false(media(160, 1));
    tick();
    tick();
    assert_false(media(160, 1)); /* while the last frame plays */
    tick();
    tick();
    assert_false(media(0, 1));
    assert_true(media(160, 1));
    playout_free(&playout);
}

static void there_are_bounds(void **state)
{
    setup_playout();
    media(160, 1);
    for (int i = 0; i < PLAYOUT_MARKS_MAX; i++)
        mark("m");
    assert_int_equal(playout_mark(&playout, "one more"), ERR_FULL);
    bool starts;
    static uint8_t audio[PLAYOUT_QUEUE_MAX_BYTES];
    assert_int_equal(playout_media(&playout, audio, sizeof audio, &starts), ERR_FULL);
    assert_int_equal(playout.len, 160);
    playout_free(&playout);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_mark_comes_back_when_all_before_it_was_played),
        cmocka_unit_test(a_mark_comes_back_at_once_when_nothing_is_queued),
        cmocka_unit_test(clear_drops_what_waits_and_gives_every_mark_back),
        cmocka_unit_test(a_mark_behind_a_clear_waits_for_the_frame_that_plays),
        cmocka_unit_test(bytes_are_played_in_order_whatever_their_packets),
        cmocka_unit_test(only_holes_inside_what_is_said_are_underruns),
        cmocka_unit_test(the_start_of_audio_is_told_once),
        cmocka_unit_test(there_are_bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
