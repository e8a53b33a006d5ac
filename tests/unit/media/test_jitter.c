/* The inbound buffer as stories on virtual time: arrivals with delay, loss, reorder and jumps. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "media/g711.h"
#include "media/jitter.h"

#define ARRIVALS_MAX 40000
#define OUT_MAX 40000
#define CONCEALED (-1)

struct arrival {
    uint64_t at_ms;
    uint64_t timestamp_ms;
    int number;
};

static struct arrival arrivals[ARRIVALS_MAX];
static unsigned arrival_count;
static int out_numbers[OUT_MAX];
static uint64_t out_times[OUT_MAX];
static unsigned out_count;
static unsigned empties;
static struct jitter jitter;

static void begin(unsigned min_ms, unsigned max_ms)
{
    jitter_init(&jitter, min_ms, max_ms);
    arrival_count = out_count = empties = 0;
}

static void arrive(uint64_t at_ms, uint64_t timestamp_ms, int number)
{
    assert_true(arrival_count < ARRIVALS_MAX);
    arrivals[arrival_count++] = (struct arrival){at_ms, timestamp_ms, number};
}

/* `count` frames in time, from number `first` on. */
static void arrive_steadily(uint64_t at_ms, uint64_t timestamp_ms, int first, int count)
{
    for (int i = 0; i < count; i++)
        arrive(at_ms + (uint64_t)i * FRAME_MS, timestamp_ms + (uint64_t)i * FRAME_MS, first + i);
}

#define DIGIT 40 /* so many quiet codes count */

/* A frame knows its number in its last samples, which blending after a loss leaves alone. */
static struct frame frame_of(int number)
{
    struct frame frame = {0};
    for (unsigned i = 0; i < FRAME_SAMPLES; i++)
        frame.ulaw[i] = (uint8_t)(ULAW_SILENCE - (i * 37) % 10);
    for (unsigned i = 1; i <= 3; i++, number /= DIGIT)
        frame.ulaw[FRAME_SAMPLES - i] = (uint8_t)(ULAW_SILENCE - number % DIGIT);
    g711_to_pcm(frame.pcm, frame.ulaw, FRAME_SAMPLES);
    return frame;
}

static int number_of(const struct frame *frame)
{
    int number = 0;
    for (unsigned i = 3; i >= 1; i--)
        number = number * DIGIT + ULAW_SILENCE - frame->ulaw[FRAME_SAMPLES - i];
    return number;
}

static void get_due(uint64_t now_ms)
{
    uint64_t deadline;
    for (unsigned guard = 0; (deadline = jitter_deadline(&jitter)) && now_ms >= deadline; guard++) {
        struct frame frame;
        assert_true(guard < 200);
        enum jitter_result result = jitter_get(&jitter, &frame, now_ms);
        if (result == JITTER_EMPTY) {
            empties++;
            continue;
        }
        assert_true(out_count < OUT_MAX);
        out_times[out_count] = now_ms;
        out_numbers[out_count++] = result == JITTER_CONCEALED ? CONCEALED : number_of(&frame);
    }
}

static int by_time(const void *a, const void *b)
{
    const struct arrival *x = a, *y = b;
    return x->at_ms < y->at_ms ? -1 : x->at_ms > y->at_ms ? 1 : x < y ? -1 : 1;
}

/* The driver is away in [stall_from, stall_to): arrivals wait for it, as deadlines do. */
static void run(uint64_t until_ms, uint64_t stall_from_ms, uint64_t stall_to_ms, bool timers_first)
{
    qsort(arrivals, arrival_count, sizeof *arrivals, by_time);
    unsigned next = 0;
    for (uint64_t now_ms = 0; now_ms <= until_ms; now_ms++) {
        if (now_ms >= stall_from_ms && now_ms < stall_to_ms)
            continue;
        if (timers_first)
            get_due(now_ms);
        while (next < arrival_count && arrivals[next].at_ms <= now_ms) {
            struct frame frame = frame_of(arrivals[next].number);
            jitter_put(&jitter, &frame, arrivals[next].timestamp_ms, now_ms);
            next++;
        }
        get_due(now_ms);
        if (next == arrival_count && jitter.last_index < jitter.next_index)
            return; /* all is said: no story is about the silence after it */
    }
}

