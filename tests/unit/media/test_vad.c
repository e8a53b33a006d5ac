/* Voice activity on synthetic speech as a telephone carries it: 8 kHz, µ-law, quiet noise around it. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <espeak-ng/speak_lib.h>

#include "media/g711.h"
#include "media/resample.h"
#include "media/vad.h"

#define RATE_HZ 8000
#define LINE_SAMPLES_MAX (RATE_HZ * 10)
#define BLOCK 40 /* 5 ms: how finely the truth is known */

static int16_t spoken[22050 * 10];
static size_t spoken_count;

static int on_speech(short *wav, int count, espeak_EVENT *events)
{
    size_t room = sizeof spoken / sizeof *spoken - spoken_count;
    size_t taken = wav && count > 0 ? (size_t)count : 0;
    taken = taken < room ? taken : room;
    if (taken)
        memcpy(spoken + spoken_count, wav, taken * sizeof *wav);
    spoken_count += taken;
    return 0;
}

static int spoken_rate_hz;

static int start_voice(void **state)
{
    spoken_rate_hz = espeak_Initialize(AUDIO_OUTPUT_SYNCHRONOUS, 0, NULL, 0);
    espeak_SetSynthCallback(on_speech);
    return spoken_rate_hz > 0 && espeak_SetVoiceByName("en-us") == EE_OK ? 0 : -1;
}

static int stop_voice(void **state)
{
    return espeak_Terminate() == EE_OK ? 0 : -1;
}

/* A line at 8 kHz, `gain` applied. */
static size_t speak(const char *text, double gain, int16_t *out)
{
    spoken_count = 0;
    assert_int_equal(
        espeak_Synth(text, strlen(text) + 1, 0, POS_CHARACTER, 0, espeakCHARS_UTF8, NULL, NULL),
        EE_OK);
    struct resample *resample;
    assert_int_equal(resample_create(&resample, (unsigned)spoken_rate_hz, RATE_HZ), ERR_OK);
    for (size_t i = 0; i < spoken_count; i++)
        spoken[i] = (int16_t)(spoken[i] * gain);
    size_t count = resample_run(resample, out, LINE_SAMPLES_MAX, spoken, spoken_count);
    resample_destroy(resample);
    return count;
}

/* White noise of `level_dbov`, uniform. */
static void add_noise(int16_t *pcm, size_t count, double level_dbov, unsigned *seed)
{
    double peak = 32768 * pow(10, level_dbov / 20) * sqrt(3);
    for (size_t i = 0; i < count; i++) {
        double noise = (2.0 * rand_r(seed) / RAND_MAX - 1) * peak;
        pcm[i] = (int16_t)fmax(-32768, fmin(32767, pcm[i] + noise));
    }
}

static void through_telephone(int16_t *pcm, size_t count)
{
    uint8_t *ulaw = malloc(count + 1);
    assert_non_null(ulaw);
    g711_to_ulaw(ulaw, pcm, count);
    g711_to_pcm(pcm, ulaw, count);
    free(ulaw);
}

static bool is_loud(const int16_t *block)
{
    double sum = 0;
    for (size_t i = 0; i < BLOCK; i++)
        sum += (double)block[i] * block[i];
    return 10 * log10(sum / BLOCK / 1073741824.0 + 1e-12) > -45;
}

/* Where the clean line begins and ends to sound. */
static void find_truth(const int16_t *pcm, size_t count, double *onset_ms, double *end_ms)
{
    *onset_ms = *end_ms = -1;
    for (size_t at = 0; at + BLOCK <= count; at += BLOCK)
        if (is_loud(pcm + at)) {
            if (*onset_ms < 0)
                *onset_ms = (double)at * 1000 / RATE_HZ;
            *end_ms = (double)(at + BLOCK) * 1000 / RATE_HZ;
        }
}

struct heard {
    unsigned starts;
    unsigned ends;
    double first_start_ms; /* when the event came */
    double last_end_ms;
};

