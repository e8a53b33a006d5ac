/* A change of level in the middle of an utterance, as the caller hears it: the pacer on one side of a line, the carrier's
   play-out buffer on the other. Every frame must be played once, in order, whatever the delay of the line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "media/g711.h"
#include "media/gain.h"
#include "media/pacer.h"

#define LEAD_MS 160
#define FRAMES 140 /* what fits the pacer at once */
#define LETTERS 8192
#define CLEAR UINT32_MAX

struct letter {
    uint64_t arrives_ms;
    uint32_t frame; /* or CLEAR */
};

static struct pacer pacer;
static struct letter line[LETTERS]; /* in order of arrival */
static unsigned sent, arrived;
static uint32_t delay_ms, jitter_ms;
static unsigned seed;

/* The carrier. */
static uint32_t buffer[FRAMES];
static unsigned buffered;
static bool is_playing;
static uint32_t playing;
static uint64_t ends_ms;
static unsigned whole[FRAMES]; /* times a frame was played to its end */
static unsigned gaps;          /* moments of silence after the first frame */
static uint64_t cut_ms;        /* played of frames that a clear cut off */

static void send_letter(uint64_t now_ms, uint32_t frame)
{
    assert_true(sent < LETTERS);
    uint64_t arrives_ms = now_ms + delay_ms + (jitter_ms ? (uint64_t)rand_r(&seed) % jitter_ms : 0);
    if (sent && arrives_ms < line[sent - 1].arrives_ms)
        arrives_ms = line[sent - 1].arrives_ms; /* TCP keeps the order */
    line[sent++] = (struct letter){arrives_ms, frame};
}

static void carrier_step(uint64_t now_ms)
{
    if (is_playing && now_ms >= ends_ms) {
        whole[playing]++;
        is_playing = false;
    }
    for (; arrived < sent && line[arrived].arrives_ms <= now_ms; arrived++) {
        if (line[arrived].frame != CLEAR) {
            buffer[buffered++] = line[arrived].frame;
            continue;
        }
        if (is_playing)
            cut_ms += FRAME_MS - (ends_ms - now_ms);
        is_playing = false;
        buffered = 0;
    }
    if (is_playing)
        return;
    if (!buffered) {
        gaps += whole[0] && !whole[FRAMES - 1];
        return;
    }
    is_playing = true;
    playing = buffer[0];
    ends_ms = now_ms + FRAME_MS;
    memmove(buffer, buffer + 1, --buffered * sizeof *buffer);
}

static void sender_step(uint64_t now_ms)
{
    uint8_t frame[FRAME_BYTES];
    uint64_t late_ms;
    while (pacer_take(&pacer, frame, now_ms, &late_ms)) {
        uint32_t number;
        memcpy(&number, frame, sizeof number);
        send_letter(now_ms, number);
    }
}

static void begin(uint32_t line_delay_ms, uint32_t line_jitter_ms)
{
    delay_ms = line_delay_ms;
    jitter_ms = line_jitter_ms;
    sent = arrived = buffered = gaps = 0;
    cut_ms = 0;
    is_playing = false;
    memset(whole, 0, sizeof whole);
    pacer_init(&pacer, LEAD_MS);
    for (uint32_t i = 0; i < FRAMES; i++) {
        uint8_t frame[FRAME_BYTES] = {0};
        memcpy(frame, &i, sizeof i);
        assert_int_equal(pacer_put(&pacer, frame, 1000), ERR_OK);
    }
    pacer_end(&pacer);
}