static void run_steadily(uint64_t until_ms)
{
    run(until_ms, 0, 0, true);
}

/* Numbers `from` … `to` in order, each once, with `concealed` made-up ones among all. */
static void expect_all(int from, int to, unsigned concealed)
{
    int wanted = from;
    unsigned made_up = 0;
    for (unsigned i = 0; i < out_count; i++) {
        if (out_numbers[i] == CONCEALED)
            made_up++;
        else
            assert_int_equal(out_numbers[i], wanted++);
    }
    assert_int_equal(wanted, to + 1);
    assert_int_equal(made_up, concealed);
    assert_int_equal(jitter.stats.count_concealed, concealed);
    assert_true(jitter.stats.count_gaps <= concealed && !jitter.stats.count_gaps == !concealed);
}

static void passes_a_steady_stream_through(void **state)
{
    begin(20, 200);
    assert_int_equal(jitter_deadline(&jitter), 0);
    arrive_steadily(1007, 40, 0, 30000); /* ten minutes */
    run_steadily(1007 + 30000 * 20);
    expect_all(0, 29999, 0);
    for (unsigned i = 0; i < out_count; i++)
        assert_int_equal(out_times[i], 1007 + 20 + i * 20);
    assert_int_equal(jitter.depth_ms, 20);
    assert_int_equal(jitter.stats.count_out, 30000);
}

static void conceals_one_lost_frame_once(void **state)
{
    begin(20, 200);
    arrive_steadily(0, 0, 0, 50);
    arrive_steadily(51 * 20, 51 * 20, 51, 49);
    run_steadily(1990);
    assert_int_equal(out_numbers[50], CONCEALED);
    assert_int_equal(out_numbers[51], 51);
    assert_int_equal(jitter.stats.count_concealed, 1);
    assert_int_equal(out_count, 99);
    assert_int_equal(out_times[98], 99 * 20);
}

static void the_fill_of_a_loss_fades_and_is_coded(void **state)
{
    struct frame frame = {0}, out;
    begin(20, 200);
    for (unsigned i = 0; i < FRAME_SAMPLES; i++)
        frame.pcm[i] = (int16_t)(i % 40 < 20 ? 8000 : -8000);
    g711_to_ulaw(frame.ulaw, frame.pcm, FRAME_SAMPLES);
    jitter_put(&jitter, &frame, 0, 0);
    jitter_put(&jitter, &frame, 20, 20);
    assert_int_equal(jitter_get(&jitter, &out, 20), JITTER_FRAME);
    assert_int_equal(jitter_get(&jitter, &out, 40), JITTER_FRAME);
    assert_int_equal(jitter_get(&jitter, &out, 60), JITTER_CONCEALED);
    assert_true(abs(out.pcm[10]) > 2000);
    assert_int_not_equal(out.ulaw[10], 0);
    for (uint64_t now_ms = 80; now_ms < 160; now_ms += 20)
        assert_int_equal(jitter_get(&jitter, &out, now_ms), JITTER_CONCEALED);
    assert_in_range(abs(out.pcm[10]), 0, 1);
    assert_int_equal(jitter_get(&jitter, &out, 161), JITTER_CONCEALED);
    assert_int_equal(jitter_get(&jitter, &out, 179), JITTER_EMPTY); /* not due yet */
}

static void waits_for_a_late_frame_and_returns_to_its_delay(void **state)
{
    begin(20, 200);
    arrive_steadily(0, 0, 0, 50);
    arrive(50 * 20 + 35, 50 * 20, 50);
    arrive(51 * 20 + 15, 51 * 20, 51);
    arrive_steadily(52 * 20, 52 * 20, 52, 200);
    run_steadily(5100);
    assert_int_equal(out_numbers[50], CONCEALED);
    assert_int_equal(out_numbers[51], 50);
    assert_int_equal(jitter.stats.count_late, 0);
    assert_int_equal(jitter.stats.count_concealed, 1);
    assert_int_equal(
        jitter.stats.count_skipped, 1); /* a quiet frame, later: the delay is 20 again */
    assert_int_equal(out_times[out_count - 1], 252 * 20);
    assert_int_equal(out_numbers[out_count - 1], 251);
}

