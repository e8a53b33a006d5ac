/* Numbers and texts in as few bytes as they need: seven bits a byte, the lowest first, the top bit says that more follow
   (LEB128); a text is its length and its bytes. Pure. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"
#include "base/strbuf.h"

#define VARINT_MAX_BYTES 10

size_t varint_write(uint8_t out[VARINT_MAX_BYTES], uint64_t number); /* how many bytes it took */
void varint_add(struct strbuf *out, uint64_t number);
void varint_add_text(struct strbuf *out, struct slice text);
/* Takes one off the front of `rest`. False: it is cut, or longer than 64 bits; nothing was taken. */
bool varint_take(struct slice *rest, uint64_t *number);
bool varint_take_text(struct slice *rest, struct slice *text); /* borrowed */

/* Numbers that may be negative, the small ones small: 0, −1, 1, −2, … */
static inline uint64_t varint_zigzag(int64_t number)
{
    return (uint64_t)number << 1 ^ (uint64_t)(number >> 63);
}

static inline int64_t varint_unzigzag(uint64_t number)
{
    return (int64_t)(number >> 1 ^ -(number & 1));
}
