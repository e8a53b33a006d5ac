#include "media/level.h"

#include <math.h>

#define FULL_SCALE 32768.0

double level_dbov(const int16_t pcm[FRAME_SAMPLES])
{
    int64_t sum = 0, squares = 0;
    for (unsigned i = 0; i < FRAME_SAMPLES; i++) {
        sum += pcm[i];
        squares += (int64_t)pcm[i] * pcm[i];
    }
    double mean = (double)sum / FRAME_SAMPLES;
    double power = (double)squares / FRAME_SAMPLES - mean * mean;
    double level = 10 * log10(fmax(power, 1e-9) / (FULL_SCALE * FULL_SCALE));
    return fmax(level, LEVEL_SILENCE_DBOV);
}
