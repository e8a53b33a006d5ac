/* The measure of intelligibility against signals whose answer is known. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sound/stoi.h"

#define COUNT 80000u /* ten seconds */

static int16_t clean[COUNT], heard[COUNT];

static double noise(unsigned *seed)
{
    double sum = 0;
    for (unsigned i = 0; i < 4; i++)
        sum += (double)rand_r(seed) / RAND_MAX - 0.5;
    return sum;
}

/* Something like speech: harmonics of a wandering pitch in syllables, five a second, with pauses. */
static int prepare(void **state)
{
    double phase = 0;
    for (size_t i = 0; i < COUNT; i++) {
        double t = (double)i / 8000;
        double pitch_hz = 120 + 30 * sin(t);
        phase += 2 * M_PI * pitch_hz / 8000;
        double sum = 0;
        for (int harmonic = 1; harmonic * pitch_hz < 3950; harmonic++)
            sum += sin(harmonic * phase) / harmonic * (1.2 + sin(harmonic * 0.7 + 5 * t));
        double syllable = fmax(0, sin(2 * M_PI * 5 * t + sin(3 * t)));
        clean[i] = (int16_t)(4000 * sum * syllable);
    }
    return 0;
}

static double power_of(const int16_t *pcm)
{
    double sum = 0;
    for (size_t i = 0; i < COUNT; i++)
        sum += (double)pcm[i] * pcm[i];
    return sum / COUNT;
}

static double with_noise(double snr_db)
{
    unsigned seed = 1;
    double level = sqrt(power_of(clean) / pow(10, snr_db / 10) * 3); /* four of variance 1/12 */
    for (size_t i = 0; i < COUNT; i++)
        heard[i] = (int16_t)fmax(-32768, fmin(32767, clean[i] + level * noise(&seed)));
    return stoi(clean, heard, COUNT);
}

static void the_same_is_all_of_it(void **state)
{
    assert_true(stoi(clean, clean, COUNT) > 0.9999);
    for (size_t i = 0; i < COUNT; i++)
        heard[i] = clean[i] / 4;
    assert_true(stoi(clean, heard, COUNT) > 0.99); /* level means nothing */
}

static void less_with_every_step_of_noise(void **state)
{
    double before = 1.01;
    for (int snr_db = 30; snr_db >= -15; snr_db -= 5) {
        double now = with_noise(snr_db);
        print_message("%d dB: %.3f\n", snr_db, now);
        assert_true(now < before);
        before = now;
    }
    assert_true(with_noise(30) > 0.95);
    assert_true(with_noise(-15) < 0.5);
}

static void another_signal_is_little_of_it(void **state)
{
    unsigned seed = 7;
    for (size_t i = 0; i < COUNT; i++)
        heard[i] = (int16_t)(4000 * noise(&seed));
    assert_true(stoi(clean, heard, COUNT) < 0.5);
}

static void too_little_is_no_measure(void **state)
{
    assert_true(isnan(stoi(clean, clean, 2000)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_is_all_of_it),
        cmocka_unit_test(less_with_every_step_of_noise),
        cmocka_unit_test(another_signal_is_little_of_it),
        cmocka_unit_test(too_little_is_no_measure),
    };
    return cmocka_run_group_tests(tests, prepare, NULL);
}
