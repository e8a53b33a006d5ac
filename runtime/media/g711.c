#include "media/g711.h"

#include <spandsp/telephony.h>

#include <spandsp/bit_operations.h>
#include <spandsp/g711.h>

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
