/* Our own voice on the way back: nobody by itself, and no shield against a caller who talks over it. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "listen.h"
#include "sounds.h"

#define RATE_HZ SOUND_RATE_HZ
#define SAMPLES_MAX (RATE_HZ * 40)
#define NOISE_DBOV (-62.0)

static int16_t played[SAMPLES_MAX], pcm[SAMPLES_MAX];
static size_t count;

static int start_speaking(void **state)
{
    static const char ours[] =
        "Thanks for calling Acme Dental, this is Luna speaking. How can I help you today? I can "
        "book a cleaning, move an appointment, or answer questions about our hours and prices. We "
        "are open on Monday to Friday from eight to five, and on Saturday from nine to one. What "
        "would you like to do? Sure, I have Tuesday at ten thirty, or Thursday at two in the "
        "afternoon. Which one suits you better?";
    if (sounds_start(state))
        return -1;
    count = RATE_HZ;
    count += sound_speak("en-us+f3", ours, -20, played + count, SAMPLES_MAX - 2 * RATE_HZ);
    count += RATE_HZ;
    return 0;
}

struct path {
    double loss_db;
    unsigned delay_ms;
    int is_coloured;
};

static void bring_back(const struct path *path)
{
    unsigned seed = 4;
    memset(pcm, 0, sizeof pcm);
    sound_add_echo(pcm, played, count, path->loss_db, path->delay_ms, path->is_coloured);
    sound_add_white(pcm, count, NOISE_DBOV, &seed);
}

static void our_own_voice_starts_nothing(void **state)
{
    static const double losses_db[] = {15, 18, 22, 26, 32, 40, 60};
    static const unsigned delays_ms[] = {20, 70, 130, 200, 300, 360};
    unsigned unguarded = 0;
    for (unsigned i = 0; i < 7; i++)
        for (unsigned k = 0; k < 6; k++)
            for (int coloured = 0; coloured < 2; coloured++) {
                bring_back(&(struct path){losses_db[i], delays_ms[k], coloured});
                sound_through_telephone(pcm, count);
                unguarded += listen(pcm, count, &vad_defaults).starts;
                struct heard heard = listen_over(pcm, played, count, 0, &vad_defaults);
                if (heard.starts)
                    fail_msg("%u starts by an echo at -%.0f dB after %u ms", heard.starts,
                        losses_db[i], delays_ms[k]);
            }
    assert_true(unguarded > 200); /* or the test proves nothing */
}

/* The line changes: a loudspeaker is switched on, and the echo is 20 dB louder from then on. */
static void a_louder_echo_is_learnt(void **state)
{
    static int16_t twice[2 * SAMPLES_MAX], heard_pcm[2 * SAMPLES_MAX];
    memcpy(twice, played, count * sizeof *played);
    memcpy(twice + count, played, count * sizeof *played);
    memset(heard_pcm, 0, sizeof heard_pcm);
    unsigned seed = 4;
    sound_add_echo(heard_pcm, twice, count, 40, 100, 0);
    sound_add_echo(heard_pcm + count, twice + count, count, 20, 100, 0);
    sound_add_white(heard_pcm, 2 * count, NOISE_DBOV, &seed);
    sound_through_telephone(heard_pcm, 2 * count);
    double change_ms = (double)count / 8;
    struct heard all = listen_over(heard_pcm, twice, 2 * count, 0, &vad_defaults);
    struct heard late = listen_over(heard_pcm, twice, 2 * count, change_ms + 8000, &vad_defaults);
    print_message(
        "20 dB louder: %u starts within 8 s, %u later\n", all.starts - late.starts, late.starts);
    assert_int_equal(late.starts, 0);
}

static const char *const lines[] = {
    "Hello, I would like to book a cleaning.",
    "What are your hours on Saturday?",
    "Five five five, zero one two three.",
    "Yes please.",
    "Monday at ten would be great, thank you very much.",
    "Sam Smith.",
    "Can you repeat that?",
    "No, that does not work for me.",
};
#define LINES (sizeof lines / sizeof *lines)

