#include "wire/voice.h"

#include <math.h>

#include "media/g711.h"

#define RATE_HZ 8000.0
#define VOWEL_SAMPLES 1200 /* 150 ms */
#define FORMANTS 3

static const struct vowel {
    double hz[FORMANTS];
} vowels[] = {
    {{730, 1090, 2440}}, /* father */
    {{270, 2290, 3010}}, /* see */
    {{570, 840, 2410}},  /* law */
    {{530, 1840, 2480}}, /* bed */
};

/* A two-pole filter. */
struct resonance {
    double before, before_that;
};

static double ring(struct resonance *resonance, double input, double hz)
{
    double radius = exp(-M_PI * 90 / RATE_HZ); /* 90 Hz wide */
    double angle = 2 * M_PI * hz / RATE_HZ;
    double output = input * (1 - radius) + 2 * radius * cos(angle) * resonance->before -
                    radius * radius * resonance->before_that;
    resonance->before_that = resonance->before;
    resonance->before = output;
    return output;
}

void voice_make(uint8_t *ulaw, size_t len)
{
    struct resonance resonances[FORMANTS] = {0};
    double phase = 0;
    for (size_t i = 0; i < len; i++) {
        const struct vowel *vowel = &vowels[i / VOWEL_SAMPLES % (sizeof vowels / sizeof *vowels)];
        double seconds = (double)i / RATE_HZ;
        phase += (120 + 15 * sin(2 * M_PI * 2.3 * seconds)) / RATE_HZ;
        double pulse = phase >= 1 ? 1 : 0;
        phase -= floor(phase);
        double sound = 0;
        for (unsigned k = 0; k < FORMANTS; k++)
            sound += ring(&resonances[k], pulse, vowel->hz[k]) / (k + 1);
        double loudness = 0.7 + 0.3 * sin(2 * M_PI * 4 * seconds); /* syllables */
        int16_t sample = (int16_t)fmax(-32000, fmin(32000, sound * loudness * 220000));
        g711_to_ulaw(ulaw + i, &sample, 1);
    }
}