static void counts_late_and_duplicate_frames(void **state)
{
    begin(20, 20);
    arrive_steadily(0, 0, 0, 10);
    arrive(45, 40, 2);
    arrive(205, 220, 11);
    arrive(245, 200, 10);
    arrive(246, 240, 12);
    run_steadily(270);
    assert_int_equal(jitter.stats.count_duplicate, 1);
    assert_int_equal(jitter.stats.count_late, 1);
    assert_int_equal(jitter.stats.count_in, 14);
    assert_int_equal(out_numbers[10], CONCEALED);
    assert_int_equal(out_numbers[11], 11);
}

static void puts_reordered_frames_in_order(void **state)
{
    begin(60, 200);
    for (int i = 0; i < 100; i++) {
        int number = i ^ 1;
        arrive((uint64_t)i * 20, (uint64_t)number * 20, number);
    }
    run_steadily(1940);
    for (unsigned i = 1; i < out_count; i++)
        assert_true(out_numbers[i] > out_numbers[i - 1]);
    assert_int_equal(jitter.stats.count_late, 1); /* frame 0, behind frame 1 which came first */
    assert_int_equal(jitter.stats.count_concealed, 0);
}

static void a_silent_sender_is_not_concealed_for_long(void **state)
{
    begin(20, 200);
    arrive_steadily(0, 0, 0, 50);
    arrive_steadily(6000, 6000, 50, 50); /* five seconds of nothing */
    run_steadily(6000 + 1020);
    expect_all(0, 99, 10);
    assert_int_equal(out_times[60], 6000 + 20);
    assert_int_equal(jitter.stats.count_resyncs, 0);
}

static void a_pause_without_time_passing_is_the_same(void **state)
{
    begin(20, 200);
    arrive_steadily(0, 0, 0, 50);
    arrive_steadily(6000, 1000, 50, 50); /* the sender's clock stood still */
    run_steadily(6000 + 1020);
    expect_all(0, 99, 10);
    assert_int_equal(out_times[60], 6000 + 20);
}

static void jumps_of_the_senders_clock_are_not_gaps(void **state)
{
    static const uint64_t timestamps[] = {0, 500, 3000, 60000, 100000000, 990};
    for (size_t i = 0; i < sizeof timestamps / sizeof *timestamps; i++) {
        begin(20, 200);
        arrive_steadily(0, 10000, 0, 50);
        arrive_steadily(1000, timestamps[i] + (timestamps[i] > 10000 ? 10000 : 0), 50, 50);
        run_steadily(2000);
        expect_all(0, 99, 0);
        assert_int_equal(jitter.stats.count_resyncs, 1);
        assert_int_equal(out_times[99], 100 * 20);
    }
}

static void a_small_step_back_is_believed_after_a_few_frames(void **state)
{
    begin(20, 200);
    arrive_steadily(0, 10000, 0, 50);
    arrive_steadily(1000, 10700, 50, 100); /* 300 ms back */
    run_steadily(3000);
    assert_int_equal(jitter.stats.count_duplicate, 5); /* of what its clock had told before */
    assert_true(jitter.stats.count_concealed <= 6);
    assert_int_equal(out_numbers[out_count - 1], 149);
}

static void a_stall_of_ours_loses_nothing(void **state)
{
    for (int timers_first = 0; timers_first <= 1; timers_first++)
        for (uint64_t stall_ms = 30; stall_ms <= 560; stall_ms += 10) {
            begin(20, 200);
            arrive_steadily(3, 0, 0, 200);
            run(4023, 1000, 1000 + stall_ms, timers_first);
            /* The last deadline missed may be too near to be told from a loss. */
            assert_true(jitter.stats.count_concealed <= (unsigned)timers_first);
            assert_int_equal(jitter.stats.count_late, 0);
            assert_int_equal(jitter.depth_ms, 20);
            assert_int_equal(out_times[out_count - 1], 3 + 200 * 20);
            if (!jitter.stats.count_concealed)
                expect_all(0, 199, 0);
        }
}