/* Splices at random moments, as often as `count`: a change of level, or a pause of `pause_ms`. */
static void play_with_splices(unsigned count, uint64_t pause_ms)
{
    uint64_t splice_ms = 0, resume_ms = 0;
    const unsigned count_all = count;
    uint64_t next_ms = 1000 + (uint64_t)rand_r(&seed) % 700;
    for (uint64_t now_ms = 1000; now_ms < 2000 + FRAMES * FRAME_MS + count_all * pause_ms;
         now_ms++) {
        if (resume_ms && now_ms >= resume_ms) {
            pacer_resume(&pacer, now_ms);
            resume_ms = 0;
        }
        if (count && now_ms >= next_ms) {
            splice_ms = pacer_boundary_ms(&pacer, now_ms);
            next_ms = now_ms + 100 + pause_ms + (uint64_t)rand_r(&seed) % 600;
            count--;
        }
        if (splice_ms && now_ms >= splice_ms) {
            if (pacer_rewind(&pacer, 0, now_ms))
                send_letter(now_ms, CLEAR);
            if (pause_ms && pacer.is_running) {
                pacer_pause(&pacer);
                resume_ms = now_ms + pause_ms;
            }
            splice_ms = 0;
        }
        sender_step(now_ms);
        carrier_step(now_ms);
    }
}

static void every_frame_is_played_once(void **state)
{
    static const uint32_t delays_ms[] = {0, 40, 80};
    for (unsigned i = 0; i < sizeof delays_ms / sizeof *delays_ms; i++) {
        for (seed = 1; seed <= 40;) {
            unsigned story = seed;
            begin(delays_ms[i], 0);
            play_with_splices(10, 0);
            for (unsigned frame = 0; frame < FRAMES; frame++)
                if (whole[frame] != 1)
                    fail_msg("delay %u ms, story %u: frame %u was played %u times", delays_ms[i],
                        story, frame, whole[frame]);
            assert_int_equal(cut_ms, 0);
            assert_int_equal(gaps, 0);
            assert_int_equal(pacer.underruns, 0);
            seed = story + 1;
        }
    }
}

/* With jitter the carrier is where we think it is but for the jitter: two frames at most, once a splice. */
static void expect_two_frames_at_most(uint64_t pause_ms)
{
    for (unsigned story = 1; story <= 100; story++) {
        seed = story;
        begin(40, 30);
        play_with_splices(1, pause_ms);
        unsigned wrong = 0;
        for (unsigned frame = 0; frame < FRAMES; frame++)
            wrong += whole[frame] != 1;
        if (wrong > 2)
            fail_msg("story %u: %u frames lost or doubled", story, wrong);
    }
}

static void jitter_costs_two_frames_at_most(void **state)
{
    expect_two_frames_at_most(0);
    expect_two_frames_at_most(700);
}

/* Each pause is one gap, and nothing is lost in it. */
static void a_pause_goes_on_at_the_exact_frame(void **state)
{
    static const uint32_t delays_ms[] = {0, 40, 80};
    for (unsigned i = 0; i < sizeof delays_ms / sizeof *delays_ms; i++) {
        for (unsigned story = 1; story <= 40; story++) {
            seed = story;
            begin(delays_ms[i], 0);
            play_with_splices(3, 700);
            for (unsigned frame = 0; frame < FRAMES; frame++)
                if (whole[frame] != 1)
                    fail_msg("delay %u ms, story %u: frame %u was played %u times", delays_ms[i],
                        story, frame, whole[frame]);
            assert_int_equal(cut_ms, 0);
            assert_in_range(gaps, 1, 3 * 700); /* milliseconds */
            assert_int_equal(pacer.underruns, 0);
        }
    }
}

/* Where the carrier is behind our clock, as marks tell, what it holds is more. */
static void a_lag_takes_back_more(void **state)
{
    begin(0, 0);
    for (uint64_t now_ms = 1000; now_ms <= 1400; now_ms += 20)
        sender_step(now_ms);
    struct pacer same = pacer;
    unsigned without = pacer_rewind(&pacer, 0, 1400);
    assert_int_equal(pacer_rewind(&same, 100, 1400), without + 5);
}

