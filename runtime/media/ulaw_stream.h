/* A synthesiser's audio as the telephone wants it: µ-law passes through, 16-bit little-endian PCM of any rate is resampled and coded
   once. It may come in any portions: half a sample waits for its other half, and the filter's state goes on from portion to portion,
   so that no border is heard. Zeroed is a stream of µ-law. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"
#include "base/strbuf.h"

struct resample;

struct ulaw_stream {
    unsigned pcm_hz;           /* 0: it is µ-law */
    struct resample *resample; /* from the first sample on; NULL at 8 kHz */
    bool has_half;
    uint8_t half; /* of a sample */
};

void ulaw_stream_init(struct ulaw_stream *stream, unsigned pcm_hz);
void ulaw_stream_free(struct ulaw_stream *stream);
/* Appends to `out`. ERR_NOMEM; what did not fit in `out` is told by it. */
must_use enum err ulaw_stream_put(
    struct ulaw_stream *stream, struct slice audio, struct strbuf *out);
/* Another recording follows: half a sample of this one is forgotten. */
void ulaw_stream_cut(struct ulaw_stream *stream);
/* What the filter still holds, less than 3 ms. */
must_use enum err ulaw_stream_end(struct ulaw_stream *stream, struct strbuf *out);
