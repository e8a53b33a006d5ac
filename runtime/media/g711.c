#include "media/g711.h"

/* spandsp declares functions of the same names with other arguments; only its inline ones are used. */
#define g711_to_pcm spandsp_g711_decode
#define g711_to_ulaw spandsp_g711_encode
#include <spandsp/telephony.h>

#include <spandsp/bit_operations.h>
#include <spandsp/g711.h>
#undef g711_to_pcm
#undef g711_to_ulaw

#define NEGATIVE_ZERO 0x7f

void g711_to_pcm(int16_t *pcm, const uint8_t *ulaw, size_t count)
{
    for (size_t i = 0; i < count; i++)
        pcm[i] = (int16_t)(ulaw_to_linear(ulaw[i]) - (ulaw[i] == NEGATIVE_ZERO));
}

void g711_to_ulaw(uint8_t *ulaw, const int16_t *pcm, size_t count)
{
    for (size_t i = 0; i < count; i++)
        ulaw[i] = linear_to_ulaw(pcm[i]);
}
