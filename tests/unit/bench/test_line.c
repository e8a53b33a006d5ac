/* A bad line, frame by frame: what was put in comes out as the faults say, and each of them is counted. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "generator/line.h"

#define FRAME_US 20000
#define FRAMES 2000

/* Always the same numbers for a test. */
static uint64_t dice(void *owner, uint64_t below)
{
    uint64_t *state = owner;
    *state = *state * 6364136223846793005ull + 1442695040888963407ull;
    return below ? (*state >> 33) % below : 0;
}

struct outcome {
    struct line_counts counts;
    unsigned came, twice, out_of_order, most_at_once;
    uint64_t worst_us;
};

static struct outcome run(struct line_faults faults)
{
    struct outcome outcome = {0};
    struct line line = {0};
    struct line_frame frame;
    static bool has_come[FRAMES + 1];
    uint64_t state = 1, newest = 0;
    for (unsigned i = 0; i <= FRAMES; i++)
        has_come[i] = false;
    for (uint64_t chunk = 1; chunk <= FRAMES + LINE_FRAMES; chunk++) {
        uint64_t now_us = chunk * FRAME_US;
        unsigned at_once = 0;
        if (chunk <= FRAMES)
            line_put(&line, &faults, (struct line_frame){.payload = "", .chunk = chunk}, now_us,
                dice, &state, &outcome.counts);
        for (; line_take(&line, now_us, &frame); at_once++) {
            outcome.came++;
            outcome.twice += has_come[frame.chunk];
            outcome.out_of_order += frame.chunk < newest;
            has_come[frame.chunk] = true;
            newest = frame.chunk > newest ? frame.chunk : newest;
            uint64_t late_us = now_us - frame.chunk * FRAME_US;
            outcome.worst_us = late_us > outcome.worst_us ? late_us : outcome.worst_us;
        }
        outcome.most_at_once = at_once > outcome.most_at_once ? at_once : outcome.most_at_once;
    }
    assert_int_equal(line.count, 0);
    return outcome;
}

static void a_good_line_changes_nothing(void **state)
{
    struct outcome outcome = run((struct line_faults){0});
    assert_int_equal(outcome.came, FRAMES);
    assert_int_equal(outcome.worst_us, 0);
    assert_int_equal(outcome.out_of_order, 0);
    assert_false(line_has_faults(&(struct line_faults){0}));
}

static void frames_are_lost_and_come_twice(void **state)
{
    struct outcome lost = run((struct line_faults){.drop_permille = 20});
    assert_in_range(lost.counts.dropped, 20, 60);
    assert_int_equal(lost.came, FRAMES - lost.counts.dropped);
    struct outcome twice = run((struct line_faults){.duplicate_permille = 20});
    assert_in_range(twice.counts.duplicated, 20, 60);
    assert_int_equal(twice.twice, twice.counts.duplicated);
    assert_int_equal(twice.came, FRAMES + twice.counts.duplicated);
}

static void others_overtake(void **state)
{
    struct outcome outcome = run((struct line_faults){.reorder_permille = 20});
    assert_in_range(outcome.counts.reordered, 20, 60);
    assert_int_equal(outcome.came, FRAMES);
    assert_in_range(outcome.out_of_order, outcome.counts.reordered / 2, outcome.counts.reordered);
}

static void late_frames_keep_their_order(void **state)
{
    struct outcome outcome = run((struct line_faults){.jitter_ms = 120});
    assert_in_range(outcome.counts.late, 50, 200);
    assert_int_equal(outcome.came, FRAMES);
    assert_int_equal(outcome.out_of_order, 0);
    assert_in_range(outcome.worst_us, 40000, 140000);
}

static void a_stall_ends_in_a_burst(void **state)
{
    struct outcome outcome = run((struct line_faults){.stall_ms = 400});
    assert_in_range(outcome.counts.stalls, 1, 15);
    assert_int_equal(outcome.came, FRAMES);
    assert_int_equal(outcome.out_of_order, 0);
    assert_in_range(outcome.most_at_once, 20, 22);
    assert_in_range(outcome.worst_us, 400000, 420000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_line_changes_nothing),
        cmocka_unit_test(frames_are_lost_and_come_twice),
        cmocka_unit_test(others_overtake),
        cmocka_unit_test(late_frames_keep_their_order),
        cmocka_unit_test(a_stall_ends_in_a_burst),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
