#include "text/segments.h"

#include <stdint.h>

#include "base/utf8.h"

/* Beside letters, digits and most of ASCII's signs: what costs one, and what costs two. */
static const uint16_t ONE[] = {0x0A, 0x0D, 0xA1, 0xA3, 0xA4, 0xA5, 0xA7, 0xBF, 0xC4, 0xC5, 0xC6,
    0xC7, 0xC9, 0xD1, 0xD6, 0xD8, 0xDC, 0xDF, 0xE0, 0xE4, 0xE5, 0xE6, 0xE8, 0xE9, 0xEC, 0xF1, 0xF2,
    0xF6, 0xF8, 0xF9, 0xFC, 0x393, 0x394, 0x398, 0x39B, 0x39E, 0x3A0, 0x3A3, 0x3A6, 0x3A8, 0x3A9};
static const uint16_t TWO[] = {0x0C, '[', '\\', ']', '^', '{', '|', '}', '~', 0x20AC};

static bool is_in(const uint16_t *list, unsigned count, uint32_t letter)
{
    for (unsigned i = 0; i < count; i++)
        if (list[i] == letter)
            return true;
    return false;
}

/* In septets; 0: not in the alphabet. */
static unsigned gsm_width(uint32_t letter)
{
    if (is_in(TWO, sizeof TWO / sizeof TWO[0], letter))
        return 2;
    if (letter >= ' ' && letter < 0x7F && letter != '`')
        return 1;
    return is_in(ONE, sizeof ONE / sizeof ONE[0], letter);
}

static unsigned utf16_width(uint32_t letter)
{
    return letter > 0xFFFF ? 2 : 1;
}

static uint32_t next_letter(struct slice text, size_t *at)
{
    const unsigned char *bytes = (const unsigned char *)text.data + *at;
    size_t len = utf8_length(text.data + *at, text.len - *at);
    *at += len ? len : 1;
    if (len == 0)
        return 0xFFFD;
    if (len == 1)
        return bytes[0];
    uint32_t letter = bytes[0] & (0xFFu >> (len + 1));
    for (size_t i = 1; i < len; i++)
        letter = letter << 6 | (bytes[i] & 0x3Fu);
    return letter;
}

/* A letter that does not fit goes to the next segment whole. */
static unsigned fill(struct slice text, bool is_gsm, unsigned room)
{
    unsigned count = text.len > 0, used = 0;
    for (size_t at = 0; at < text.len;) {
        uint32_t letter = next_letter(text, &at);
        unsigned width = is_gsm ? gsm_width(letter) : utf16_width(letter);
        if (used + width > room) {
            count++;
            used = 0;
        }
        used += width;
    }
    return count;
}

struct text_segments text_segments(struct slice text)
{
    struct text_segments out = {.is_gsm = true};
    for (size_t at = 0; at < text.len; out.letters++)
        out.is_gsm = gsm_width(next_letter(text, &at)) > 0 && out.is_gsm;
    out.count = fill(text, out.is_gsm, out.is_gsm ? 160 : 70);
    if (out.count > 1)
        out.count = fill(text, out.is_gsm, out.is_gsm ? 153 : 67);
    return out;
}
