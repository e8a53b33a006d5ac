/* What the bench's far end counts, on exact times. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "generator/playout.h"

#define MS 1000ull
#define FRAME_US (20 * MS)

static struct playout playout;

static struct arrival arrive(uint64_t at_ms)
{
    return playout_media(&playout, at_ms * MS, FRAME_US);
}

static int reset(void **state)
{
    playout = (struct playout){0};
    return 0;
}

static void test_steady(void **state)
{
    assert_true(arrive(1000).is_new);
    for (unsigned i = 1; i < 500; i++) {
        struct arrival arrival = arrive(1000 + i * 20);
        assert_false(arrival.is_new || arrival.is_underrun);
        assert_int_equal(arrival.late_us, 0);
        assert_int_equal(arrival.off_pace_us, 0);
    }
    assert_int_equal(playout.underruns, 0);
    assert_int_equal(playout.ends_us, (1000 + 40 + 500 * 20) * MS);
}

static void test_lateness_within_prebuffer(void **state)
{
    arrive(1000);
    struct arrival arrival = arrive(1059); /* 39 ms past the grid, 1 ms before the buffer is dry */
    assert_false(arrival.is_underrun);
    assert_int_equal(arrival.late_us, 39 * MS);
    assert_int_equal(arrive(1040).late_us, 0);
}

static void test_dry_buffer_is_one_underrun(void **state)
{
    arrive(1000);
    struct arrival arrival = arrive(1061);
    assert_true(arrival.is_underrun);
    assert_int_equal(arrival.late_us, 41 * MS);
    arrival = arrive(1081); /* the grid moved with it */
    assert_false(arrival.is_underrun);
    assert_int_equal(arrival.late_us, 0);
    assert_int_equal(playout.underruns, 1);
}

/* A sender with a lead: its own pace shows what the play-out buffer hides. */
static void test_off_pace_behind_a_lead(void **state)
{
    for (unsigned i = 0; i < 8; i++)
        assert_int_equal(arrive(1000).off_pace_us, 0);
    assert_int_equal(arrive(1020).off_pace_us, 0);
    playout = (struct playout){0};
    for (unsigned i = 0; i < 9; i++)
        arrive(1000);
    struct arrival arrival = arrive(1027);
    assert_int_equal(arrival.off_pace_us, 7 * MS);
    assert_int_equal(arrival.late_us, 0);
}

static void test_new_utterances(void **state)
{
    arrive(1000);
    playout_end(&playout); /* a mark was reached, or a clear came */
    struct arrival arrival = arrive(1500);
    assert_true(arrival.is_new);
    assert_false(arrival.is_underrun);
    assert_true(arrive(3000).is_new); /* more than a second of quiet */
    assert_int_equal(playout.underruns, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_steady, reset),
        cmocka_unit_test_setup(test_lateness_within_prebuffer, reset),
        cmocka_unit_test_setup(test_dry_buffer_is_one_underrun, reset),
        cmocka_unit_test_setup(test_off_pace_behind_a_lead, reset),
        cmocka_unit_test_setup(test_new_utterances, reset),
    };
    return cmocka_run_group_tests_name("bench_playout", tests, NULL, NULL);
}
