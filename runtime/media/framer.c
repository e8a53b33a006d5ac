#include "media/framer.h"

#include <string.h>

void framer_init(struct framer *framer)
{
    framer->rest_len = 0;
}

bool framer_next(struct framer *framer, const uint8_t **data, size_t *len, uint8_t out[FRAME_BYTES])
{
    size_t missing = FRAME_BYTES - framer->rest_len;
    size_t count = *len < missing ? *len : missing;
    if (count)
        memcpy(framer->rest + framer->rest_len, *data, count);
    framer->rest_len += count;
    *data += count;
    *len -= count;
    if (framer->rest_len < FRAME_BYTES)
        return false;
    memcpy(out, framer->rest, FRAME_BYTES);
    framer->rest_len = 0;
    return true;
}

bool framer_flush(struct framer *framer, uint8_t out[FRAME_BYTES])
{
    if (!framer->rest_len)
        return false;
    memcpy(out, framer->rest, framer->rest_len);
    memset(out + framer->rest_len, ULAW_SILENCE, FRAME_BYTES - framer->rest_len);
    framer->rest_len = 0;
    return true;
}
