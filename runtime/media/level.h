/* How loud 20 ms are: dBov of power, 0 for a square wave at full scale. Of what moves: a constant offset has no level. */
#pragma once

#include <stdint.h>

#include "media/frame.h"

#define LEVEL_SILENCE_DBOV (-100.0) /* nothing is quieter */

double level_dbov(const int16_t pcm[FRAME_SAMPLES]);
