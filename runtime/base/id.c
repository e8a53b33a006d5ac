#include "base/id.h"

#include <stdint.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/crypto.h"

void id_make(char out[ID_SIZE])
{
    uint8_t bytes[16];
    crypto_random(bytes, sizeof bytes);
    uint64_t wall_ms = clock_wall_ms();
    for (int i = 0; i < 6; i++)
        bytes[i] = (uint8_t)(wall_ms >> (40 - 8 * i));
    bytes[6] = (bytes[6] & 0x0f) | 0x70;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    char *at = out;
    for (int i = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            *at++ = '-';
        at += snprintf(at, 3, "%02x", bytes[i]);
    }
}
