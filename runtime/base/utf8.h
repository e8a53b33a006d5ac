/* UTF-8 by the letter of RFC 3629: no overlong forms, no surrogates, nothing past U+10FFFF. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* Bytes of the character that starts at `text`, 0 when it is not valid (or cut off by `len`). */
size_t utf8_length(const char *text, size_t len);
bool utf8_is_valid(const char *text, size_t len);
