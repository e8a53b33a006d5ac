/* A captured call as one HTML file that needs nothing else: both sides as waves, voice and states as bands, what was said, what
   was decided and why, and the sound to hear it. Texts of the call are data of the page and never markup or script. */
#pragma once

#include <jansson.h>
#include <stdio.h>

#include "replay/sides.h"

#define PAGE_SOUND_MAX_BYTES                                                                       \
    (6u << 20) /* of each side: 13 minutes; the rest is left out, and the page says so */

/* ERR_NOMEM, ERR_SYSTEM: not all of it could be written. */
must_use enum err page_write(FILE *to, const json_t *timeline, const struct sides *sides);
