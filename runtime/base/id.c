#include "base/id.h"

#include <ctype.h>
#include <stdint.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/crypto.h"

static void print(uint8_t bytes[16], unsigned version, char out[ID_SIZE])
{
    bytes[6] = (uint8_t)((bytes[6] & 0x0f) | version << 4);
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    char *at = out;
    for (int i = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            *at++ = '-';
        at += snprintf(at, 3, "%02x", bytes[i]);
    }
}

void id_make(char out[ID_SIZE])
{
    uint8_t bytes[16];
    crypto_random(bytes, sizeof bytes);
    uint64_t wall_ms = clock_wall_ms();
    for (int i = 0; i < 6; i++)
        bytes[i] = (uint8_t)(wall_ms >> (40 - 8 * i));
    print(bytes, 7, out);
}

void id_of(struct slice name, char out[ID_SIZE])
{
    uint8_t hash[SHA256_BYTES];
    crypto_sha256(name, hash);
    print(hash, 8, out);
}

bool id_is(struct slice text)
{
    for (size_t i = 0; i < text.len; i++) {
        bool is_dash = i == 8 || i == 13 || i == 18 || i == 23;
        if (is_dash ? text.data[i] != '-' : !isxdigit((unsigned char)text.data[i]))
            return false;
    }
    return text.len == ID_SIZE - 1;
}
