#include "frames.h"

#include <stdint.h>
#include <string.h>

static size_t head_unit(const unsigned char *data, size_t len)
{
    const unsigned char *end = memmem(data, len, "\r\n\r\n", 4);
    return end ? (size_t)(end - data) + 4 : 0;
}

/* Length of head and payload; 0: more is needed. */
static size_t measure(const unsigned char *data, size_t len, uint64_t *payload)
{
    if (len < 2)
        return 0;
    size_t head = 2, extra = (data[1] & 0x7f) == 126 ? 2 : (data[1] & 0x7f) == 127 ? 8 : 0;
    if (len < head + extra)
        return 0;
    *payload = extra ? 0 : data[1] & 0x7f;
    for (size_t i = 0; i < extra; i++)
        *payload = *payload << 8 | data[head + i];
    head += extra + (data[1] & 0x80 ? 4 : 0);
    return len < head ? 0 : head;
}

size_t frames_unit(const unsigned char *data, size_t len, bool is_head)
{
    if (is_head)
        return head_unit(data, len);
    uint64_t payload;
    size_t head = measure(data, len, &payload);
    return head && payload <= len - head ? head + (size_t)payload : 0;
}

static bool matches_at(
    const unsigned char *text, const unsigned char *mask, size_t at, const char *match)
{
    for (size_t i = 0; match[i]; i++) {
        unsigned char c = text[at + i] ^ (mask ? mask[(at + i) % 4] : 0);
        if (c != (unsigned char)match[i])
            return false;
    }
    return true;
}

bool frames_match(const unsigned char *frame, size_t len, const char *match)
{
    uint64_t payload = 0;
    size_t head = measure(frame, len, &payload), wanted = strlen(match);
    if (!head || frame[0] != 0x81)
        return false;
    const unsigned char *mask = frame[1] & 0x80 ? frame + head - 4 : NULL;
    for (size_t at = 0; at + wanted <= payload; at++) {
        if (matches_at(frame + head, mask, at, match))
            return true;
    }
    return wanted == 0;
}
