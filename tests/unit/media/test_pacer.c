/* The outbound clock as stories on virtual time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "media/pacer.h"

#define LEAD_MS 160

static struct pacer pacer;
static uint64_t now_ms;
static unsigned next_put;   /* number of the next frame put */
static unsigned next_taken; /* number the next frame taken must have */
static uint64_t worst_late_ms;

static void begin(uint64_t start_ms)
{
    pacer_init(&pacer, LEAD_MS);
    now_ms = start_ms;
    next_put = next_taken = 0;
    worst_late_ms = 0;
}

static void put(unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        uint8_t frame[FRAME_BYTES] = {0};
        memcpy(frame, &next_put, sizeof next_put);
        assert_int_equal(pacer_put(&pacer, frame, now_ms), ERR_OK);
        next_put++;
    }
}

/* Everything that is due now; returns how many. */
static unsigned take_due(void)
{
    uint8_t frame[FRAME_BYTES];
    uint64_t late_ms;
    unsigned taken = 0;
    while (pacer_take(&pacer, frame, now_ms, &late_ms)) {
        unsigned number;
        memcpy(&number, frame, sizeof number);
        assert_int_equal(number, next_taken++);
        worst_late_ms = late_ms > worst_late_ms ? late_ms : worst_late_ms;
        uint64_t ahead_ms = pacer.sent * FRAME_MS - pacer_played_ms(&pacer, now_ms);
        assert_true(ahead_ms <= LEAD_MS);
        taken++;
    }
    return taken;
}

/* Lives by its deadlines, as a driver with one timer does. */
static void run_until(uint64_t end_ms)
{
    while (now_ms < end_ms) {
        take_due();
        uint64_t deadline = pacer_deadline(&pacer);
        now_ms = deadline > now_ms && deadline < end_ms ? deadline : end_ms;
    }
    take_due();
}

/* What was sent is audible in order, 20 ms each, from the first frame's sending on. */
static void says_when_a_frame_is_audible(void **state)
{
    begin(1000);
    put(20);
    uint8_t frame[FRAME_BYTES];
    uint64_t late_ms;
    for (unsigned i = 0; i < 20; i++) {
        while (!pacer_take(&pacer, frame, now_ms, &late_ms))
            now_ms += FRAME_MS;
        assert_int_equal(pacer_audible_ms(&pacer), 1000 + i * FRAME_MS);
    }
    put(20);
    now_ms = pacer.t0_ms + 400 + 2000; /* ran dry: later frames are audible later */
    assert_true(pacer_take(&pacer, frame, now_ms, &late_ms));
    assert_int_equal(pacer_audible_ms(&pacer), now_ms);
    assert_true(pacer_take(&pacer, frame, now_ms, &late_ms));
    assert_int_equal(pacer_rewind(&pacer, 0, now_ms), 2);
    assert_true(pacer_take(&pacer, frame, now_ms, &late_ms));
    assert_int_equal(pacer_audible_ms(&pacer), now_ms);
}

static void flows_steadily(void **state)
{
    begin(1003);
    put(100);
    assert_int_equal(take_due(), LEAD_MS / FRAME_MS);
    for (unsigned n = 8; n < 100; n++) {
        uint64_t due = 1003 + n * FRAME_MS - (LEAD_MS - FRAME_MS);
        assert_int_equal(pacer_deadline(&pacer), due);
        now_ms = due - 1;
        assert_int_equal(take_due(), 0);
        now_ms = due;
        assert_int_equal(take_due(), 1);
        assert_int_equal(pacer_played_ms(&pacer, now_ms), now_ms - 1003);
    }
    assert_int_equal(worst_late_ms, 0);
    assert_int_equal(pacer_deadline(&pacer), 0); /* waits for more, or the end */
    pacer_end(&pacer);
    assert_int_equal(pacer_deadline(&pacer), 1003 + 2000);
    assert_false(pacer_finished(&pacer, 1003 + 1999));
    assert_int_equal(pacer_unplayed_ms(&pacer, 1003 + 1999), 1);
    assert_true(pacer_finished(&pacer, 1003 + 2000));
    assert_false(pacer_finished(&pacer, 1003 + 2000));
    assert_int_equal(pacer_deadline(&pacer), 0);
    assert_int_equal(pacer.underruns, 0);
}

