/* Keys in audio: spandsp's generator presses them; speech and noise press none. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <espeak-ng/speak_lib.h>
#include <spandsp.h>

#include "media/dtmf.h"
#include "media/dtmf_tones.h"
#include "media/g711.h"
#include "sounds.h"

#define RATE_HZ 8000
#define SPEECH_DBOV (-18.0) /* a usual caller */
#define KEYS "1234567890*#ABCD"

struct line {
    int16_t pcm[RATE_HZ * 20];
    size_t count;
};

static void press(struct line *line, const char *keys, int level_dbm0, int on_ms, int off_ms)
{
    dtmf_tx_state_t *tx = dtmf_tx_init(NULL);
    dtmf_tx_set_level(tx, level_dbm0, 0);
    dtmf_tx_set_timing(tx, on_ms, off_ms);
    dtmf_tx_put(tx, keys, -1);
    size_t room = sizeof line->pcm / sizeof *line->pcm - line->count;
    line->count += (size_t)dtmf_tx(tx, line->pcm + line->count, (int)room);
    dtmf_tx_free(tx);
    assert_true(line->count + 10 * FRAME_SAMPLES < sizeof line->pcm / sizeof *line->pcm);
    line->count += 10 * FRAME_SAMPLES;
}

/* What is heard, and for how many frames a tone was. */
static unsigned listen(const struct line *line, size_t from, char *out, size_t size)
{
    struct dtmf dtmf;
    size_t len = 0;
    unsigned tones = 0;
    assert_int_equal(dtmf_init(&dtmf), ERR_OK);
    for (size_t at = from; at + FRAME_SAMPLES <= line->count; at += FRAME_SAMPLES) {
        char key = dtmf_frame(&dtmf, line->pcm + at);
        if (key && len + 1 < size)
            out[len++] = key;
        tones += dtmf.is_tone;
    }
    out[len] = 0;
    assert_false(dtmf.is_tone);
    dtmf_close(&dtmf);
    return tones;
}

static void test_every_key_is_heard(void **state)
{
    static const struct {
        const char *keys;
        int level_dbm0, on_ms, off_ms;
    } rows[] = {
        {KEYS, -10, 100, 100}, {KEYS, -10, 50, 50}, {KEYS, -4, 70, 70}, {KEYS, -30, 100, 100},
        {"5551112222", -10, 50, 50}, /* the same key again and again */
        {"7", -10, 3000, 100},       /* held */
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct line *line = calloc(1, sizeof *line);
        char heard[64];
        press(line, rows[i].keys, rows[i].level_dbm0, rows[i].on_ms, rows[i].off_ms);
        sound_through_telephone(line->pcm, line->count);
        for (size_t shift = 0; shift < FRAME_SAMPLES; shift += 40) {
            unsigned tones = listen(line, shift, heard, sizeof heard);
            assert_string_equal(heard, rows[i].keys);
            assert_true(tones * FRAME_MS >= strlen(rows[i].keys) * (unsigned)rows[i].on_ms / 2);
        }
        free(line);
    }
}

static void add_noise(struct line *line, double level_dbov)
{
    unsigned seed = 7;
    double peak = 32768 * pow(10, level_dbov / 20) * sqrt(3);
    for (size_t i = 0; i < line->count; i++) {
        double noise = (2.0 * rand_r(&seed) / RAND_MAX - 1) * peak;
        line->pcm[i] = (int16_t)fmax(-32768, fmin(32767, line->pcm[i] + noise));
    }
}

static void test_keys_are_heard_through_noise(void **state)
{
    struct line *line = calloc(1, sizeof *line);
    char heard[64];
    press(line, KEYS, -10, 100, 100);
    add_noise(line, -35);
    sound_through_telephone(line->pcm, line->count);
    listen(line, 0, heard, sizeof heard);
    assert_string_equal(heard, KEYS);
    free(line);
}

static void test_noise_presses_nothing(void **state)
{
    static const double levels_dbov[] = {-60, -45, -30, -15};
    for (size_t i = 0; i < sizeof levels_dbov / sizeof *levels_dbov; i++) {
        struct line *line = calloc(1, sizeof *line);
        char heard[64];
        line->count = RATE_HZ * 20;
        add_noise(line, levels_dbov[i]);
        sound_through_telephone(line->pcm, line->count);
        listen(line, 0, heard, sizeof heard);
        assert_string_equal(heard, "");
        free(line);
    }
}

/* ---- talk-off ---- */

static void speak(struct line *line, int pitch, const char *text)
{
    assert_int_equal(espeak_SetParameter(espeakPITCH, pitch, 0), EE_OK);
    line->count =
        sound_speak("en-us", text, SPEECH_DBOV, line->pcm, sizeof line->pcm / sizeof *line->pcm);
}

static void test_speech_presses_nothing(void **state)
{
    static const int pitches[] = {10, 30, 50, 70, 90};
    static const char *const texts[] = {
        "Hello, my name is Eve Leeming and I would like an appointment for a cleaning, please.",
        "Five five five, oh one oh, two two two two. Zero, one, two, three, four, six.",
        "Oooh, we were away all year. A loom, a room, a moon. Mm-hmm. Ahhh. Eeee. Uuuu.",
        "Could you tell me whether you are open on Saturday, and how long a filling takes?",
    };
    for (size_t p = 0; p < sizeof pitches / sizeof *pitches; p++) {
        for (size_t t = 0; t < sizeof texts / sizeof *texts; t++) {
            struct line *line = calloc(1, sizeof *line);
            char heard[64];
            speak(line, pitches[p], texts[t]);
            assert_true(line->count > RATE_HZ);
            sound_through_telephone(line->pcm, line->count);
            listen(line, 0, heard, sizeof heard);
            assert_string_equal(heard, "");
            free(line);
        }
    }
}

/* What call:send_dtmf sends, as the other side's receiver hears it through the line's coding. */
static void test_keys_we_send_are_heard(void **state)
{
    static const struct {
        const char *keys, *heard;
        size_t bytes;
    } rows[] = {{KEYS, KEYS, 16 * 1600}, {"11w1", "111", 3 * 1600 + 4000}, {"w", "", 4000},
        {"#", "#", 1600}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct slice keys = slice_from(rows[i].keys);
        struct line *line = calloc(1, sizeof *line);
        uint8_t ulaw[16 * 1600];
        char heard[64];
        assert_true(dtmf_tones_are_keys(keys));
        assert_int_equal(dtmf_tones_bytes(keys), rows[i].bytes);
        assert_int_equal(rows[i].bytes % FRAME_BYTES, 0);
        assert_int_equal(dtmf_tones_make(ulaw, keys), ERR_OK);
        g711_to_pcm(line->pcm, ulaw, rows[i].bytes);
        line->count = rows[i].bytes;
        listen(line, 0, heard, sizeof heard);
        assert_string_equal(heard, rows[i].heard);
        free(line);
    }
    static const char *const wrong[] = {"", "a", "1 2", "+1", "1,2", "W"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_false(dtmf_tones_are_keys(slice_from(wrong[i])));
    assert_false(dtmf_tones_are_keys(SLICE("1\0")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_key_is_heard),
        cmocka_unit_test(test_keys_are_heard_through_noise),
        cmocka_unit_test(test_noise_presses_nothing),
        cmocka_unit_test(test_keys_we_send_are_heard),
        cmocka_unit_test_setup_teardown(test_speech_presses_nothing, sounds_start, sounds_stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