static void a_very_long_stall_drops_the_oldest(void **state)
{
    begin(20, 200);
    arrive_steadily(3, 0, 0, 300);
    run(6100, 1000, 3000, false);
    assert_int_equal(out_numbers[out_count - 1], 299);
    assert_true(jitter.stats.count_skipped > 0);
    assert_int_equal(jitter.stats.count_skipped + out_count - jitter.stats.count_concealed, 300);
}

static void a_burst_after_a_network_stall_loses_nothing(void **state)
{
    for (uint64_t stall_ms = 40; stall_ms <= 500; stall_ms += 20) {
        begin(20, 200);
        for (int i = 0; i < 300; i++) {
            uint64_t at_ms = (uint64_t)i * 20;
            bool is_held = at_ms >= 1000 && at_ms < 1000 + stall_ms;
            arrive(is_held ? 1000 + stall_ms : at_ms, at_ms, i);
        }
        run_steadily(6500);
        assert_int_equal(jitter.stats.count_late, 0);
        assert_true(jitter.stats.count_concealed <= 10);
        int last = -1;
        for (unsigned i = 0; i < out_count; i++)
            if (out_numbers[i] != CONCEALED) {
                assert_true(out_numbers[i] > last);
                last = out_numbers[i];
            }
        assert_int_equal(last, 299);
        uint64_t in_flight = out_count + jitter.stats.count_skipped - jitter.stats.count_concealed;
        assert_int_equal(in_flight, 300);
        assert_true(out_times[out_count - 1] <= 299 * 20 + 200 + 20);
    }
}

static void depth_follows_jitter_and_forgets_it(void **state)
{
    begin(20, 200);
    unsigned seed = 3;
    arrive_steadily(0, 0, 0, 100);
    for (int i = 100; i < 1100; i++)
        arrive((uint64_t)i * 20 + (uint64_t)rand_r(&seed) % 80, (uint64_t)i * 20, i);
    run_steadily(22000);
    unsigned noisy_depth_ms = jitter.depth_ms;
    assert_in_range(noisy_depth_ms, 40, 120);
    uint64_t concealed = jitter.stats.count_concealed;
    if (getenv("JITTER_VERBOSE"))
        printf("depth %u ms, concealed %lu, late %lu, skipped %lu of 1000\n", jitter.depth_ms,
            (unsigned long)concealed, (unsigned long)jitter.stats.count_late,
            (unsigned long)jitter.stats.count_skipped);
    assert_true(concealed < 60);
}

static void depth_is_short_again_when_the_network_is_calm(void **state)
{
    begin(20, 200);
    unsigned seed = 3;
    for (int i = 0; i < 500; i++)
        arrive((uint64_t)i * 20 + (uint64_t)rand_r(&seed) % 80, (uint64_t)i * 20, i);
    arrive_steadily(500 * 20, 500 * 20, 500, 1000);
    run_steadily(1500 * 20 + 100);
    assert_int_equal(jitter.depth_ms, 20);
    assert_true(out_times[out_count - 1] - 1499 * 20 <= 40);
}

static void clocks_that_drift_apart_are_followed(void **state)
{
    for (int sign = -1; sign <= 1; sign += 2) {
        begin(20, 200);
        for (int i = 0; i < 30000; i++) /* 200 ppm, ten minutes: 120 ms */
            arrive(1000 + (uint64_t)(i * 20.0 * (1 + sign * 200e-6)), (uint64_t)i * 20, i);
        run_steadily(1000 + 30000 * 20 + 500);
        assert_int_equal(jitter.stats.count_late, 0);
        assert_in_range(jitter.stats.count_concealed + jitter.stats.count_skipped, 4, 18);
        assert_int_equal(jitter.stats.count_resyncs, 0);
    }
}

