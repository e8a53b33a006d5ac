#include "providers/openai_realtime_audio.h"

void realtime_audio_put(struct realtime_audio *audio, const uint8_t ulaw[FRAME_BYTES])
{
    if (audio->kept.len + FRAME_BYTES > AUDIO_KEPT_BYTES)
        byte_queue_drop(&audio->kept, FRAME_BYTES);
    if (byte_queue_add(&audio->kept, ulaw, FRAME_BYTES) != ERR_OK)
        realtime_audio_free(audio);
    audio->written += FRAME_BYTES;
    realtime_audio_skip_to(audio, realtime_audio_oldest(audio));
}

uint64_t realtime_audio_oldest(const struct realtime_audio *audio)
{
    return audio->written - audio->kept.len;
}

void realtime_audio_forget(struct realtime_audio *audio, uint64_t position)
{
    uint64_t oldest = realtime_audio_oldest(audio);
    if (position > oldest)
        byte_queue_drop(&audio->kept, (size_t)(position - oldest));
    realtime_audio_skip_to(audio, realtime_audio_oldest(audio));
}

void realtime_audio_free(struct realtime_audio *audio)
{
    byte_queue_drop(&audio->kept, audio->kept.len);
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
    byte_queue_copy(&audio->kept, (size_t)(audio->sent - realtime_audio_oldest(audio)), out, len);
    audio->sent += len;
    return len;
}
