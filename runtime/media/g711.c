#include "media/g711.h"

#include <spandsp/telephony.h>

#include <spandsp/bit_operations.h>
#include <spandsp/g711.h>

#define NEGATIVE_ZERO 0x7f

/* All that ulaw_to_linear can say, made before main: each frame is decoded twice, which is worth half a kilobyte. */
static int16_t linear[256];

__attribute__((constructor)) static void fill_linear(void)
{
    for (unsigned code = 0; code < 256; code++)
        linear[code] = (int16_t)(ulaw_to_linear((uint8_t)code) - (code == NEGATIVE_ZERO));
}

void g711_to_pcm(int16_t *pcm, const uint8_t *ulaw, size_t count)
{
    for (size_t i = 0; i < count; i++)
        pcm[i] = linear[ulaw[i]];
}

void g711_to_ulaw(uint8_t *ulaw, const int16_t *pcm, size_t count)
{
    for (size_t i = 0; i < count; i++)
        ulaw[i] = linear_to_ulaw(pcm[i]);
}