static void catches_up_after_a_short_stall(void **state)
{
    begin(0);
    put(100);
    run_until(500);
    unsigned before = next_taken;
    now_ms = 620; /* less than the lead: nobody hears it */
    assert_true(take_due() >= 5);
    assert_true(next_taken > before);
    assert_int_equal(pacer.underruns, 0);
    assert_in_range(worst_late_ms, 100, 120);
    worst_late_ms = 0;
    run_until(1000);
    assert_int_equal(worst_late_ms, 0);
    assert_int_equal(pacer.t0_ms, 0);
}

static void a_long_stall_is_one_underrun_and_moves_the_clock(void **state)
{
    begin(0);
    put(140);
    run_until(500);
    uint64_t sent_ms = pacer.sent * FRAME_MS;
    now_ms = 800; /* 300 ms: the lead is used up */
    assert_int_equal(pacer_played_ms(&pacer, now_ms), sent_ms);
    assert_int_equal(take_due(), LEAD_MS / FRAME_MS);
    assert_int_equal(pacer.underruns, 1);
    assert_int_equal(pacer_played_ms(&pacer, now_ms), sent_ms);
    assert_true(worst_late_ms >= 260);
    worst_late_ms = 0;
    run_until(3000);
    assert_int_equal(worst_late_ms, 0);
    assert_int_equal(pacer.underruns, 1);
}

static void slow_synthesis_counts_each_gap_once(void **state)
{
    begin(0);
    put(10);
    run_until(500); /* 200 ms of audio: dry from 200 on */
    assert_int_equal(pacer_played_ms(&pacer, now_ms), 200);
    assert_int_equal(pacer_unplayed_ms(&pacer, now_ms), 0);
    assert_int_equal(pacer_deadline(&pacer), 0);
    put(20);
    run_until(1500);
    assert_int_equal(pacer.underruns, 1);
    assert_int_equal(pacer.t0_ms, 300);
    put(5);
    run_until(2000);
    assert_int_equal(pacer.underruns, 2);
    assert_int_equal(worst_late_ms, 0); /* the synthesis was late, not we */
    pacer_end(&pacer);
    assert_true(pacer_finished(&pacer, now_ms));
    assert_int_equal(pacer.underruns, 2);
}

static void an_end_that_is_told_late_is_no_underrun(void **state)
{
    begin(0);
    put(10);
    run_until(1000);
    pacer_end(&pacer);
    assert_true(pacer_deadline(&pacer) <= now_ms);
    assert_true(pacer_finished(&pacer, now_ms));
    put(10);
    assert_int_equal(take_due(), 8);
    assert_int_equal(pacer.t0_ms, 1000);
    assert_int_equal(pacer.underruns, 0);
}

static void more_after_the_end_makes_it_longer(void **state)
{
    begin(0);
    put(10);
    pacer_end(&pacer);
    run_until(100);
    put(10);
    run_until(300);
    assert_false(pacer_finished(&pacer, now_ms));
    pacer_end(&pacer);
    run_until(400);
    assert_true(pacer_finished(&pacer, now_ms));
    assert_int_equal(pacer.underruns, 0);
    put(10); /* after the end was played but before anybody asked */
    pacer_end(&pacer);
    run_until(800);
    put(10);
    take_due();
    assert_int_equal(pacer.underruns, 0);
    assert_int_equal(pacer_played_ms(&pacer, now_ms), 200);
}

