#include "base/utf8.h"

#include <stdint.h>
#include <string.h>

static size_t expected_length(unsigned char first)
{
    if (first < 0x80)
        return 1;
    if (first >= 0xc2 && first <= 0xdf)
        return 2;
    if (first >= 0xe0 && first <= 0xef)
        return 3;
    if (first >= 0xf0 && first <= 0xf4)
        return 4;
    return 0;
}

size_t utf8_length(const char *text, size_t len)
{
    const unsigned char *bytes = (const unsigned char *)text;
    size_t need = len ? expected_length(bytes[0]) : 0;
    if (need == 0 || need > len)
        return 0;
    uint32_t code = need == 1 ? bytes[0] : bytes[0] & (0xffu >> (need + 1));
    for (size_t i = 1; i < need; i++) {
        if ((bytes[i] & 0xc0) != 0x80)
            return 0;
        code = code << 6 | (bytes[i] & 0x3f);
    }
    bool is_overlong = (need == 3 && code < 0x800) || (need == 4 && code < 0x10000);
    bool is_surrogate = code >= 0xd800 && code <= 0xdfff;
    return is_overlong || is_surrogate || code > 0x10ffff ? 0 : need;
}

/* How many plain ASCII bytes `text` begins with, eight at a time: nearly all text there is. */
static size_t ascii_length(const char *text, size_t len)
{
    size_t i = 0;
    for (uint64_t word; len - i >= sizeof word; i += sizeof word) {
        memcpy(&word, text + i, sizeof word);
        if (word & 0x8080808080808080u)
            break;
    }
    while (i < len && !((unsigned char)text[i] & 0x80))
        i++;
    return i;
}

bool utf8_is_valid(const char *text, size_t len)
{
    for (size_t i = ascii_length(text, len); i < len; i += ascii_length(text + i, len - i)) {
        size_t step = utf8_length(text + i, len - i);
        if (!step)
            return false;
        i += step;
    }
    return true;
}

/* The bounds of the second byte keep out overlong forms, surrogates and what lies past U+10FFFF. */
static bool begin_character(struct utf8_check *check, unsigned char first)
{
    size_t need = expected_length(first);
    check->missing = need ? (unsigned char)(need - 1) : 0;
    check->low = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
    check->high = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;
    return need > 0;
}

static bool continue_character(struct utf8_check *check, unsigned char next)
{
    bool is_right = next >= check->low && next <= check->high;
    check->missing--;
    check->low = 0x80;
    check->high = 0xbf;
    return is_right;
}

bool utf8_check_take(struct utf8_check *check, const char *piece, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (!check->missing && (i += ascii_length(piece + i, len - i)) == len)
            break;
        unsigned char byte = (unsigned char)piece[i];
        if (!(check->missing ? continue_character(check, byte) : begin_character(check, byte)))
            return false;
    }
    return true;
}

bool utf8_check_is_whole(const struct utf8_check *check)
{
    return !check->missing;
}
