/* The tones of keys for the line (spandsp's generator): 100 ms each, with 100 ms of silence behind. Pure but for the
   generator's own memory. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"

/* 0 to 9, A to D, * and #; "w" is half a second of silence. At least one of them. */
bool dtmf_tones_are_keys(struct slice keys);
size_t dtmf_tones_bytes(struct slice keys); /* of µ-law, whole frames */
must_use enum err dtmf_tones_make(uint8_t *ulaw, struct slice keys);