static void nothing_to_rewind(void **state)
{
    pacer_init(&pacer, LEAD_MS);
    assert_int_equal(pacer_rewind(&pacer, 0, 1000), 0);
    assert_int_equal(pacer_boundary_ms(&pacer, 1000), 1000);
    begin(0, 0);
    assert_int_equal(pacer_rewind(&pacer, 0, 1000), 0); /* nothing was sent */
    sender_step(1000);
    assert_int_equal(pacer_rewind(&pacer, 0, 1000), LEAD_MS / FRAME_MS);
    sender_step(1000);
    assert_int_equal(pacer.sent, LEAD_MS / FRAME_MS);
    assert_int_equal(pacer_boundary_ms(&pacer, 1001), 1020);
    assert_int_equal(pacer_boundary_ms(&pacer, 1020), 1020);
}

/* ---- the level ---- */

static int16_t pcm_of(uint8_t code)
{
    int16_t pcm;
    g711_to_pcm(&pcm, &code, 1);
    return pcm;
}

static void full_level_touches_nothing(void **state)
{
    struct gain_table table;
    struct gain gain;
    gain_table_init(&table, -12);
    gain_init(&gain, &table);
    uint8_t frame[FRAME_BYTES];
    for (unsigned i = 0; i < 256; i++) {
        memset(frame, (int)i, sizeof frame);
        gain_apply(&gain, frame);
        for (unsigned at = 0; at < FRAME_BYTES; at++)
            assert_int_equal(frame[at], i);
    }
}

static void the_table_is_a_quarter(void **state)
{
    struct gain_table table;
    gain_table_init(&table, -12);
    for (unsigned code = 0; code < 256; code++) {
        int16_t full = pcm_of((uint8_t)code);
        int16_t low = pcm_of(table.map[code]);
        int wanted = (int)(full * 0.2512);
        int step = abs(wanted) / 16 + 8; /* of µ-law at this level */
        assert_in_range(low + 40000, wanted - step + 40000, wanted + step + 40000);
    }
}

static void levels_change_without_a_click(void **state)
{
    struct gain_table table;
    struct gain gain;
    gain_table_init(&table, -12);
    gain_init(&gain, &table);
    uint8_t loud;
    int16_t pcm = 16000;
    g711_to_ulaw(&loud, &pcm, 1);
    int before = pcm_of(loud), lowest = before;
    for (unsigned n = 0; n < 12; n++) {
        uint8_t frame[FRAME_BYTES];
        memset(frame, loud, sizeof frame);
        if (n == 2 || n == 6)
            gain_set(&gain, n == 2);
        gain_apply(&gain, frame);
        for (unsigned at = 0; at < FRAME_BYTES; at++) {
            int now = pcm_of(frame[at]);
            assert_true(abs(now - before) <= 1024); /* one step of µ-law at full level */
            lowest = now < lowest ? now : lowest;
            before = now;
        }
    }
    assert_int_equal(lowest, pcm_of(table.map[loud]));
    assert_int_equal(before, pcm_of(loud));
}

static void turning_back_in_the_ramp_goes_on_from_there(void **state)
{
    struct gain_table table;
    struct gain gain;
    gain_table_init(&table, -12);
    gain_init(&gain, &table);
    gain_set(&gain, true);
    gain.ramped = 16;
    gain_set(&gain, false);
    assert_int_equal(gain.ramped, GAIN_RAMP_SAMPLES - 16);
    gain_set(&gain, false);
    assert_int_equal(gain.ramped, GAIN_RAMP_SAMPLES - 16);
    gain_reset(&gain);
    assert_int_equal(gain.ramped, GAIN_RAMP_SAMPLES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_frame_is_played_once),
        cmocka_unit_test(jitter_costs_two_frames_at_most),
        cmocka_unit_test(a_pause_goes_on_at_the_exact_frame),
        cmocka_unit_test(a_lag_takes_back_more),
        cmocka_unit_test(nothing_to_rewind),
        cmocka_unit_test(full_level_touches_nothing),
        cmocka_unit_test(the_table_is_a_quarter),
        cmocka_unit_test(levels_change_without_a_click),
        cmocka_unit_test(turning_back_in_the_ramp_goes_on_from_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
