/* Ten minutes of sound through everything that touches samples, on virtual time: nothing lost, nothing moved.

   in:  messages of any size, late by up to 150 ms ─► framer ─► G.711 ─► jitter buffer ─► what speech-to-text gets
   out: synthesis in bursts ─► framer ─► pacer ─► line ─► the carrier's play-out */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "media/framer.h"
#include "media/g711.h"
#include "media/gain.h"
#include "media/jitter.h"
#include "media/pacer.h"
#include "sound/stoi.h"

#define SECONDS 600u
#define FRAMES (SECONDS * 50)
#define BYTES ((size_t)FRAMES * FRAME_BYTES)
#define CALM_FRAMES 3000u /* the last minute has no jitter */
#define SPEECH SOURCE_DIR "/tests/golden/01-hours.ulaw"

static uint8_t sent[BYTES];
static unsigned seed;

/* ---- signals ---- */

static void put_sample(size_t at, double value)
{
    int16_t pcm = (int16_t)fmax(-32768, fmin(32767, value));
    g711_to_ulaw(sent + at, &pcm, 1);
}

/* 100 to 3600 Hz in ten seconds, again and again. */
static void sine_sweep(void)
{
    double phase = 0;
    for (size_t i = 0; i < BYTES; i++) {
        phase += 2 * M_PI * 100 * pow(36, (double)(i % 80000) / 80000) / 8000;
        put_sample(i, 10000 * sin(phase));
    }
}

static double uniform(void)
{
    return (double)rand_r(&seed) / RAND_MAX - 0.5;
}

/* Noises that change every 1, 2, 4, … samples, added: equal power in each octave. */
static void pink_noise(void)
{
    double rows[12] = {0};
    for (size_t i = 0; i < BYTES; i++) {
        unsigned row = (unsigned)__builtin_ctzll(i + 1);
        rows[row < 12 ? row : 11] = uniform();
        double sum = uniform();
        for (unsigned n = 0; n < 12; n++)
            sum += rows[n];
        put_sample(i, 5000 * sum);
    }
}

/* A sentence, a second and a half of rest with the hiss of a line. */
static void speech(void)
{
    static uint8_t line[80000];
    FILE *file = fopen(SPEECH, "rb");
    assert_non_null(file);
    size_t len = fread(line, 1, sizeof line, file);
    fclose(file);
    for (size_t i = 0; i < BYTES; i++) {
        size_t at = i % (len + 12000);
        if (at < len)
            sent[i] = line[at];
        else
            put_sample(i, 40 * uniform());
    }
}

static const struct signal {
    const char *name;
    void (*make)(void);
} signals[] = {{"sine sweep", sine_sweep}, {"pink noise", pink_noise}, {"speech", speech}};

/* ---- in ---- */

struct message {
    double arrives_ms;
    uint64_t timestamp_ms;
    size_t at, len;
};

static struct message messages[FRAMES * 2];
static size_t message_count;

struct habits {
    unsigned jitter_ms; /* but for the last minute; order is kept, as TCP keeps it */
    double clock_ppm;   /* of the sender, against ours */
    bool is_odd;        /* messages of other sizes than a frame */
};

static void send_all(struct habits habits)
{
    message_count = 0;
    double before_ms = 0;
    for (size_t at = 0; at < BYTES;) {
        size_t len = habits.is_odd ? 80 + 8 * ((size_t)rand_r(&seed) % 21) : FRAME_BYTES;
        len = len < BYTES - at ? len : BYTES - at;
        double sent_ms = 1000 + (double)(at + len) / 8 * (1 - habits.clock_ppm / 1e6);
        bool is_calm = at >= BYTES - (size_t)CALM_FRAMES * FRAME_BYTES;
        double late_ms = is_calm ? 0 : (uniform() + 0.5) * habits.jitter_ms;
        before_ms = fmax(before_ms, sent_ms + late_ms);
        messages[message_count++] = (struct message){before_ms, at / 8, at, len};
        at += len;
    }
}

static struct jitter jitter;
static int64_t places[FRAMES + 100]; /* of each frame given out: which one it is; -1: made up */
static uint8_t given[(FRAMES + 100) * FRAME_BYTES];
static size_t given_count;

