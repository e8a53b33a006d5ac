/* Both sides of the call on one timeline: frame n of either file is what was said or played in the
   20 ms from n·20. Kept as µ-law, written as 8 kHz PCM. */
#pragma once

#include <stdint.h>

#include "base/err.h"
#include "base/strbuf.h"
#include "media/frame.h"

struct recording {
    struct strbuf caller;
    struct strbuf agent;
};

void recording_init(struct recording *recording);
void recording_free(struct recording *recording);
/* Silence fills what was left out before `at_ms`. */
void recording_frame(struct recording *recording, uint64_t at_ms, const uint8_t caller[FRAME_BYTES],
    const uint8_t agent[FRAME_BYTES]);
/* FOLDER/caller.wav and FOLDER/agent.wav; errno says why not. */
must_use enum err recording_write(const struct recording *recording, const char *folder);
