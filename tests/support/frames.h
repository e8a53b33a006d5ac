/* WebSocket frames as they pass: cuts a byte stream into the HTTP head, then whole frames, without
   changing any. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* Bytes of the first unit in `data`: before the end of the head (`is_head`) up to and with the blank line, then
   one frame. 0: more is needed. */
size_t frames_unit(const unsigned char *data, size_t len, bool is_head);
/* Whether this frame is a whole text message with `match` in it. Masked frames are read unmasked. */
bool frames_match(const unsigned char *frame, size_t len, const char *match);
