#include "cmocka_head.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "media/g711.h"
#include "media/resample.h"
#include "media/wav.h"
#include "providers/openai_files_audio.h"

static struct files_audio audio;

static int begin(void **state)
{
    audio = (struct files_audio){0};
    return 0;
}

static int end(void **state)
{
    files_audio_free(&audio);
    return 0;
}

/* Frames of a 400 Hz tone; `peak` 0 is silence. */
static void put(unsigned frames, int peak)
{
    int16_t pcm[FRAME_SAMPLES];
    uint8_t ulaw[FRAME_BYTES];
    for (int i = 0; i < FRAME_SAMPLES; i++)
        pcm[i] = (int16_t)lround(peak * sin(2 * M_PI * 400 * i / 8000));
    g711_to_ulaw(ulaw, pcm, FRAME_SAMPLES);
    while (frames--)
        files_audio_put(&audio, ulaw);
}

static void thirty_seconds_are_kept(void **state)
{
    put(1000, 1000);
    assert_int_equal(files_audio_oldest_ms(&audio), 0);
    put(1000, 1000);
    assert_int_equal(audio.written_ms, 40000);
    assert_int_equal(files_audio_oldest_ms(&audio), 10000);
    files_audio_forget(&audio, 9000);
    assert_int_equal(files_audio_oldest_ms(&audio), 10000);
    files_audio_forget(&audio, 39990);
    assert_int_equal(files_audio_oldest_ms(&audio), 39990);
    files_audio_forget(&audio, 40000);
    assert_int_equal(audio.kept.len, 0);
}

static void voice_is_found(void **state)
{
    put(10, 0);
    put(5, 4000);
    put(5, 0);
    put(5, 4000);
    put(10, 0);
    struct files_voice voice = files_audio_voice(&audio, 0, 700);
    assert_int_equal(voice.voiced_ms, 200);
    assert_int_equal(voice.first_ms, 200);
    assert_int_equal(voice.last_ms, 500);
    voice = files_audio_voice(&audio, 0, 200);
    assert_int_equal(voice.voiced_ms, 0);
    assert_int_equal(voice.last_ms, 200);
    assert_in_range(files_audio_quietest_ms(&audio, 200, 500), 300, 400);
}

static void a_file_is_as_long_as_its_audio(void **state)
{
    struct strbuf file;
    unsigned rate_hz;
    const int16_t *samples;
    size_t count, crossings = 0;
    put(50, 8000);
    strbuf_init(&file, 100000);
    assert_int_equal(files_audio_wav(&audio, 150, 950, &file), ERR_OK);
    assert_int_equal(wav_read(strbuf_slice(&file), &rate_hz, &samples, &count), ERR_OK);
    assert_int_equal(rate_hz, FILES_RATE_HZ);
    assert_in_range(count, 800 * 16 - 100, 800 * 16);
    for (size_t i = 1; i < count; i++)
        crossings += samples[i - 1] < 0 && samples[i] >= 0;
    assert_in_range(crossings, 312, 328); /* the same tone: 400 a second */
    strbuf_free(&file);
    strbuf_init(&file, 100);
    assert_int_equal(files_audio_wav(&audio, 0, 1000, &file), ERR_NOMEM);
    strbuf_free(&file);
}

/* Speech frame by frame is the speech at once, wherever the file begins. */
static void a_file_holds_what_was_said(void **state)
{
    static uint8_t ulaw[FRAME_BYTES * 70];
    static int16_t narrow[FRAME_SAMPLES * 70], wide[2 * FRAME_SAMPLES * 70 + 16];
    FILE *source = fopen(SOURCE_DIR "/tests/golden/01-hours.ulaw", "rb");
    assert_non_null(source);
    assert_int_equal(fread(ulaw, 1, sizeof ulaw, source), sizeof ulaw);
    fclose(source);
    for (size_t at = 0; at < sizeof ulaw; at += FRAME_BYTES)
        files_audio_put(&audio, ulaw + at);
    for (uint32_t from_ms = 0; from_ms <= 350; from_ms += 70) {
        struct strbuf file;
        struct resample *resample;
        size_t skip = from_ms * 8, count, expected;
        unsigned rate_hz;
        const int16_t *samples;
        g711_to_pcm(narrow, ulaw + skip, sizeof ulaw - skip);
        assert_int_equal(resample_create(&resample, 8000, FILES_RATE_HZ), ERR_OK);
        expected =
            resample_run(resample, wide, sizeof wide / sizeof *wide, narrow, sizeof ulaw - skip);
        resample_destroy(resample);
        strbuf_init(&file, 100000);
        assert_int_equal(files_audio_wav(&audio, from_ms, 1400, &file), ERR_OK);
        assert_int_equal(wav_read(strbuf_slice(&file), &rate_hz, &samples, &count), ERR_OK);
        assert_in_range(count, expected - 2, expected + 2);
        assert_memory_equal(samples, wide, (expected - 2) * sizeof *wide);
        strbuf_free(&file);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(thirty_seconds_are_kept, begin, end),
        cmocka_unit_test_setup_teardown(voice_is_found, begin, end),
        cmocka_unit_test_setup_teardown(a_file_holds_what_was_said, begin, end),
        cmocka_unit_test_setup_teardown(a_file_is_as_long_as_its_audio, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
