/* What recordings need of the rest of the program: somebody who hears files, and whom to tell of a voicemail. */
#pragma once

#include "outreach/sounds.h"

extern const struct sound_ops sound_ears;
