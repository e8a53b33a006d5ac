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
#include "media/resample.h"
#include "media/wav.h"

static void every_ulaw_code_survives(void **state)
{
    uint8_t codes[256], back[256];
    int16_t pcm[256];
    for (unsigned i = 0; i < 256; i++)
        codes[i] = (uint8_t)i;
    g711_to_pcm(pcm, codes, 256);
    g711_to_ulaw(back, pcm, 256);
    assert_memory_equal(codes, back, 256);
}

static void decodes_by_the_standard(void **state)
{
    static const struct {
        uint8_t code;
        int16_t pcm;
    } rows[] = {{0x00, -32124}, {0x80, 32124}, {0xff, 0}, {0x7f, -1}, {0xfe, 8}, {0x7e, -8},
        {0xef, 132}, {0x6f, -132}, {0x8f, 16764}, {0x10, -15996}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int16_t pcm;
        g711_to_pcm(&pcm, &rows[i].code, 1);
        assert_int_equal(pcm, rows[i].pcm);
    }
}

/* Quantising any sample is off by at most half the step of its segment. */
static void encodes_every_sample_to_its_nearest_code(void **state)
{
    for (int sample = -32768; sample <= 32767; sample++) {
        int16_t in = (int16_t)sample, out;
        uint8_t code;
        g711_to_ulaw(&code, &in, 1);
        g711_to_pcm(&out, &code, 1);
        int error = abs(out - sample), magnitude = abs(sample);
        int allowed = magnitude > 32124 ? magnitude - 32124 + 512 : magnitude / 32 + 5;
        if (error > allowed)
            fail_msg("%d became %d", sample, out);
    }
}

/* ---- framer ---- */

static void frames_any_sizes(void **state)
{
    uint8_t stream[40 * FRAME_BYTES + 37];
    for (unsigned walk = 1; walk <= 200; walk++) {
        unsigned seed = walk;
        for (size_t i = 0; i < sizeof stream; i++)
            stream[i] = (uint8_t)rand_r(&seed);
        struct framer framer;
        framer_init(&framer);
        uint8_t frame[FRAME_BYTES];
        size_t put = 0, got = 0;
        while (put < sizeof stream) {
            size_t len = (size_t)rand_r(&seed) % 700;
            len = len < sizeof stream - put ? len : sizeof stream - put;
            const uint8_t *data = stream + put;
            put += len;
            while (framer_next(&framer, &data, &len, frame)) {
                assert_memory_equal(frame, stream + got, FRAME_BYTES);
                got += FRAME_BYTES;
            }
            assert_int_equal(len, 0);
            assert_int_equal(got, put / FRAME_BYTES * FRAME_BYTES);
        }
        assert_true(framer_flush(&framer, frame));
        assert_memory_equal(frame, stream + got, 37);
        for (size_t i = 37; i < FRAME_BYTES; i++)
            assert_int_equal(frame[i], ULAW_SILENCE);
        assert_false(framer_flush(&framer, frame));
    }
}

/* ---- resampling ---- */

static void fill_tone(int16_t *pcm, size_t count, double hz, double rate_hz)
{
    for (size_t i = 0; i < count; i++)
        pcm[i] = (int16_t)(10000 * sin(2 * M_PI * hz * (double)i / rate_hz));
}

/* Root of the mean square of what is left when the best-fitting tone is taken away. */
static double residue(const int16_t *pcm, size_t count, double hz, double rate_hz)
{
    double in_phase = 0, quadrature = 0, power = 0;
    for (size_t i = 0; i < count; i++) {
        in_phase += pcm[i] * sin(2 * M_PI * hz * (double)i / rate_hz) * 2 / (double)count;
        quadrature += pcm[i] * cos(2 * M_PI * hz * (double)i / rate_hz) * 2 / (double)count;
        power += (double)pcm[i] * pcm[i] / (double)count;
    }
    return sqrt(fmax(0, power - (in_phase * in_phase + quadrature * quadrature) / 2));
}

