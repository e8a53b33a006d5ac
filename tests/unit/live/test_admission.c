/* When a thread calls itself late, on virtual time: each story is a row, a minute of a loop that is held up now and then. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "live/admission.h"

static const struct admission_settings settings = {.late_ms = 20, .late_percent = 10};

/* A thread whose loop comes by in time unless it is held up; `calls` of them speak all the time. */
struct thread {
    struct admission admission;
    uint64_t now_ms;
    unsigned calls;
    unsigned changes; /* of is_late */
};

static void begin(struct thread *thread, uint64_t now_ms)
{
    *thread = (struct thread){.now_ms = now_ms};
    admission_init(&thread->admission, &settings, now_ms);
}

static void tick(struct thread *thread)
{
    bool was_late = thread->admission.is_late;
    admission_tick(&thread->admission, thread->now_ms);
    thread->changes += thread->admission.is_late != was_late;
}

static void run_for(struct thread *thread, unsigned ms)
{
    uint64_t end_ms = thread->now_ms + ms;
    while (admission_deadline(&thread->admission) <= end_ms) {
        thread->now_ms = admission_deadline(&thread->admission);
        tick(thread);
        for (unsigned i = 0; i < thread->calls; i++)
            admission_frame(&thread->admission, 0);
    }
    thread->now_ms = end_ms;
}

/* Frames that were due meanwhile leave after it, with the delay they have. */
static void hold_up_for(struct thread *thread, unsigned ms)
{
    uint64_t due_ms = admission_deadline(&thread->admission);
    thread->now_ms += ms;
    tick(thread);
    for (; due_ms <= thread->now_ms; due_ms += ADMISSION_STEP_MS)
        for (unsigned i = 0; i < thread->calls; i++)
            admission_frame(&thread->admission, thread->now_ms - due_ms);
}

