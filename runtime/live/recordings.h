/* Speech that ships inside the binary, 8 kHz µ-law: it plays when every vendor is down. */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct recording {
    const uint8_t *ulaw;
    size_t len;
    const char *text; /* what it says */
};

struct recording recording_apology(void);
struct recording recording_moment(void);
struct recording recording_typing(void); /* whole frames, to be heard in a loop */
