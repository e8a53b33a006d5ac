/* Audio of synthesisers on its way to µ-law: level, borders of portions, half samples. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "media/g711.h"
#include "media/ulaw_stream.h"

#define SECONDS_SAMPLES 8000

/* A second of a tone, little-endian. */
static char *tone(unsigned hz, double frequency, double amplitude)
{
    char *pcm = malloc(2 * (size_t)hz);
    for (unsigned i = 0; i < hz; i++) {
        int16_t sample = (int16_t)lrint(amplitude * sin(2 * M_PI * frequency * i / hz));
        pcm[2 * i] = (char)(sample & 0xff);
        pcm[2 * i + 1] = (char)(sample >> 8);
    }
    return pcm;
}

static struct strbuf convert(unsigned hz, struct slice pcm, size_t portion)
{
    struct ulaw_stream stream;
    struct strbuf out;
    strbuf_init(&out, 100000);
    ulaw_stream_init(&stream, hz);
    while (pcm.len) {
        struct slice part = {pcm.data, pcm.len < portion ? pcm.len : portion};
        assert_int_equal(ulaw_stream_put(&stream, part, &out), ERR_OK);
        pcm = (struct slice){pcm.data + part.len, pcm.len - part.len};
    }
    assert_int_equal(ulaw_stream_end(&stream, &out), ERR_OK);
    ulaw_stream_free(&stream);
    return out;
}

static void to_pcm(const struct strbuf *ulaw, int16_t *pcm)
{
    g711_to_pcm(pcm, (const uint8_t *)ulaw->data, SECONDS_SAMPLES);
}

static double level(const int16_t *pcm, size_t from, size_t to)
{
    double sum = 0;
    for (size_t i = from; i < to; i++)
        sum += (double)pcm[i] * pcm[i];
    return sqrt(sum / (double)(to - from));
}

static const unsigned rates[] = {8000, 16000, 22050, 24000, 44100, 48000};
#define RATES (sizeof rates / sizeof *rates)

static void test_the_level_stays(void **state)
{
    for (size_t i = 0; i < RATES; i++) {
        int16_t pcm[SECONDS_SAMPLES];
        char *in = tone(rates[i], 1000, 10000);
        struct strbuf out = convert(rates[i], (struct slice){in, 2 * rates[i]}, 4096);
        assert_in_range(out.len, SECONDS_SAMPLES, SECONDS_SAMPLES + 30);
        to_pcm(&out, pcm);
        double change_db = 20 * log10(level(pcm, 400, 7600) / (10000 / M_SQRT2));
        assert_true(fabs(change_db) < 0.2);
        strbuf_free(&out);
        free(in);
    }
}

/* However it is cut, in the middle of samples too, the same bytes come out. */
static void test_portions_make_no_difference(void **state)
{
    static const size_t portions[] = {1, 3, 959, 960, 961, 4801};
    for (size_t i = 0; i < RATES; i++) {
        char *in = tone(rates[i], 440, 12000);
        struct slice pcm = {in, 2 * rates[i]};
        struct strbuf whole = convert(rates[i], pcm, pcm.len);
        for (size_t j = 0; j < sizeof portions / sizeof *portions; j++) {
            struct strbuf cut = convert(rates[i], pcm, portions[j]);
            assert_int_equal(cut.len, whole.len);
            assert_memory_equal(cut.data, whole.data, whole.len);
            strbuf_free(&cut);
        }
        strbuf_free(&whole);
        free(in);
    }
}

/* A tone that goes on over the border of two recordings stays one: no step larger than the tone's own. */
static void test_no_click_between_recordings(void **state)
{
    int16_t pcm[SECONDS_SAMPLES];
    char *in = tone(24000, 300, 10000);
    struct ulaw_stream stream;
    struct strbuf out;
    strbuf_init(&out, 100000);
    ulaw_stream_init(&stream, 24000);
    assert_int_equal(ulaw_stream_put(&stream, (struct slice){in, 24001}, &out), ERR_OK);
    ulaw_stream_cut(&stream); /* the half sample goes */
    assert_int_equal(ulaw_stream_put(&stream, (struct slice){in + 24000, 24000}, &out), ERR_OK);
    assert_int_equal(ulaw_stream_end(&stream, &out), ERR_OK);
    to_pcm(&out, pcm);
    int most = (int)(10000 * 2 * M_PI * 300 / 8000 * 1.25); /* and a step of the coding */
    for (size_t i = 100; i < 7900; i++)
        assert_true(abs(pcm[i] - pcm[i - 1]) < most);
    ulaw_stream_free(&stream);
    strbuf_free(&out);
    free(in);
}

static void test_ulaw_passes_through(void **state)
{
    char all[256];
    for (int i = 0; i < 256; i++)
        all[i] = (char)i;
    struct strbuf out = convert(0, (struct slice){all, sizeof all}, 7);
    assert_int_equal(out.len, sizeof all);
    assert_memory_equal(out.data, all, sizeof all);
    strbuf_free(&out);
}

static void test_a_rate_that_is_none(void **state)
{
    struct ulaw_stream stream;
    struct strbuf out;
    strbuf_init(&out, 100);
    ulaw_stream_init(&stream, 100);
    assert_int_equal(ulaw_stream_put(&stream, SLICE("abcd"), &out), ERR_BAD);
    ulaw_stream_free(&stream);
    strbuf_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_level_stays),
        cmocka_unit_test(test_portions_make_no_difference),
        cmocka_unit_test(test_no_click_between_recordings),
        cmocka_unit_test(test_ulaw_passes_through),
        cmocka_unit_test(test_a_rate_that_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