static void keeps_a_tone_and_its_length(void **state)
{
    static const struct {
        unsigned from_hz, to_hz;
    } rows[] = {
        {8000, 24000}, {24000, 8000}, {16000, 8000}, {22050, 8000}, {8000, 16000}, {8000, 8000}};
    static int16_t in[48000], out[144100];
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct resample *resample;
        unsigned from = rows[i].from_hz, to = rows[i].to_hz;
        size_t chunk = from / 50, made = 0;
        assert_int_equal(resample_create(&resample, from, to), ERR_OK);
        fill_tone(in, from, 440, from);
        for (size_t at = 0; at + chunk <= from; at += chunk) {
            size_t bound = chunk * to / from + 16;
            size_t got = resample_run(resample, out + made, bound, in + at, chunk);
            assert_true(got <= bound);
            made += got;
        }
        assert_true(abs((int)made - (int)to) <= 16);
        size_t settled = to / 10;
        assert_true(residue(out + settled, to - 2 * settled, 440, to) < 100); /* −40 dB */
        resample_destroy(resample);
    }
    struct resample *resample;
    assert_int_equal(resample_create(&resample, 0, 8000), ERR_BAD);
}

/* ---- WAV ---- */

static void reads_what_it_wrote(void **state)
{
    _Alignas(int16_t) uint8_t file[WAV_HEADER_BYTES + 8];
    static const int16_t pcm[4] = {1, -2, 300, -32768};
    wav_header(file, 8000, 4);
    memcpy(file + WAV_HEADER_BYTES, pcm, sizeof pcm);
    unsigned rate_hz;
    const int16_t *samples;
    size_t count;
    struct slice whole = {(const char *)file, sizeof file};
    assert_int_equal(wav_read(whole, &rate_hz, &samples, &count), ERR_OK);
    assert_int_equal(rate_hz, 8000);
    assert_int_equal(count, 4);
    assert_memory_equal(samples, pcm, sizeof pcm);
    whole.len -= 3; /* cut off: what is there */
    assert_int_equal(wav_read(whole, &rate_hz, &samples, &count), ERR_OK);
    assert_int_equal(count, 2);
}

static void refuses_other_files(void **state)
{
    static const struct {
        size_t offset;
        uint8_t value;
    } rows[] = {{0, 'X'}, {8, 'X'}, {12, 'X'}, {20, 6}, {22, 2}, {34, 8}, {36, 'X'}, {16, 8}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        _Alignas(int16_t) uint8_t file[WAV_HEADER_BYTES + 8] = {0};
        wav_header(file, 8000, 4);
        file[rows[i].offset] = rows[i].value;
        unsigned rate_hz;
        const int16_t *samples;
        size_t count;
        struct slice whole = {(const char *)file, sizeof file};
        assert_int_equal(wav_read(whole, &rate_hz, &samples, &count), ERR_BAD);
    }
}

static void skips_chunks_and_reads_open_ended_files(void **state)
{
    _Alignas(int16_t) char file[] =
        "RIFF\xff\xff\xff\xffWAVE"
        "LIST\x03\x00\x00\x00"
        "abc\0"
        "fmt \x10\x00\x00\x00\x01\x00\x01\x00\x22\x56\x00\x00\x44\xac\x00\x00\x02\x00\x10\x00"
        "data\xff\xff\xff\x7f\x01\x00\x02\x00\x03\x00";
    unsigned rate_hz;
    const int16_t *samples;
    size_t count;
    struct slice whole = {file, sizeof file - 1};
    assert_int_equal(wav_read(whole, &rate_hz, &samples, &count), ERR_OK);
    assert_int_equal(rate_hz, 22050);
    assert_int_equal(count, 3);
    assert_int_equal(samples[2], 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_ulaw_code_survives),
        cmocka_unit_test(decodes_by_the_standard),
        cmocka_unit_test(encodes_every_sample_to_its_nearest_code),
        cmocka_unit_test(frames_any_sizes),
        cmocka_unit_test(keeps_a_tone_and_its_length),
        cmocka_unit_test(reads_what_it_wrote),
        cmocka_unit_test(refuses_other_files),
        cmocka_unit_test(skips_chunks_and_reads_open_ended_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
