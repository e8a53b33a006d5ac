/* Any size of µ-law in, whole 160-byte frames out; remembers the odd bytes. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "media/frame.h"

struct framer {
    uint8_t rest[FRAME_BYTES];
    size_t rest_len;
};

void framer_init(struct framer *framer);
/* Takes bytes from `*data` (advances it and `*len`) until a frame is whole; false when all is used up
   and no frame is ready. Call until it says false. */
bool framer_next(
    struct framer *framer, const uint8_t **data, size_t *len, uint8_t out[FRAME_BYTES]);
/* Pads what is left with silence into one last frame; false when nothing is left. */
bool framer_flush(struct framer *framer, uint8_t out[FRAME_BYTES]);
