/* What a pressed key sounds like on the line. Pure. */
#pragma once

#include <stdint.h>

#include "media/frame.h"

/* Frame number `index` of the tone of `key` (0-9, *, #, A-D), as µ-law. */
void tone_frame(uint8_t ulaw[FRAME_BYTES], char key, unsigned index);