/* Any arrivals: frames come out in order, each at most once, and everything is accounted for. */
static void random_walks(void **state)
{
    for (unsigned walk = 1; walk <= 60; walk++) {
        unsigned seed = walk;
        unsigned spread_ms = (unsigned)rand_r(&seed) % 250, loss = (unsigned)rand_r(&seed) % 20;
        begin(20 + (unsigned)rand_r(&seed) % 100, 200);
        uint64_t timestamp_ms = (uint64_t)rand_r(&seed) % 5000, pause_ms = 0, put = 0;
        for (int i = 0; i < 1000; i++) {
            if (rand_r(&seed) % 200 == 0)
                timestamp_ms = (uint64_t)rand_r(&seed) % 100000;
            if (rand_r(&seed) % 200 == 0)
                pause_ms += (uint64_t)rand_r(&seed) % 2000;
            uint64_t at_ms =
                (uint64_t)i * 20 + pause_ms + (uint64_t)rand_r(&seed) % (spread_ms + 1);
            if ((unsigned)rand_r(&seed) % 100 >= loss) {
                arrive(at_ms, timestamp_ms, i);
                put++;
            }
            timestamp_ms += FRAME_MS;
        }
        uint64_t stall_ms = (uint64_t)rand_r(&seed) % 700;
        run(arrivals[arrival_count - 1].at_ms + 3000, 5000, 5000 + stall_ms, walk % 2);
        const struct jitter_stats *stats = &jitter.stats;
        uint64_t accounted = stats->count_out - stats->count_concealed + stats->count_late +
                             stats->count_duplicate + stats->count_skipped;
        if (stats->count_in != put || accounted != put || stats->count_out != out_count)
            fail_msg("seed %u: in %lu accounted %lu", walk, (unsigned long)put,
                (unsigned long)accounted);
        unsigned in_a_row = 0;
        for (unsigned i = 0; i < out_count; i++) {
            in_a_row = out_numbers[i] == CONCEALED ? in_a_row + 1 : 0;
            if (in_a_row > 10)
                fail_msg("seed %u: %u concealed in a row", walk, in_a_row);
        }
        bool seen[1000] = {false};
        for (unsigned i = 0; i < out_count; i++) {
            if (out_numbers[i] == CONCEALED)
                continue;
            if (seen[out_numbers[i]])
                fail_msg("seed %u: frame %d came out twice", walk, out_numbers[i]);
            seen[out_numbers[i]] = true;
        }
    }
}

/* ---- each fault has a name, and only that ---- */

struct fault {
    const char *name;
    int from, count;         /* frames it befalls */
    uint64_t late_ms;        /* they come so much later */
    bool is_lost, is_double; /* they do not come; each comes twice */
    int step_ms;             /* the sender's clock, from the first of them on */
    struct jitter_stats expected;
};

static const struct fault faults[] = {
    {"nothing", 0, 0, .expected = {0}},
    {"lost, one", 50, 1, .is_lost = true,
        .expected = {.count_gaps = 1, .count_concealed = 1, .count_lost = 1}},
    {"lost, four", 50, 4, .is_lost = true,
        .expected = {.count_gaps = 1, .count_concealed = 4, .count_lost = 4}},
    {"twice", 50, 3, .is_double = true, .expected = {.count_duplicate = 3}},
    {"twice, the second time after its turn", 50, 1, .late_ms = 90, .is_double = true,
        .expected = {.count_duplicate = 1}},
    {"behind the next one, in time", 50, 1, .late_ms = 25, .expected = {.count_reordered = 1}},
    {"after its turn", 50, 1, .late_ms = 130,
        .expected = {.count_gaps = 1, .count_concealed = 1, .count_late = 1}},
    {"the sender's clock jumps", 50, 1, .step_ms = 60000, .expected = {.count_resyncs = 1}},
};

static void arrive_with(const struct fault *fault)
{
    for (int i = 0; i < 200; i++) {
        bool is_hit = i >= fault->from && i < fault->from + fault->count;
        uint64_t at_ms = (uint64_t)i * 20;
        uint64_t timestamp_ms = at_ms + (uint64_t)(i >= fault->from ? fault->step_ms : 0);
        if (!is_hit || fault->is_double)
            arrive(at_ms, timestamp_ms, i);
        if (is_hit && !fault->is_lost)
            arrive(at_ms + fault->late_ms, timestamp_ms, i);
    }
}

