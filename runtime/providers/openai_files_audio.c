#include "providers/openai_files_audio.h"

#include <string.h>

#include "media/g711.h"
#include "media/level.h"
#include "media/resample.h"
#include "media/wav.h"

#define BYTES_PER_MS (FRAME_BYTES / FRAME_MS)
#define VOICE_DBOV (-50.0) /* the line's own noise is below it; local VAD has judged more finely */

void files_audio_put(struct files_audio *audio, const uint8_t ulaw[FRAME_BYTES])
{
    audio->written_ms += FRAME_MS;
    if (byte_queue_add(&audio->kept, ulaw, FRAME_BYTES)) {
        files_audio_free(audio);
        return;
    }
    if (audio->kept.len > FILES_KEPT_MS * BYTES_PER_MS)
        byte_queue_drop(&audio->kept, audio->kept.len - FILES_KEPT_MS * BYTES_PER_MS);
}

uint32_t files_audio_oldest_ms(const struct files_audio *audio)
{
    return audio->written_ms - (uint32_t)(audio->kept.len / BYTES_PER_MS);
}

void files_audio_forget(struct files_audio *audio, uint32_t before_ms)
{
    uint32_t oldest_ms = files_audio_oldest_ms(audio);
    if (before_ms > oldest_ms)
        byte_queue_drop(&audio->kept, (size_t)(before_ms - oldest_ms) * BYTES_PER_MS);
}

void files_audio_free(struct files_audio *audio)
{
    byte_queue_drop(&audio->kept, audio->kept.len);
}

/* The frame that begins at `at_ms`; what a shorter rest lacks is silence. Returns its samples. */
static size_t read_frame(
    const struct files_audio *audio, uint32_t at_ms, uint32_t to_ms, int16_t pcm[FRAME_SAMPLES])
{
    uint8_t ulaw[FRAME_BYTES];
    uint32_t length_ms = to_ms - at_ms < FRAME_MS ? to_ms - at_ms : FRAME_MS;
    size_t len = length_ms * BYTES_PER_MS;
    memset(ulaw, ULAW_SILENCE, sizeof ulaw);
    byte_queue_copy(
        &audio->kept, (size_t)(at_ms - files_audio_oldest_ms(audio)) * BYTES_PER_MS, ulaw, len);
    g711_to_pcm(pcm, ulaw, FRAME_SAMPLES);
    return len;
}

struct files_voice files_audio_voice(
    const struct files_audio *audio, uint32_t from_ms, uint32_t to_ms)
{
    struct files_voice voice = {.first_ms = from_ms, .last_ms = to_ms};
    int16_t pcm[FRAME_SAMPLES];
    for (uint32_t at_ms = from_ms; at_ms < to_ms; at_ms += FRAME_MS) {
        (void)read_frame(audio, at_ms, to_ms, pcm);
        if (level_dbov(pcm) < VOICE_DBOV)
            continue;
        if (!voice.voiced_ms)
            voice.first_ms = at_ms;
        voice.voiced_ms += FRAME_MS;
        voice.last_ms = at_ms + FRAME_MS < to_ms ? at_ms + FRAME_MS : to_ms;
    }
    return voice;
}

uint32_t files_audio_quietest_ms(const struct files_audio *audio, uint32_t from_ms, uint32_t to_ms)
{
    int16_t pcm[FRAME_SAMPLES];
    uint32_t best_ms = from_ms;
    double best_dbov = 1;
    for (uint32_t at_ms = from_ms; at_ms + FRAME_MS <= to_ms; at_ms += FRAME_MS) {
        (void)read_frame(audio, at_ms, to_ms, pcm);
        double dbov = level_dbov(pcm);
        if (dbov >= best_dbov)
            continue;
        best_dbov = dbov;
        best_ms = at_ms + FRAME_MS / 2;
    }
    return best_ms;
}

enum err files_audio_wav(
    const struct files_audio *audio, uint32_t from_ms, uint32_t to_ms, struct strbuf *out)
{
    struct resample *resample;
    enum err err = resample_create(&resample, FRAME_SAMPLES * 1000 / FRAME_MS, FILES_RATE_HZ);
    if (err)
        return err;
    int16_t narrow[FRAME_SAMPLES], wide[2 * FRAME_SAMPLES + 16];
    uint8_t header[WAV_HEADER_BYTES] = {0};
    size_t start = out->len;
    strbuf_reserve(out, WAV_HEADER_BYTES + (to_ms - from_ms) * (FILES_RATE_HZ / 1000) * 2 + 64);
    strbuf_add(out, header, sizeof header);
    for (uint32_t at_ms = from_ms; at_ms < to_ms; at_ms += FRAME_MS) {
        size_t len = read_frame(audio, at_ms, to_ms, narrow);
        size_t count = resample_run(resample, wide, sizeof wide / sizeof *wide, narrow, len);
        strbuf_add(out, wide, count * sizeof *wide);
    }
    resample_destroy(resample);
    if (out->failed)
        return ERR_NOMEM;
    wav_header(
        header, FILES_RATE_HZ, (uint32_t)((out->len - start - WAV_HEADER_BYTES) / sizeof(int16_t)));
    memcpy(out->data + start, header, sizeof header);
    return ERR_OK;
}
