#include "media/ulaw_stream.h"

#include <string.h>

#include "media/g711.h"
#include "media/resample.h"

#define ULAW_HZ 8000
#define BLOCK_SAMPLES 480
#define PCM_HZ_LEAST 2000 /* below it a block grows beyond the buffer */
#define MADE_MOST (BLOCK_SAMPLES * ULAW_HZ / PCM_HZ_LEAST + 16)
#define TAIL_DIVISOR 400 /* of a second: more than the filter's delay at any rate above ours */

void ulaw_stream_init(struct ulaw_stream *stream, unsigned pcm_hz)
{
    *stream = (struct ulaw_stream){.pcm_hz = pcm_hz};
}

void ulaw_stream_free(struct ulaw_stream *stream)
{
    resample_destroy(stream->resample);
    *stream = (struct ulaw_stream){0};
}

static enum err put_block(
    struct ulaw_stream *stream, const int16_t *pcm, size_t count, struct strbuf *out)
{
    int16_t made[MADE_MOST];
    uint8_t ulaw[MADE_MOST];
    if (stream->pcm_hz < PCM_HZ_LEAST)
        return ERR_BAD;
    if (!stream->resample && stream->pcm_hz != ULAW_HZ) {
        enum err err = resample_create(&stream->resample, stream->pcm_hz, ULAW_HZ);
        if (err)
            return err;
    }
    if (stream->resample) {
        count = resample_run(stream->resample, made, MADE_MOST, pcm, count);
        pcm = made;
    }
    g711_to_ulaw(ulaw, pcm, count);
    strbuf_add(out, ulaw, count);
    return ERR_OK;
}

static bool take_byte(struct ulaw_stream *stream, uint8_t byte, int16_t *sample)
{
    if (stream->has_half)
        *sample = (int16_t)(stream->half | byte << 8);
    stream->half = byte;
    stream->has_half = !stream->has_half;
    return !stream->has_half;
}

enum err ulaw_stream_put(struct ulaw_stream *stream, struct slice audio, struct strbuf *out)
{
    int16_t pcm[BLOCK_SAMPLES];
    size_t count = 0;
    if (!stream->pcm_hz) {
        strbuf_add_slice(out, audio);
        return ERR_OK;
    }
    for (size_t i = 0; i < audio.len; i++) {
        count += take_byte(stream, (uint8_t)audio.data[i], &pcm[count]);
        bool is_last = i + 1 == audio.len;
        if (!count || (count < BLOCK_SAMPLES && !is_last))
            continue;
        enum err err = put_block(stream, pcm, count, out);
        if (err)
            return err;
        count = 0;
    }
    return ERR_OK;
}

void ulaw_stream_cut(struct ulaw_stream *stream)
{
    stream->has_half = false;
}

enum err ulaw_stream_end(struct ulaw_stream *stream, struct strbuf *out)
{
    int16_t silence[BLOCK_SAMPLES] = {0};
    size_t count = stream->pcm_hz / TAIL_DIVISOR;
    ulaw_stream_cut(stream);
    if (!stream->resample)
        return ERR_OK;
    return put_block(stream, silence, count < BLOCK_SAMPLES ? count : BLOCK_SAMPLES, out);
}
