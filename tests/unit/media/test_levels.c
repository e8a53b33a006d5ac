/* The parts under voice activity: levels, the floor that follows a line, tones, the echo guard on a virtual clock. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "media/echo_guard.h"
#include "media/frame.h"
#include "media/level.h"
#include "media/loudness.h"
#include "media/tone.h"

static void assert_near(double value, double expected, double tolerance)
{
    if (fabs(value - expected) > tolerance)
        fail_msg("%f is not %f", value, expected);
}

static void a_level_is_of_what_moves(void **state)
{
    int16_t pcm[FRAME_SAMPLES];
    for (unsigned i = 0; i < FRAME_SAMPLES; i++)
        pcm[i] = i % 2 ? 32767 : -32768;
    assert_near(level_dbov(pcm), 0, 0.01);
    for (unsigned i = 0; i < FRAME_SAMPLES; i++)
        pcm[i] = (int16_t)(20000 + (i % 2 ? 3277 : -3277));
    assert_near(level_dbov(pcm), -20, 0.01);
    for (unsigned i = 0; i < FRAME_SAMPLES; i++)
        pcm[i] = -7;
    assert_near(level_dbov(pcm), LEVEL_SILENCE_DBOV, 0);
}

static void the_lowest_of_a_window_is_that_of_all_its_values(void **state)
{
    enum { STEP = 3, VALUES = 4000 };
    static double values[VALUES];
    struct lowest lowest;
    unsigned seed = 21;
    lowest_init(&lowest, STEP, 1000);
    for (unsigned i = 0; i < VALUES; i++) {
        values[i] = rand_r(&seed) % 1000;
        lowest_add(&lowest, values[i]);
        unsigned whole_steps = (LOWEST_STEPS - 1) * STEP, begun = i % STEP + 1;
        unsigned first = i + 1 > whole_steps + begun ? i + 1 - whole_steps - begun : 0;
        double expected = 1000;
        for (unsigned k = first; k <= i; k++)
            expected = fmin(expected, values[k]);
        assert_near(lowest.value, expected, 0);
    }
}

static void say_for(struct loudness *loudness, unsigned ms, double level)
{
    for (unsigned at = 0; at < ms; at += FRAME_MS)
        loudness_frame(loudness, level);
}

static void the_floor_follows_the_line(void **state)
{
    struct loudness loudness;
    loudness_init(&loudness);
    say_for(&loudness, 100, -48);
    assert_near(loudness.floor_dbov, -50, 0); /* as yet */
    say_for(&loudness, 3500, -20); /* seconds of voice are not the line */
    assert_near(loudness.floor_dbov, -50, 0);
    say_for(&loudness, 600, -20); /* what never pauses is */
    assert_near(loudness.floor_dbov, -20, 0);
    say_for(&loudness, 80, -48); /* a pause of 100 ms brings it back */
    assert_near(loudness.floor_dbov, -20, 0);
    say_for(&loudness, 20, -48);
    assert_near(loudness.floor_dbov, -48, 0);
    say_for(&loudness, 100, LEVEL_SILENCE_DBOV);
    assert_near(loudness.floor_dbov, -65, 0);
}

static void speak_for(struct loudness *loudness, unsigned ms, double level)
{
    for (unsigned at = 0; at < ms; at += FRAME_MS) {
        loudness_frame(loudness, at % 400 < 100 ? -70 : level);
        loudness_voice(loudness, level);
    }
}

static void the_gain_brings_callers_to_one_level(void **state)
{
    static const struct {
        double voice_dbov;
        double gain_db;
    } rows[] = {{-22, 0}, {-30, 8}, {-37, 15}, {-55, 15}, {-8, -14}, {0, -22}};
    for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct loudness loudness;
        loudness_init(&loudness);
        speak_for(&loudness, 10000, rows[i].voice_dbov);
        assert_near(loudness.gain_db, rows[i].gain_db, 0.1);
    }
    struct loudness noisy;
    loudness_init(&noisy);
    say_for(&noisy, 5000, -30); /* noise is turned down whatever the voice */
    assert_near(noisy.gain_db, -20, 0);
    say_for(&noisy, 9000, -10);
    assert_near(noisy.gain_db, -24, 0);
}

static void a_tone_is_told_from_what_only_hums(void **state)
{
    unsigned seed = 9;
    static const struct {
        double hz[2];
        double peak, noise;
        int is_tone;
    } rows[] = {
        {{440, 0}, 8000, 0, 1},
        {{350, 440}, 4000, 0, 1},
        {{697, 1477}, 4000, 0, 1},
        {{440, 0}, 8000, 200, 1},
        {{440, 0}, 8000, 1500, 0}, /* in noise it is left to the floor */
        {{440, 0}, 0, 3000, 0},
    };
    for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
        int16_t pcm[FRAME_SAMPLES];
        for (unsigned t = 0; t < FRAME_SAMPLES; t++)
            pcm[t] = (int16_t)(500 + rows[i].peak * sin(2 * M_PI * rows[i].hz[0] * t / 8000) +
                               rows[i].peak * sin(2 * M_PI * rows[i].hz[1] * t / 8000) +
                               rows[i].noise * (2.0 * rand_r(&seed) / RAND_MAX - 1));
        assert_int_equal(tone_is(pcm), rows[i].is_tone);
    }
    int16_t silence[FRAME_SAMPLES] = {0};
    assert_false(tone_is(silence));
}

