/* UTF-8 by the letter of RFC 3629: no overlong forms, no surrogates, nothing past U+10FFFF. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* Bytes of the character that starts at `text`, 0 when it is not valid (or cut off by `len`). */
size_t utf8_length(const char *text, size_t len);
bool utf8_is_valid(const char *text, size_t len);

/* The same for text that comes in pieces; starts as zeros, which is also how it stands between whole
   characters. */
struct utf8_check {
    unsigned char missing;   /* bytes the running character still needs */
    unsigned char low, high; /* what the next one of them may be */
};

/* False at the first byte that no valid text can hold there; the check is of no use afterwards. */
bool utf8_check_take(struct utf8_check *check, const char *piece, size_t len);
bool utf8_check_is_whole(const struct utf8_check *check); /* no character is cut off */
