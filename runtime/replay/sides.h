/* Both sides of a captured call as µ-law on one clock, from the call's beginning: the caller's as it came, by the carrier's
   timestamps; the agent's as the caller heard it, on the play-out clock, without what was taken back. */
#pragma once

#include "replay/file.h"

#define SIDES_MAX_MS (4u * 3600 * 1000) /* the rest of a longer call is left out */

struct sides {
    uint8_t *caller, *agent; /* heap; `len` each */
    size_t len;
};

/* ERR_NOMEM, ERR_BAD: it has no head. */
must_use enum err sides_of(struct sides *sides, const struct replay_file *file);
void sides_free(struct sides *sides);
/* 16-bit PCM as a file; `right` NULL: mono. ERR_SYSTEM. */
must_use enum err sides_write_wav(
    const char *path, const uint8_t *left, const uint8_t *right, size_t len);