/* ---- the echo guard ---- */

static uint64_t now_ms;

/* We speak at −20 (or not), the line answers at `heard_dbov`. */
static void call_for(struct echo_guard *guard, unsigned ms, double played_dbov, double heard_dbov)
{
    for (unsigned at = 0; at < ms; at += FRAME_MS, now_ms += FRAME_MS) {
        if (played_dbov > LEVEL_SILENCE_DBOV)
            echo_guard_play(guard, now_ms, played_dbov);
        echo_guard_hear(guard, now_ms, heard_dbov);
    }
    now_ms -= FRAME_MS; /* the last frame is now */
}

static void an_echo_is_expected_until_it_fails_to_come(void **state)
{
    struct echo_guard guard;
    echo_guard_init(&guard);
    assert_near(echo_guard_level(&guard, 0), LEVEL_SILENCE_DBOV, 0);
    now_ms = 5000;
    assert_near(echo_guard_level(&guard, now_ms), LEVEL_SILENCE_DBOV, 0);
    call_for(&guard, 300, -20, -60);
    assert_near(echo_guard_level(&guard, now_ms), -35, 0); /* nothing proven yet: 15 dB */
    call_for(&guard, 400, -20, -60);
    assert_near(echo_guard_level(&guard, now_ms), -60, 0);
    assert_near(echo_guard_level(&guard, now_ms + 400), -60, 0); /* it may still come */
    assert_near(echo_guard_level(&guard, now_ms + 440), LEVEL_SILENCE_DBOV, 0);
}

static void a_caller_over_us_proves_nothing(void **state)
{
    struct echo_guard guard;
    echo_guard_init(&guard);
    now_ms = 5000;
    call_for(&guard, 1000, -20, -50);
    assert_near(echo_guard_level(&guard, now_ms), -50, 0);
    call_for(&guard, 3000, -20, -18);
    assert_near(echo_guard_level(&guard, now_ms), -50, 0);
}

static void a_line_that_changes_is_learnt_anew(void **state)
{
    struct echo_guard guard;
    echo_guard_init(&guard);
    now_ms = 5000;
    call_for(&guard, 2000, -20, -60);
    call_for(&guard, 12000, -20, -40);
    assert_near(echo_guard_level(&guard, now_ms), -40, 0);
    call_for(&guard, 12000, -20,
        -25); /* or somebody talks all the time: less than 15 dB is not believed */
    assert_near(echo_guard_level(&guard, now_ms), -35, 0);
}

static void a_stream_that_stalls_proves_nothing(void **state)
{
    struct echo_guard guard;
    echo_guard_init(&guard);
    now_ms = 5000;
    for (unsigned i = 0; i < 50; i++, now_ms += FRAME_MS)
        echo_guard_play(&guard, now_ms, -20);
    echo_guard_hear(&guard, now_ms, -70);
    assert_near(echo_guard_level(&guard, now_ms), -35, 0);
}

static void what_was_cut_is_not_expected(void **state)
{
    struct echo_guard guard;
    echo_guard_init(&guard);
    for (unsigned ahead_ms = 0; ahead_ms < 160; ahead_ms += FRAME_MS)
        echo_guard_play(&guard, 5000 + ahead_ms, ahead_ms < 80 ? -30 : -10);
    echo_guard_cut(&guard, 5079);
    assert_near(echo_guard_level(&guard, 5150), -45, 0);
    echo_guard_play(&guard, 5100, -20); /* sent anew */
    assert_near(echo_guard_level(&guard, 5150), -35, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_level_is_of_what_moves),
        cmocka_unit_test(the_lowest_of_a_window_is_that_of_all_its_values),
        cmocka_unit_test(the_floor_follows_the_line),
        cmocka_unit_test(the_gain_brings_callers_to_one_level),
        cmocka_unit_test(a_tone_is_told_from_what_only_hums),
        cmocka_unit_test(an_echo_is_expected_until_it_fails_to_come),
        cmocka_unit_test(a_caller_over_us_proves_nothing),
        cmocka_unit_test(a_line_that_changes_is_learnt_anew),
        cmocka_unit_test(a_stream_that_stalls_proves_nothing),
        cmocka_unit_test(what_was_cut_is_not_expected),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
