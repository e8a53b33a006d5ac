/* Up to five seconds of a caller as 8 kHz µ-law, by position: what is not sent yet, and what must be sent again
   when a connection is lost. Positions count bytes since the session began. Holds memory only for what is kept. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/byte_queue.h"
#include "media/frame.h"

#define AUDIO_BYTES_PER_MS 8
#define AUDIO_KEPT_BYTES (5000 * AUDIO_BYTES_PER_MS)
#define AUDIO_BATCH_BYTES                                                                          \
    (100 * AUDIO_BYTES_PER_MS) /* of one append, and the least a commit may hold */

struct realtime_audio {
    struct byte_queue kept; /* up to `written` */
    uint64_t written;
    uint64_t sent; /* what is before it needs no sending (any more) */
    uint64_t
        voice_start; /* first and last of what was loud enough to be voice, since it was asked for; */
    uint64_t voice_end; /* equal: nothing was */
};

/* Without memory for it, what was kept is forgotten with it: the words have a gap, positions stay true. */
void realtime_audio_put(struct realtime_audio *audio, const uint8_t ulaw[FRAME_BYTES]);
/* Nothing before `position` will ever be sent again. */
void realtime_audio_forget(struct realtime_audio *audio, uint64_t position);
void realtime_audio_free(struct realtime_audio *audio);
uint64_t realtime_audio_oldest(const struct realtime_audio *audio); /* first position still kept */
/* Nothing before `position` needs to be sent. */
void realtime_audio_skip_to(struct realtime_audio *audio, uint64_t position);
/* Goes back (or on) to `position`, as far as it is still kept. */
void realtime_audio_rewind(struct realtime_audio *audio, uint64_t position);
/* Copies what waits before `end`, at most a batch of it, and counts it as sent. Returns its length. */
size_t realtime_audio_take(
    struct realtime_audio *audio, uint64_t end, uint8_t out[AUDIO_BATCH_BYTES]);
/* Where voice was since the last call; false: nowhere. */
bool realtime_audio_take_voice(struct realtime_audio *audio, uint64_t *start, uint64_t *end);
