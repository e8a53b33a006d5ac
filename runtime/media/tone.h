/* Is this frame a machine's tone? A few steady sine waves (dial tone, ringback, busy, DTMF, a beep, mains hum) say from six
   samples what the seventh will be, down to the line's own rounding: 27 dB and more is predicted. Of speech, whose voice
   never stands still, 25 dB at most. Pure; no allocation. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "media/frame.h"

bool tone_is(const int16_t pcm[FRAME_SAMPLES]);
