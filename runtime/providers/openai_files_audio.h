/* What a caller said as 8 kHz µ-law, by the time of the session, for requests that want it as a file: the newest 30 s at most,
   and no more than is still needed. */
#pragma once

#include <stdint.h>

#include "base/byte_queue.h"
#include "base/err.h"
#include "base/strbuf.h"
#include "media/frame.h"

#define FILES_KEPT_MS 30000
#define FILES_RATE_HZ 16000 /* of the files: what whisper's models hear */

struct files_audio {
    struct byte_queue kept; /* up to `written_ms` */
    uint32_t written_ms;    /* since the session began */
};

/* Without memory for it, what was kept is forgotten with it: the words have a gap, times stay true. */
void files_audio_put(struct files_audio *audio, const uint8_t ulaw[FRAME_BYTES]);
void files_audio_forget(struct files_audio *audio, uint32_t before_ms);
void files_audio_free(struct files_audio *audio);
uint32_t files_audio_oldest_ms(const struct files_audio *audio); /* the first that is kept */

/* Where a stretch has sound that may be a voice. */
struct files_voice {
    uint32_t voiced_ms; /* in all; 0: none, and the times are of the whole stretch */
    uint32_t first_ms;
    uint32_t last_ms; /* its end */
};
struct files_voice files_audio_voice(
    const struct files_audio *audio, uint32_t from_ms, uint32_t to_ms);
/* The middle of the quietest 20 ms between the two: where a cut hurts no word. */
uint32_t files_audio_quietest_ms(const struct files_audio *audio, uint32_t from_ms, uint32_t to_ms);
/* Adds a whole WAV file: 16-bit PCM at FILES_RATE_HZ. All of the stretch must be kept. */
must_use enum err files_audio_wav(
    const struct files_audio *audio, uint32_t from_ms, uint32_t to_ms, struct strbuf *out);
