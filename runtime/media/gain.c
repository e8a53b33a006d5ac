#include "media/gain.h"

#include <math.h>

#include "media/g711.h"

static uint8_t scaled(uint8_t code, double factor)
{
    int16_t pcm;
    g711_to_pcm(&pcm, &code, 1);
    int16_t lower = (int16_t)lrint(pcm * factor);
    uint8_t out;
    g711_to_ulaw(&out, &lower, 1);
    return out;
}

void gain_table_init(struct gain_table *table, double gain_db)
{
    table->factor = pow(10, gain_db / 20);
    for (unsigned code = 0; code < 256; code++)
        table->map[code] = scaled((uint8_t)code, table->factor);
}

void gain_init(struct gain *gain, const struct gain_table *table)
{
    *gain = (struct gain){.table = table};
    gain_reset(gain);
}

void gain_reset(struct gain *gain)
{
    gain->is_low = false;
    gain->ramped = GAIN_RAMP_SAMPLES;
}

/* Turning back in the middle of a ramp goes on from the level reached. */
void gain_set(struct gain *gain, bool is_low)
{
    if (gain->is_low == is_low)
        return;
    gain->is_low = is_low;
    gain->ramped = GAIN_RAMP_SAMPLES - gain->ramped;
}

static double level(const struct gain *gain)
{
    double done = (double)gain->ramped / GAIN_RAMP_SAMPLES;
    double from = gain->is_low ? 1 : gain->table->factor;
    double to = gain->is_low ? gain->table->factor : 1;
    return from + (to - from) * done;
}

void gain_apply(struct gain *gain, uint8_t frame[FRAME_BYTES])
{
    unsigned at = 0;
    for (; at < FRAME_BYTES && gain->ramped < GAIN_RAMP_SAMPLES; at++) {
        gain->ramped++;
        frame[at] = scaled(frame[at], level(gain));
    }
    for (; gain->is_low && at < FRAME_BYTES; at++)
        frame[at] = gain->table->map[frame[at]];
}

void gain_fade_out(uint8_t frame[FRAME_BYTES])
{
    for (unsigned at = 0; at < FRAME_BYTES; at++)
        frame[at] = scaled(frame[at], 1 - (at + 1.0) / FRAME_BYTES);
}