static void stalls_make_a_thread_late_by_their_share(void **state)
{
    static const struct {
        const char *story;
        unsigned held_up_ms; /* each time */
        unsigned between_ms;
        unsigned times;
        bool is_late;
    } rows[] = {
        {"in time", 0, 5000, 10, false},
        {"a tenth of a second, once", 100, 0, 1, false},
        {"a tenth of a second, every five", 100, 4900, 10, false},
        {"two fifths of a second, once", 400, 0, 1, false},
        {"three fifths of a second, once", 600, 0, 1, true},
        {"45 ms of 50, again and again", 45, 5, 200, true},
        {"15 ms of 40: never a whole frame", 15, 25, 200, false},
        {"a tenth of every half second", 100, 400, 10, true},
        {"a tenth of every second", 100, 900, 10, false},
        {"suspended for an hour", 3600000, 0, 1, true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct thread thread;
        begin(&thread, 1000003);
        run_for(&thread, 6000);
        for (unsigned n = 0; n < rows[i].times; n++) {
            if (rows[i].held_up_ms)
                hold_up_for(&thread, rows[i].held_up_ms);
            run_for(&thread, rows[i].between_ms);
        }
        if (thread.admission.is_late != rows[i].is_late)
            fail_msg("%s: %u of a thousand", rows[i].story, thread.admission.late_permille);
    }
}

static void what_is_over_is_forgotten_with_the_window(void **state)
{
    static const unsigned stalls_ms[] = {600, 2000, 10000, 3600000};
    for (size_t i = 0; i < sizeof stalls_ms / sizeof *stalls_ms; i++) {
        struct thread thread;
        begin(&thread, 0);
        run_for(&thread, 6000);
        hold_up_for(&thread, stalls_ms[i]);
        assert_true(thread.admission.is_late);
        run_for(&thread, 5500);
        assert_false(thread.admission.is_late);
        assert_int_equal(thread.admission.late_permille, 0);
        assert_int_equal(thread.changes, 2);
    }
}

/* Between half the limit and the limit, what it was it stays. */
static void shares_around_the_limit_do_not_make_it_flap(void **state)
{
    struct thread thread;
    begin(&thread, 0);
    run_for(&thread, 6000);
    unsigned held_up_ms[] = {80, 60, 100, 60, 80, 100, 60}; /* 6 to 14 % of half a second each */
    for (unsigned n = 0; n < 100; n++) {
        hold_up_for(&thread, held_up_ms[n % 7]);
        run_for(&thread, 500 - held_up_ms[n % 7]);
    }
    assert_in_range(thread.changes, 0, 1);
    bool was_late = thread.admission.is_late;
    for (unsigned n = 0; n < 100; n++) { /* about 7 % */
        hold_up_for(&thread, 60);
        run_for(&thread, 440);
    }
    assert_int_equal(thread.admission.is_late, was_late);
}

/* The loop may come by in time while frames wait behind each other. */
static void late_frames_count_by_themselves(void **state)
{
    struct thread thread;
    begin(&thread, 0);
    run_for(&thread, 6000);
    for (unsigned n = 0; n < ADMISSION_STEPS_MIN - 1; n++)
        admission_frame(&thread.admission, 100);
    run_for(&thread, 20);
    assert_false(thread.admission.is_late); /* too few to mean anything */
    admission_frame(&thread.admission, 100);
    run_for(&thread, 20);
    assert_true(thread.admission.is_late);
    assert_int_equal(admission_frames(&thread.admission).worst_ms, 100);
    assert_int_equal(admission_loop(&thread.admission).worst_ms, 0);
}

static void a_few_late_frames_of_many_do_not_count(void **state)
{
    struct thread thread;
    begin(&thread, 0);
    thread.calls = 100;
    run_for(&thread, 6000);
    hold_up_for(&thread, 200);
    run_for(&thread, 1000);
    assert_false(thread.admission.is_late);
    assert_in_range(thread.admission.late_permille, 30, 45);
    assert_int_equal(admission_loop(&thread.admission).worst_ms, 180);
}

static void a_start_is_not_judged(void **state)
{
    struct thread thread;
    begin(&thread, 0);
    hold_up_for(&thread, 500);
    run_for(&thread, 1400);
    assert_int_equal(thread.changes, 0);
}

static void without_a_limit_nothing_is_late(void **state)
{
    struct thread thread;
    begin(&thread, 0);
    thread.admission.settings.late_percent = 0;
    run_for(&thread, 6000);
    hold_up_for(&thread, 4000);
    assert_false(thread.admission.is_late);
    assert_in_range(thread.admission.late_permille, 800, 950); /* still shown */
}

/* Whatever happens: sums stay within the window, and a thread that is left alone recovers. */
static void random_walks_end_well(void **state)
{
    for (unsigned seed = 1; seed <= 50; seed++) {
        struct thread thread;
        srandom(seed);
        begin(&thread, (uint64_t)random());
        for (unsigned n = 0; n < 400; n++) {
            thread.calls = (unsigned)(random() % 4);
            if (random() % 2)
                hold_up_for(&thread, (unsigned)(random() % (random() % 20 ? 90 : 9000)));
            run_for(&thread, (unsigned)(random() % 300));
            struct admission_steps loop = admission_loop(&thread.admission);
            if (loop.count > 5000 / ADMISSION_STEP_MS + 1 || loop.late > loop.count ||
                admission_deadline(&thread.admission) <= thread.now_ms)
                fail_msg("seed %u step %u: %u of %u", seed, n, loop.late, loop.count);
        }
        run_for(&thread, 5500);
        assert_false(thread.admission.is_late);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stalls_make_a_thread_late_by_their_share),
        cmocka_unit_test(what_is_over_is_forgotten_with_the_window),
        cmocka_unit_test(shares_around_the_limit_do_not_make_it_flap),
        cmocka_unit_test(late_frames_count_by_themselves),
        cmocka_unit_test(a_few_late_frames_of_many_do_not_count),
        cmocka_unit_test(a_start_is_not_judged),
        cmocka_unit_test(without_a_limit_nothing_is_late),
        cmocka_unit_test(random_walks_end_well),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
