/* The unit of audio everywhere: 20 ms of 8 kHz mono. */
#pragma once

#include <stdint.h>

#define FRAME_MS 20
#define FRAME_SAMPLES 160
#define FRAME_BYTES 160 /* as µ-law */
#define ULAW_SILENCE 0xff

struct frame {
    uint8_t ulaw[FRAME_BYTES];
    int16_t pcm[FRAME_SAMPLES];
};