/* As live does with a message (live/inbound.c). */
static void take(struct framer *framer, const struct message *message, uint64_t now_ms)
{
    const uint8_t *data = sent + message->at;
    size_t len = message->len;
    uint64_t before_ms = framer->rest_len / 8;
    uint64_t timestamp_ms =
        message->timestamp_ms - (before_ms < message->timestamp_ms ? before_ms : 0);
    struct frame frame;
    while (framer_next(framer, &data, &len, frame.ulaw)) {
        g711_to_pcm(frame.pcm, frame.ulaw, FRAME_SAMPLES);
        jitter_put(&jitter, &frame, timestamp_ms, now_ms);
        timestamp_ms += FRAME_MS;
    }
}

static void give_due(uint64_t now_ms)
{
    uint64_t due_ms;
    while ((due_ms = jitter_deadline(&jitter)) && now_ms >= due_ms) {
        struct frame frame;
        enum jitter_result result = jitter_get(&jitter, &frame, now_ms);
        if (result == JITTER_EMPTY)
            continue;
        assert_true(given_count < FRAMES + 100);
        g711_to_ulaw(given + given_count * FRAME_BYTES, frame.pcm, FRAME_SAMPLES);
        places[given_count++] = result == JITTER_FRAME ? jitter.next_index - 1 : -1;
    }
}

static void pass_in(struct habits habits)
{
    struct framer framer;
    framer_init(&framer);
    jitter_init(&jitter, 20, 200);
    given_count = 0;
    send_all(habits);
    size_t next = 0;
    uint64_t end_ms = (uint64_t)messages[message_count - 1].arrives_ms;
    for (uint64_t now_ms = 1000; now_ms <= end_ms; now_ms++) {
        for (; next < message_count && messages[next].arrives_ms <= (double)now_ms; next++)
            take(&framer, &messages[next], now_ms);
        give_due(now_ms);
    }
}

/* Every frame that came is accounted for: given out, left out on purpose, late, or still waiting. */
static void expect_all_accounted_for(void)
{
    const struct jitter_stats *stats = &jitter.stats;
    uint64_t waiting = 0;
    for (unsigned i = 0; i < JITTER_SLOTS; i++)
        waiting += jitter.slot_index[i] >= 0;
    uint64_t played = stats->count_out - stats->count_concealed;
    assert_int_equal(stats->count_in, FRAMES);
    assert_int_equal(stats->count_in,
        played + stats->count_skipped + stats->count_late + stats->count_duplicate + waiting);
    assert_int_equal(stats->count_out, given_count);
}

/* How far what is given out lies behind what was sent, in frames, around frame `n` given out. */
static int64_t delay_frames(size_t n)
{
    while (n && places[n] < 0)
        n--;
    return (int64_t)n - places[n];
}

static void nothing_moves_on_a_good_line(void **state)
{
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) {
        seed = 1;
        signals[i].make();
        for (unsigned is_odd = 0; is_odd < 2; is_odd++) {
            pass_in((struct habits){.is_odd = is_odd});
            expect_all_accounted_for();
            assert_int_equal(
                jitter.stats.count_concealed, is_odd ? jitter.stats.count_concealed : 0);
            assert_int_equal(delay_frames(given_count - 1), delay_frames(given_count / 10));
            if (!is_odd) {
                assert_in_range(given_count, FRAMES - 2, FRAMES);
                assert_memory_equal(given, sent, given_count * FRAME_BYTES);
            }
        }
    }
}

/* Mean over stretches of five seconds, each aligned by whole frames: the delay moves by design. */
static double intelligibility(void)
{
    static int16_t clean[40000], heard[40000];
    double sum = 0;
    size_t stretches = 0;
    for (size_t from = 0; from + 250 <= given_count; from += 250) {
        int64_t first = (int64_t)from - delay_frames(from + 125);
        if (first < 0 || first + 250 > (int64_t)FRAMES)
            continue;
        g711_to_pcm(clean, sent + (size_t)first * FRAME_BYTES, 40000);
        g711_to_pcm(heard, given + from * FRAME_BYTES, 40000);
        sum += stoi(clean, heard, 40000);
        stretches++;
    }
    return sum / (double)stretches;
}