/* How late the caller's line is noticed, beyond the onset time; −1: never while it lasts. */
static double delay_of(const char *line, size_t at, double speech_dbov, const struct path *path)
{
    static int16_t talk[SAMPLES_MAX];
    memset(talk, 0, sizeof talk);
    size_t length = sound_speak("en-us", line, speech_dbov, talk + at, RATE_HZ * 8);
    size_t onset = at;
    while (sound_level_dbov(talk + onset, 40, 0) < speech_dbov - 22)
        onset += 40;
    bring_back(path);
    sound_add(pcm, talk, count, 0);
    sound_through_telephone(pcm, count);
    struct heard heard = listen_over(pcm, played, count, (double)onset / 8, &vad_defaults);
    if (!heard.starts || heard.first_start_ms > (double)(at + length) / 8)
        return -1;
    return heard.first_start_ms - (double)onset / 8 - vad_defaults.onset_ms;
}

static void a_caller_who_talks_over_us_is_heard(void **state)
{
    static const struct {
        double speech_dbov;
        struct path path;
        double mean_ms; /* limits */
        double worst_ms;
        unsigned missed;
    } rows[] = {
        {-14, {15, 100, 0}, 25, 80, 0},
        {-14, {15, 300, 1}, 25, 80, 0},
        {-20, {90, 0, 0}, 20, 80, 0}, /* no echo */
        {-20, {40, 100, 0}, 20, 80, 0},
        {-20, {30, 100, 1}, 20, 80, 0},
        {-20, {25, 300, 0}, 25, 80, 0},
        {-20, {20, 20, 0}, 30, 80, 0},
        {-20, {20, 200, 1}, 30, 80, 0},
        {-20, {15, 20, 0}, 40, 140, 0},
        {-20, {15, 200, 1}, 50, 140, 0},
        {-26, {40, 100, 0}, 20, 80, 0},
        {-26, {25, 100, 0}, 40, 120, 0},
        {-26, {20, 100, 0}, 60, 140, 0},
        {-26, {15, 100, 1}, 100, 180, 0},
        {-32, {30, 100, 0}, 50, 120, 0},
        {-32, {25, 100, 0}, 70, 160, 0},
        {-32, {20, 100, 0}, 400, 1000,
            0}, /* weaker than our echo's loudest: only its strongest words */
        {-32, {15, 100, 0}, 3000, 3000, 7},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        double sum_ms = 0, worst_ms = 0;
        unsigned missed = 0;
        for (unsigned line = 0; line < LINES; line++) {
            size_t at = RATE_HZ * (3 + 2 * line) + 1111 * line;
            double delay_ms = delay_of(lines[line], at, rows[i].speech_dbov, &rows[i].path);
            missed += delay_ms == -1;
            sum_ms += delay_ms == -1 ? 0 : delay_ms;
            worst_ms = fmax(worst_ms, delay_ms);
        }
        double mean_ms = missed < LINES ? sum_ms / (LINES - missed) : 0;
        print_message("caller %3.0f dBov, echo -%2.0f dB after %3u ms: +%4.0f ms, worst %4.0f, %u "
                      "of %zu missed\n",
            rows[i].speech_dbov, rows[i].path.loss_db, rows[i].path.delay_ms, mean_ms, worst_ms,
            missed, LINES);
        assert_true(mean_ms <= rows[i].mean_ms);
        assert_true(worst_ms <= rows[i].worst_ms);
        assert_true(missed <= rows[i].missed);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(our_own_voice_starts_nothing),
        cmocka_unit_test(a_louder_echo_is_learnt),
        cmocka_unit_test(a_caller_who_talks_over_us_is_heard),
    };
    return cmocka_run_group_tests(tests, start_speaking, sounds_stop);
}
