/* What a hexadecimal digit is worth, in either case. Pure. */
#pragma once

static inline int hex_value(char c) /* −1: it is none */
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}
