#include "providers/openai_realtime_audio.h"

#include <string.h>

_Static_assert(AUDIO_KEPT_BYTES % FRAME_BYTES == 0, "a frame never wraps around the ring");

void realtime_audio_put(struct realtime_audio *audio, const uint8_t ulaw[FRAME_BYTES])
{
    memcpy(audio->ring + audio->written % AUDIO_KEPT_BYTES, ulaw, FRAME_BYTES);
    audio->written += FRAME_BYTES;
    realtime_audio_skip_to(audio, realtime_audio_oldest(audio));
}

uint64_t realtime_audio_oldest(const struct realtime_audio *audio)
{
    return audio->written > AUDIO_KEPT_BYTES ? audio->written - AUDIO_KEPT_BYTES : 0;
}

void realtime_audio_skip_to(struct realtime_audio *audio, uint64_t position)
{
    if (audio->sent < position)
        audio->sent = position;
}

void realtime_audio_rewind(struct realtime_audio *audio, uint64_t position)
{
    audio->sent = position;
    realtime_audio_skip_to(audio, realtime_audio_oldest(audio));
}

size_t realtime_audio_take(
    struct realtime_audio *audio, uint64_t end, uint8_t out[AUDIO_BATCH_BYTES])
{
    if (end > audio->written)
        end = audio->written;
    size_t len = end > audio->sent ? (size_t)(end - audio->sent) : 0;
    if (len > AUDIO_BATCH_BYTES)
        len = AUDIO_BATCH_BYTES;
    for (size_t i = 0; i < len; i++)
        out[i] = audio->ring[(audio->sent + i) % AUDIO_KEPT_BYTES];
    audio->sent += len;
    return len;
}
