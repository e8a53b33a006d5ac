#include "media/tone.h"

#define ORDER 6
#define TERMS (ORDER + 1)
#define UNPREDICTED (1 / 400.0) /* of the power: −26 dB */
#define RIDGE 1e-7              /* keeps what is exactly predictable from dividing by nothing */

/* A constant offset would be predicted and hide the rest. */
static void centre(const int16_t pcm[FRAME_SAMPLES], int32_t out[FRAME_SAMPLES])
{
    int32_t sum = 0;
    for (unsigned i = 0; i < FRAME_SAMPLES; i++)
        sum += pcm[i];
    for (unsigned i = 0; i < FRAME_SAMPLES; i++)
        out[i] = pcm[i] - sum / FRAME_SAMPLES;
}

/* Products of the frame with itself, each factor delayed by up to ORDER samples, over the samples that all of them have.
   Along a diagonal only the first and the last sample change. */
static void correlate(const int32_t x[FRAME_SAMPLES], double out[TERMS][TERMS])
{
    for (unsigned lag = 0; lag < TERMS; lag++) {
        int64_t sum = 0;
        for (unsigned t = ORDER; t < FRAME_SAMPLES; t++)
            sum += (int64_t)x[t] * x[t - lag];
        out[lag][0] = (double)sum;
        for (unsigned i = 1; i + lag < TERMS; i++) {
            unsigned first = ORDER - i, last = FRAME_SAMPLES - i;
            sum += (int64_t)x[first] * x[first - lag] - (int64_t)x[last] * x[last - lag];
            out[i + lag][i] = (double)sum;
        }
    }
}

/* What is left of the power after the best prediction from the delayed samples. Of `terms` the lower half is used. */
static double unpredicted(double terms[TERMS][TERMS])
{
    double ridge = terms[0][0] * RIDGE;
    for (unsigned k = ORDER; k >= 1; k--)
        for (unsigned i = 0; i < k; i++)
            for (unsigned j = 0; j <= i; j++)
                terms[i][j] -= terms[k][i] * terms[k][j] / (terms[k][k] + ridge);
    return terms[0][0];
}

bool tone_is(const int16_t pcm[FRAME_SAMPLES])
{
    int32_t centred[FRAME_SAMPLES];
    double terms[TERMS][TERMS];
    centre(pcm, centred);
    correlate(centred, terms);
    double power = terms[0][0];
    return power > 0 && unpredicted(terms) < power * UNPREDICTED;
}