static void each_fault_has_its_own_name(void **state)
{
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
        struct jitter_stats expected = faults[i].expected;
        begin(60, 60);
        arrive_with(&faults[i]);
        run_steadily(4000);
        jitter_end(&jitter);
        expected.count_in = arrival_count;
        expected.count_out = jitter.stats.count_out;
        if (memcmp(&expected, &jitter.stats, sizeof expected) != 0)
            fail_msg("%s: late %u twice %u gaps %u concealed %u skipped %u resyncs %u reordered %u "
                     "lost %u",
                faults[i].name, (unsigned)jitter.stats.count_late,
                (unsigned)jitter.stats.count_duplicate, (unsigned)jitter.stats.count_gaps,
                (unsigned)jitter.stats.count_concealed, (unsigned)jitter.stats.count_skipped,
                (unsigned)jitter.stats.count_resyncs, (unsigned)jitter.stats.count_reordered,
                (unsigned)jitter.stats.count_lost);
    }
}

static void what_is_missing_at_the_end_is_lost(void **state)
{
    begin(20, 20);
    arrive_steadily(0, 0, 0, 10);
    arrive_steadily(240, 240, 12, 3);
    run_steadily(320);
    assert_int_equal(jitter.stats.count_lost, 0); /* they may come yet */
    jitter_end(&jitter);
    assert_int_equal(jitter.stats.count_lost, 2);
    jitter_end(&jitter);
    assert_int_equal(jitter.stats.count_lost, 2);
}

/* A minute by a clock that is a thousandth too slow is 60 ms longer for us. */
static void a_senders_clock_that_is_wrong_drifts(void **state)
{
    static const struct {
        int per_mille;
        double expected_ms;
    } clocks[] = {{0, 0}, {1, 59}, {-1, -59}};
    for (size_t i = 0; i < sizeof clocks / sizeof *clocks; i++) {
        begin(20, 200);
        for (uint64_t n = 0; n < 3000; n++)
            arrive(10 + n * 20 + (uint64_t)((int64_t)n * 20 * clocks[i].per_mille / 1000 + 60),
                n * 20, (int)n);
        run_steadily(60200);
        double drift_ms = jitter_drift_ms(&jitter);
        if (fabs(drift_ms - clocks[i].expected_ms) > 3)
            fail_msg("%d per mille: %.1f ms", clocks[i].per_mille, drift_ms);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_fault_has_its_own_name),
        cmocka_unit_test(what_is_missing_at_the_end_is_lost),
        cmocka_unit_test(a_senders_clock_that_is_wrong_drifts),
        cmocka_unit_test(passes_a_steady_stream_through),
        cmocka_unit_test(conceals_one_lost_frame_once),
        cmocka_unit_test(the_fill_of_a_loss_fades_and_is_coded),
        cmocka_unit_test(waits_for_a_late_frame_and_returns_to_its_delay),
        cmocka_unit_test(counts_late_and_duplicate_frames),
        cmocka_unit_test(puts_reordered_frames_in_order),
        cmocka_unit_test(a_silent_sender_is_not_concealed_for_long),
        cmocka_unit_test(a_pause_without_time_passing_is_the_same),
        cmocka_unit_test(jumps_of_the_senders_clock_are_not_gaps),
        cmocka_unit_test(a_small_step_back_is_believed_after_a_few_frames),
        cmocka_unit_test(a_stall_of_ours_loses_nothing),
        cmocka_unit_test(a_very_long_stall_drops_the_oldest),
        cmocka_unit_test(a_burst_after_a_network_stall_loses_nothing),
        cmocka_unit_test(depth_follows_jitter_and_forgets_it),
        cmocka_unit_test(depth_is_short_again_when_the_network_is_calm),
        cmocka_unit_test(clocks_that_drift_apart_are_followed),
        cmocka_unit_test(random_walks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
