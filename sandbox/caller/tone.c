#include "caller/tone.h"

#include <math.h>
#include <string.h>

#include "media/g711.h"

#define RATE_HZ 8000
#define PEAK 5000 /* of each of the two: about −13 dBm0 */

void tone_frame(uint8_t ulaw[FRAME_BYTES], char key, unsigned index)
{
    static const char keys[] = "123A456B789C*0#D";
    static const double rows_hz[] = {697, 770, 852, 941}, columns_hz[] = {1209, 1336, 1477, 1633};
    const char *at = key ? strchr(keys, key) : NULL;
    size_t place = at ? (size_t)(at - keys) : 0;
    double row = 2 * M_PI * rows_hz[place / 4] / RATE_HZ;
    double column = 2 * M_PI * columns_hz[place % 4] / RATE_HZ;
    int16_t pcm[FRAME_SAMPLES];
    for (unsigned i = 0; i < FRAME_SAMPLES; i++) {
        double n = index * FRAME_SAMPLES + i;
        pcm[i] = (int16_t)(PEAK * (sin(row * n) + sin(column * n)));
    }
    g711_to_ulaw(ulaw, pcm, FRAME_SAMPLES);
}