static void clear_in_the_middle_is_idle(void **state)
{
    begin(0);
    put(50);
    run_until(333);
    assert_int_equal(pacer_played_ms(&pacer, now_ms), 333);
    pacer_clear(&pacer);
    assert_int_equal(pacer_deadline(&pacer), 0);
    assert_int_equal(pacer_played_ms(&pacer, now_ms), 0);
    assert_int_equal(pacer_unplayed_ms(&pacer, now_ms), 0);
    assert_false(pacer_finished(&pacer, 10000));
    assert_int_equal(pacer_free_slots(&pacer), PACER_SLOTS - PACER_KEPT);
    next_taken = next_put;
    put(3);
    pacer_end(&pacer);
    assert_int_equal(take_due(), 3);
    assert_int_equal(pacer.t0_ms, 333);
    assert_true(pacer_finished(&pacer, 333 + 60));
}

static void a_full_ring_says_so_and_changes_nothing(void **state)
{
    uint8_t frame[FRAME_BYTES] = {0};
    begin(0);
    put(PACER_SLOTS - PACER_KEPT);
    assert_int_equal(pacer_put(&pacer, frame, 0), ERR_FULL);
    assert_int_equal(pacer_free_slots(&pacer), 0);
    assert_int_equal(take_due(), 8);
    assert_int_equal(pacer_free_slots(&pacer), 8);
    pacer_end(&pacer);
    run_until(PACER_SLOTS * FRAME_MS);
    assert_int_equal(next_taken, PACER_SLOTS - PACER_KEPT);
}

static void ending_nothing_is_nothing(void **state)
{
    begin(5);
    pacer_end(&pacer);
    assert_int_equal(pacer_deadline(&pacer), 0);
    assert_false(pacer_finished(&pacer, 100));
    put(1);
    assert_true(pacer.expects_more);
    take_due();
    assert_false(pacer_finished(&pacer, 100));
}

/* Random puts, stalls, ends and clears: order, lead and deadlines always hold. */
static void random_walks(void **state)
{
    for (unsigned walk = 1; walk <= 200; walk++) {
        unsigned seed = walk;
        begin((uint64_t)rand_r(&seed) % 1000);
        uint64_t played_ms = 0;
        for (unsigned step = 0; step < 400; step++) {
            unsigned kind = (unsigned)rand_r(&seed) % 20;
            unsigned size = (unsigned)rand_r(&seed) % 30;
            bool was_running = pacer.is_running;
            if (kind < 8 && pacer_free_slots(&pacer) >= size)
                put(size);
            else if (kind == 8)
                pacer_end(&pacer);
            else if (kind == 9) {
                pacer_clear(&pacer);
                next_taken = next_put;
            } else if (kind == 11) {
                next_taken -= pacer_rewind(&pacer, 0, now_ms);
                played_ms = 0; /* the clock moved by less than a frame */
                if (size % 2)
                    pacer_pause(&pacer);
            } else if (kind == 12)
                pacer_resume(&pacer, now_ms);
            else
                now_ms += size * (kind == 10 ? 20 : 3);
            take_due();
            if (!was_running || !pacer.is_running)
                played_ms = 0;
            uint64_t played = pacer_played_ms(&pacer, now_ms);
            uint64_t deadline = pacer_deadline(&pacer);
            if (pacer.is_running && played < played_ms)
                fail_msg("seed %u: played went back", walk);
            if (pacer.count && !pacer.is_paused && deadline <= now_ms)
                fail_msg("seed %u: something due was not handed out", walk);
            played_ms = played;
            if (pacer_finished(&pacer, now_ms))
                played_ms = 0;
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(flows_steadily),
        cmocka_unit_test(says_when_a_frame_is_audible),
        cmocka_unit_test(catches_up_after_a_short_stall),
        cmocka_unit_test(a_long_stall_is_one_underrun_and_moves_the_clock),
        cmocka_unit_test(slow_synthesis_counts_each_gap_once),
        cmocka_unit_test(an_end_that_is_told_late_is_no_underrun),
        cmocka_unit_test(more_after_the_end_makes_it_longer),
        cmocka_unit_test(clear_in_the_middle_is_idle),
        cmocka_unit_test(a_full_ring_says_so_and_changes_nothing),
        cmocka_unit_test(ending_nothing_is_nothing),
        cmocka_unit_test(random_walks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
