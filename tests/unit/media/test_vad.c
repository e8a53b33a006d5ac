/* Voice activity on synthetic speech as a telephone carries it: 8 kHz, µ-law, at several levels, noise around it. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "listen.h"
#include "sounds.h"

#define RATE_HZ SOUND_RATE_HZ
#define LINE_SAMPLES_MAX (RATE_HZ * 10)
#define LEAD_SAMPLES (RATE_HZ * 5) /* the line without its caller: its noise is known then */
#define TAIL_SAMPLES (RATE_HZ * 2)
#define BLOCK 40 /* 5 ms: how finely the truth is known */
#define TRUTH_DBOV (-20.0)
#define AUDIBLE_DBOV (-42.0) /* of a line at TRUTH_DBOV: there is sound */

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

enum noise { NO_NOISE, WHITE, PINK, BABBLE };

static void add_noise(
    int16_t *pcm, size_t count, enum noise kind, double level_dbov, unsigned *seed)
{
    switch (kind) {
    case NO_NOISE:
        break;
    case WHITE:
        sound_add_white(pcm, count, level_dbov, seed);
        break;
    case PINK:
        sound_add_pink(pcm, count, level_dbov, seed);
        break;
    case BABBLE:
        sound_add_babble(pcm, count, level_dbov);
        break;
    }
}

/* Where the clean line begins and ends to sound. */
static void find_truth(const int16_t *pcm, size_t count, double *onset_ms, double *end_ms)
{
    *onset_ms = *end_ms = -1;
    for (size_t at = 0; at + BLOCK <= count; at += BLOCK)
        if (sound_level_dbov(pcm + at, BLOCK, 0) > AUDIBLE_DBOV) {
            if (*onset_ms < 0)
                *onset_ms = (double)at / 8;
            *end_ms = (double)(at + BLOCK) / 8;
        }
}

struct row {
    double speech_dbov;
    enum noise kind;
    double noise_dbov;
    double mean_start_ms; /* limits */
    double worst_start_ms;
    double worst_end_ms;
};

struct errors {
    double worst_start_ms;
    double worst_end_ms;
    double sum_start_ms;
    double sum_end_ms;
};

/* One line with noise around it: how far from the truth the two events point. */
static void measure_line(
    struct errors *errors, const char *text, const struct row *row, unsigned *seed)
{
    enum { ROOM = LEAD_SAMPLES + LINE_SAMPLES_MAX + TAIL_SAMPLES };
    static int16_t clean[ROOM], pcm[ROOM];
    memset(clean, 0, sizeof clean);
    memset(pcm, 0, sizeof pcm);
    size_t count = LEAD_SAMPLES + TAIL_SAMPLES;
    count += sound_speak("en-us", text, TRUTH_DBOV, clean + LEAD_SAMPLES, LINE_SAMPLES_MAX);
    double onset_ms, end_ms;
    find_truth(clean, count, &onset_ms, &end_ms);
    sound_add(pcm, clean, count, row->speech_dbov - TRUTH_DBOV);
    add_noise(pcm, count, row->kind, row->noise_dbov, seed);
    sound_through_telephone(pcm, count);
    struct heard heard =
        listen_over(pcm, NULL, count, (double)LEAD_SAMPLES / 8 - 500, &vad_defaults);
    assert_true(heard.starts >= 1);
    assert_false(heard.is_speech);
    double start_error = heard.first_start_ms - vad_defaults.onset_ms - onset_ms;
    double end_error = heard.last_end_ms - vad_defaults.hangover_ms - end_ms;
    if (getenv("VAD_VERBOSE"))
        printf("   %-55s speech %.0f noise %4.0f: start %+4.0f end %+4.0f ms, %u parts\n", text,
            row->speech_dbov, row->noise_dbov, start_error, end_error, heard.starts);
    errors->worst_start_ms = fmax(errors->worst_start_ms, fabs(start_error));
    errors->worst_end_ms = fmax(errors->worst_end_ms, fabs(end_error));
    errors->sum_start_ms += start_error / LINES;
    errors->sum_end_ms += end_error / LINES;
}

static void finds_speech_where_it_is(void **state)
{
    static const struct row rows[] = {
        {-8, NO_NOISE, 0, 20, 70, 100},
        {-8, WHITE, -30, 25, 70, 100},
        {-14, WHITE, -60, 20, 70, 100},
        {-20, NO_NOISE, 0, 20, 70, 100},
        {-20, WHITE, -60, 20, 70, 100},
        {-20, WHITE, -40, 25, 70, 100},
        {-20, PINK, -40, 25, 70, 100},
        {-20, PINK, -35, 35, 90, 120},
        {-20, BABBLE, -60, 20, 70, 100},
        {-26, WHITE, -50, 25, 70, 100},
        {-26, PINK, -45, 25, 70, 100},
        {-32, NO_NOISE, 0, 25, 90, 120},
        {-32, PINK, -50, 30, 90, 120},
        {-38, NO_NOISE, 0, 40, 90, 150},
        {-38, WHITE, -60, 40, 90, 150},
        {-38, PINK, -60, 40, 90, 150},
        {-42, WHITE, -70, 50, 120, 200},
    };
    unsigned seed = 7;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct errors errors = {0};
        for (size_t line = 0; line < LINES; line++)
            measure_line(&errors, lines[line], &rows[i], &seed);
        print_message("speech %4.0f, noise %4.0f dBov: start mean %+3.0f worst %3.0f ms, end mean "
                      "%+3.0f worst %3.0f ms\n",
            rows[i].speech_dbov, rows[i].noise_dbov, errors.sum_start_ms, errors.worst_start_ms,
            errors.sum_end_ms, errors.worst_end_ms);
        assert_true(errors.sum_start_ms <= rows[i].mean_start_ms);
        assert_true(errors.worst_start_ms <= rows[i].worst_start_ms);
        assert_true(errors.worst_end_ms <= rows[i].worst_end_ms);
    }
}

