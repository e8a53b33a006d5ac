#include "providers/openai_realtime_audio.h"

#include <stdlib.h>

#include "media/g711.h"

#define VOICE_LEVEL 184 /* mean magnitude: -45 dB below full scale */

static bool is_loud(const uint8_t ulaw[FRAME_BYTES])
{
    int16_t pcm[FRAME_SAMPLES];
    long sum = 0;
    g711_to_pcm(pcm, ulaw, FRAME_SAMPLES);
    for (int i = 0; i < FRAME_SAMPLES; i++)
        sum += abs(pcm[i]);
    return sum > (long)VOICE_LEVEL * FRAME_SAMPLES;
}

static void mark_voice(struct realtime_audio *audio)
{
    if (audio->voice_start == audio->voice_end)
        audio->voice_start = audio->written;
    audio->voice_end = audio->written + FRAME_BYTES;
}

bool realtime_audio_take_voice(struct realtime_audio *audio, uint64_t *start, uint64_t *end)
{
    *start = audio->voice_start;
    *end = audio->voice_end;
    audio->voice_start = audio->voice_end;
    return *end > *start;
}

void realtime_audio_put(struct realtime_audio *audio, const uint8_t ulaw[FRAME_BYTES])
{
    if (audio->kept.len + FRAME_BYTES > AUDIO_KEPT_BYTES)
        byte_queue_drop(&audio->kept, FRAME_BYTES);
    if (byte_queue_add(&audio->kept, ulaw, FRAME_BYTES) != ERR_OK)
        realtime_audio_free(audio);
    if (is_loud(ulaw))
        mark_voice(audio);
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