static void jitter_is_hidden_and_leaves_no_drift(void **state)
{
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) {
        seed = 3;
        signals[i].make();
        pass_in((struct habits){.jitter_ms = 150});
        expect_all_accounted_for();
        assert_in_range(given_count, FRAMES - 10, FRAMES);
        double quality = intelligibility();
        print_message("%s: STOI %.4f, of %zu frames %llu made up, %llu left out, %llu late\n",
            signals[i].name, quality, given_count, (unsigned long long)jitter.stats.count_concealed,
            (unsigned long long)jitter.stats.count_skipped,
            (unsigned long long)jitter.stats.count_late);
        assert_true(quality >= 0.95);
        assert_in_range(delay_frames(given_count - 1), 0, 10);
    }
    /* In speech there are pauses to shorten the delay in: after a calm minute it is as on a good line. */
    size_t last = given_count - 1;
    int64_t jittery = delay_frames(last - CALM_FRAMES), calm = delay_frames(last);
    print_message("delay with jitter %lld frames, after a calm minute %lld\n", (long long)jittery,
        (long long)calm);
    assert_true(calm < jittery);
    assert_in_range(calm, 0, 2);
}

/* A sender's clock that is off by 100 millionths is off by 60 ms in ten minutes: three frames, and counted. */
static void a_sender_of_another_pace_is_counted(void **state)
{
    static const double clocks_ppm[] = {100, -100};
    seed = 5;
    speech();
    for (size_t i = 0; i < 2; i++) {
        pass_in((struct habits){.clock_ppm = clocks_ppm[i]});
        expect_all_accounted_for();
        int net = (int)jitter.stats.count_skipped - (int)jitter.stats.count_concealed;
        print_message("%+.0f ppm: %llu left out, %llu made up\n", clocks_ppm[i],
            (unsigned long long)jitter.stats.count_skipped,
            (unsigned long long)jitter.stats.count_concealed);
        assert_in_range(abs(net), 1, 5);
        assert_true(clocks_ppm[i] > 0 ? net > 0 : net < 0);
        assert_in_range(delay_frames(given_count - 1) + net, 0, 2);
    }
}

/* ---- out ---- */

struct ear {
    uint64_t first_ms;
    size_t arrived; /* frames */
    size_t played;
};

/* A carrier that begins half a frame after the first arrival, and plays one frame every 20 ms from then on. */
static void ear_step(struct ear *ear, uint64_t now_ms)
{
    uint64_t due = ear->first_ms ? (now_ms - ear->first_ms + FRAME_MS / 2) / FRAME_MS : 0;
    while (ear->played < due && ear->played < FRAMES) {
        assert_true(ear->played < ear->arrived); /* or it runs dry */
        ear->played++;
    }
}

/* Synthesis is up to eight times faster than speech and comes in bursts; the loop is at times up to 120 ms late. */
static void nothing_moves_on_the_way_out(void **state)
{
    static struct pacer pacer;
    static uint8_t waiting[FRAMES * FRAME_BYTES];
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) {
        seed = 7;
        signals[i].make();
        struct gain_table table;
        struct gain gain;
        struct framer framer;
        struct ear ear = {0};
        gain_table_init(&table, -12);
        gain_init(&gain, &table);
        framer_init(&framer);
        pacer_init(&pacer, 160);
        size_t made = 0, put = 0;
        uint64_t busy_until_ms = 0;
        for (uint64_t now_ms = 1000; now_ms < 1000 + (SECONDS + 2) * 1000; now_ms++) {
            ear_step(&ear, now_ms);
            if (now_ms > busy_until_ms && rand_r(&seed) % 2000 == 0)
                busy_until_ms = now_ms + (uint64_t)rand_r(&seed) % 120;
            if (now_ms < busy_until_ms)
                continue;
            if (made < BYTES && made - put < 8000) {
                size_t burst = 2000 + (size_t)rand_r(&seed) % 2000;
                made += burst < BYTES - made ? burst : BYTES - made;
            }
            const uint8_t *data = sent + put;
            size_t len = made - put;
            uint8_t frame[FRAME_BYTES];
            while (pacer_free_slots(&pacer) && framer_next(&framer, &data, &len, frame))
                assert_int_equal(pacer_put(&pacer, frame, now_ms), ERR_OK);
            put = made - len;
            uint64_t late_ms;
            while (pacer_take(&pacer, frame, now_ms, &late_ms)) {
                gain_apply(&gain, frame);
                memcpy(waiting + ear.arrived * FRAME_BYTES, frame, FRAME_BYTES);
                ear.first_ms = ear.arrived++ ? ear.first_ms : now_ms;
            }
        }
        assert_int_equal(ear.played, FRAMES);
        assert_int_equal(pacer.underruns, 0);
        assert_memory_equal(waiting, sent, BYTES);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_moves_on_a_good_line),
        cmocka_unit_test(jitter_is_hidden_and_leaves_no_drift),
        cmocka_unit_test(a_sender_of_another_pace_is_counted),
        cmocka_unit_test(nothing_moves_on_the_way_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