static struct heard listen(const int16_t *pcm, size_t count, const struct vad_settings *settings)
{
    struct vad vad;
    struct heard heard = {0};
    assert_int_equal(vad_init(&vad, settings), ERR_OK);
    for (size_t at = 0; at + FRAME_SAMPLES <= count; at += FRAME_SAMPLES) {
        double now_ms = (double)(at + FRAME_SAMPLES) * 1000 / RATE_HZ;
        enum vad_event event = vad_frame(&vad, pcm + at);
        if (event == VAD_SPEECH_START && !heard.starts++)
            heard.first_start_ms = now_ms;
        if (event == VAD_SPEECH_END) {
            heard.ends++;
            heard.last_end_ms = now_ms;
        }
    }
    vad_close(&vad);
    return heard;
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

struct errors {
    double worst_start_ms;
    double worst_end_ms;
    double sum_start_ms;
    double sum_end_ms;
    unsigned count;
};

/* One line between two seconds of noise: how far from the truth the two events point. */
static void measure_line(
    struct errors *errors, const char *text, double gain, double noise_dbov, unsigned *seed)
{
    static int16_t pcm[LINE_SAMPLES_MAX + RATE_HZ * 4];
    memset(pcm, 0, sizeof pcm);
    size_t count = speak(text, gain, pcm + 2 * RATE_HZ) + 4 * RATE_HZ;
    double onset_ms, end_ms;
    find_truth(pcm, count, &onset_ms, &end_ms);
    if (noise_dbov > -100)
        add_noise(pcm, count, noise_dbov, seed);
    through_telephone(pcm, count);
    struct heard heard = listen(pcm, count, &vad_defaults);
    assert_true(heard.starts >= 1);
    assert_int_equal(heard.starts, heard.ends);
    double start_error = heard.first_start_ms - vad_defaults.onset_ms - onset_ms;
    double end_error = heard.last_end_ms - vad_defaults.hangover_ms - end_ms;
    if (getenv("VAD_VERBOSE"))
        printf("   %-55s gain %.2f noise %4.0f: start %+4.0f end %+4.0f ms, %u parts\n", text, gain,
            noise_dbov, start_error, end_error, heard.starts);
    errors->worst_start_ms = fmax(errors->worst_start_ms, fabs(start_error));
    errors->worst_end_ms = fmax(errors->worst_end_ms, fabs(end_error));
    errors->sum_start_ms += start_error;
    errors->sum_end_ms += end_error;
    errors->count++;
}

static void finds_speech_where_it_is(void **state)
{
    static const struct {
        double gain;
        double noise_dbov;
        double worst_start_ms;
        double worst_end_ms;
    } rows[] = {
        {1.0, -120, 100, 150},
        {1.0, -60, 100, 150},
        {0.3, -120, 100, 150},
        {0.3, -60, 100, 150},
        {0.3, -48, 100, 150},
    };
    unsigned seed = 7;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct errors errors = {0};
        for (size_t line = 0; line < LINES; line++)
            measure_line(&errors, lines[line], rows[i].gain, rows[i].noise_dbov, &seed);
        print_message(
            "gain %.1f, noise %4.0f dBov: start mean %+3.0f worst %3.0f ms, end mean %+3.0f "
            "worst %3.0f ms\n",
            rows[i].gain, rows[i].noise_dbov, errors.sum_start_ms / errors.count,
            errors.worst_start_ms, errors.sum_end_ms / errors.count, errors.worst_end_ms);
        assert_true(errors.worst_start_ms <= rows[i].worst_start_ms);
        assert_true(errors.worst_end_ms <= rows[i].worst_end_ms);
    }
}

static void expect_nothing(int16_t *pcm, size_t count, const char *what)
{
    through_telephone(pcm, count);
    struct heard heard = listen(pcm, count, &vad_defaults);
    if (heard.starts)
        fail_msg("%s taken for speech", what);
}

static void hears_nothing_in_nothing(void **state)
{
    static int16_t pcm[RATE_HZ * 30];
    size_t count = RATE_HZ * 30;
    memset(pcm, 0, sizeof pcm);
    expect_nothing(pcm, count, "silence");
    static const int16_t offsets[] = {3, -200, 1000, 8000, -30000};
    for (size_t i = 0; i < sizeof offsets / sizeof *offsets; i++) {
        for (size_t at = 0; at < count; at++)
            pcm[at] = offsets[i];
        expect_nothing(pcm, count, "a constant");
    }
    static const double levels_dbov[] = {-80, -65, -60, -55, -52};
    for (size_t i = 0; i < sizeof levels_dbov / sizeof *levels_dbov; i++) {
        unsigned seed = (unsigned)i + 1;
        memset(pcm, 0, sizeof pcm);
        add_noise(pcm, count, levels_dbov[i], &seed);
        expect_nothing(pcm, count, "quiet noise");
    }
    for (size_t at = 0; at < count; at++) /* a click every second */
        pcm[at] = at % RATE_HZ < 8 ? 12000 : 0;
    expect_nothing(pcm, count, "clicks");
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
        cmocka_unit_test(hears_nothing_in_nothing),
        cmocka_unit_test(refuses_an_unknown_mode),
    };
    return cmocka_run_group_tests(tests, start_voice, stop_voice);
}