/* Forty seconds without a pause for breath: the gate must not rise to meet the voice. */
static void hears_a_long_story_to_its_end(void **state)
{
    static const char story[] =
        "so what happened is that yesterday evening I was eating a caramel and one of my fillings "
        "came out and since then it hurts whenever I drink something cold and my husband said I "
        "should call you first thing in the morning because you might have a free slot and I could "
        "come at any time really because I work from home and it is only ten minutes by car unless "
        "there is traffic on the bridge which there usually is around noon ";
    static const struct {
        double speech_dbov, noise_dbov;
        unsigned parts;
    } rows[] = {{-8, -60, 3}, {-18, -60, 3}, {-18, -46, 4}, {-28, -60, 4}, {-38, -60, 10}};
    static int16_t pcm[RATE_HZ * 50];
    unsigned seed = 11;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        memset(pcm, 0, sizeof pcm);
        size_t count = 2 * RATE_HZ;
        for (unsigned again = 0; again < 2; again++)
            count +=
                sound_speak("en-us", story, rows[i].speech_dbov, pcm + count, RATE_HZ * 46 - count);
        double spoken_ms = (double)count / 8 - 2000;
        count += RATE_HZ;
        sound_add_white(pcm, count, rows[i].noise_dbov, &seed);
        sound_through_telephone(pcm, count);
        struct heard heard = listen(pcm, count, &vad_defaults);
        assert_in_range(heard.starts, 1, rows[i].parts);
        assert_true(heard.speech_ms > 0.97 * spoken_ms);
    }
}

/* The end of the last voiced frame and the event are exactly the hang-over apart. */
static void ends_a_hangover_after_the_voice(void **state)
{
    static const unsigned hangovers_ms[] = {100, 200, 500};
    static int16_t pcm[RATE_HZ * 6];
    double ends_ms[3];
    for (unsigned i = 0; i < 3; i++) {
        memset(pcm, 0, sizeof pcm);
        sound_speak("en-us", "Yes please.", -20, pcm + RATE_HZ, RATE_HZ * 4);
        sound_through_telephone(pcm, RATE_HZ * 6);
        struct vad_settings settings = vad_defaults;
        settings.hangover_ms = hangovers_ms[i];
        struct heard heard = listen(pcm, RATE_HZ * 6, &settings);
        assert_int_equal(heard.starts, 1);
        ends_ms[i] = heard.last_end_ms - hangovers_ms[i];
    }
    assert_true(ends_ms[0] == ends_ms[1] && ends_ms[1] == ends_ms[2]);
}

static void the_same_samples_give_the_same_events(void **state)
{
    static int16_t pcm[RATE_HZ * 20];
    unsigned seed = 5;
    memset(pcm, 0, sizeof pcm);
    sound_speak("en-us", lines[0], -24, pcm + 2 * RATE_HZ, RATE_HZ * 8);
    sound_speak("en-us", lines[4], -30, pcm + 10 * RATE_HZ, RATE_HZ * 8);
    sound_add_pink(pcm, RATE_HZ * 20, -40, &seed);
    struct heard once = listen(pcm, RATE_HZ * 20, &vad_defaults);
    struct heard again = listen(pcm, RATE_HZ * 20, &vad_defaults);
    assert_memory_equal(&once, &again, sizeof once);
}

/* What tells the settings apart: a voice hardly above the noise, and talk in the background. */
static void sensitivity_is_a_scale(void **state)
{
    static int16_t soft[RATE_HZ * 20], behind[RATE_HZ * 120];
    unsigned seed = 3;
    memset(soft, 0, sizeof soft);
    memset(behind, 0, sizeof behind);
    sound_speak("en-us", lines[4], -40, soft + 2 * RATE_HZ, RATE_HZ * 8);
    sound_add_white(soft, RATE_HZ * 20, -52, &seed);
    sound_add_babble(behind, RATE_HZ * 120, -45);
    double soft_ms[3], behind_ms[3];
    for (unsigned i = 0; i < 3; i++) {
        struct vad_settings settings = vad_settings_for((enum vad_sensitivity)i);
        soft_ms[i] = listen(soft, RATE_HZ * 20, &settings).speech_ms;
        behind_ms[i] = listen(behind, RATE_HZ * 120, &settings).speech_ms;
        print_message(
            "sensitivity %u: %4.0f ms of a soft voice, %5.0f ms of two minutes of babble\n", i,
            soft_ms[i], behind_ms[i]);
    }
    assert_true(soft_ms[VAD_LOW] < soft_ms[VAD_NORMAL] && soft_ms[VAD_NORMAL] < soft_ms[VAD_HIGH]);
    assert_true(behind_ms[VAD_LOW] < behind_ms[VAD_NORMAL]);
    assert_true(behind_ms[VAD_NORMAL] < behind_ms[VAD_HIGH]);
}

static void refuses_an_unknown_mode(void **state)
{
    struct vad vad;
    struct vad_settings settings = vad_defaults;
    settings.mode = 9;
    assert_int_equal(vad_init(&vad, &settings), ERR_BAD);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_speech_where_it_is),
        cmocka_unit_test(hears_a_long_story_to_its_end),
        cmocka_unit_test(ends_a_hangover_after_the_voice),
        cmocka_unit_test(the_same_samples_give_the_same_events),
        cmocka_unit_test(sensitivity_is_a_scale),
        cmocka_unit_test(refuses_an_unknown_mode),
    };
    return cmocka_run_group_tests(tests, sounds_start, sounds_stop);
}
