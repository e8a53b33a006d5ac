/* What a call needs to fill a wait (filler.c). Private to live. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/strbuf.h"

#define FILLER_MAX_BYTES (160 * 1000) /* 20 s of a sound, or of a phrase */

struct filler {
    bool is_on;         /* not all of it is with the pacer */
    bool is_sound;      /* a loop; else a phrase */
    struct strbuf ulaw; /* what is heard, from its beginning */
    size_t at;
    unsigned next_phrase;
};
