#include "base/utf8.h"

#include <stdint.h>

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

bool utf8_is_valid(const char *text, size_t len)
{
    for (size_t i = 0; i < len;) {
        size_t step = utf8_length(text + i, len - i);
        if (!step)
            return false;
        i += step;
    }
    return true;
}
