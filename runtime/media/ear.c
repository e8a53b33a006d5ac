#include "media/ear.h"

#include "media/g711.h"
#include "media/level.h"

void ear_init(struct ear *ear, const struct ear_settings *settings, uint64_t now_ms)
{
    *ear = (struct ear){.zero_ms = now_ms};
    framer_init(&ear->framer);
    jitter_init(&ear->jitter, settings->jitter_min_ms, settings->jitter_max_ms);
    ear->has_vad = vad_init(&ear->vad, &settings->vad) == ERR_OK;
    ear->has_dtmf = dtmf_init(&ear->dtmf) == ERR_OK;
    echo_guard_init(&ear->echo);
}

void ear_close(struct ear *ear)
{
    if (ear->has_vad)
        vad_close(&ear->vad);
    if (ear->has_dtmf)
        dtmf_close(&ear->dtmf);
    ear->has_vad = ear->has_dtmf = false;
}

/* ---- arrivals ---- */

struct ear_message ear_message(
    const struct ear *ear, struct slice ulaw, uint64_t timestamp_ms, uint64_t now_ms)
{
    uint64_t before_ms = ear->framer.rest_len / (FRAME_BYTES / FRAME_MS); /* in its first frame */
    return (struct ear_message){.data = (const uint8_t *)ulaw.data,
        .len = ulaw.len,
        .timestamp_ms = timestamp_ms - (before_ms < timestamp_ms ? before_ms : 0),
        .now_ms = now_ms};
}

/* A key's tone is no voice; whoever was speaking has stopped. */
static enum vad_event listen(struct ear *ear, const int16_t pcm[FRAME_SAMPLES], uint64_t at_ms)
{
    static const int16_t silence[FRAME_SAMPLES];
    if (!ear->has_vad || (ear->dtmf.is_tone && !ear->vad.is_speech))
        return VAD_NONE;
    double echo_dbov = echo_guard_level(&ear->echo, at_ms);
    enum vad_event activity =
        vad_frame_over(&ear->vad, ear->dtmf.is_tone ? silence : pcm, echo_dbov);
    echo_guard_hear(&ear->echo, at_ms, ear->vad.level_dbov);
    return activity;
}

bool ear_next(struct ear *ear, struct ear_message *message, struct ear_heard *heard)
{
    struct frame frame;
    if (!framer_next(&ear->framer, &message->data, &message->len, frame.ulaw))
        return false;
    uint64_t at_ms = message->now_ms - ear->zero_ms;
    g711_to_pcm(frame.pcm, frame.ulaw, FRAME_SAMPLES);
    heard->key = ear->has_dtmf ? dtmf_frame(&ear->dtmf, frame.pcm) : 0;
    heard->activity = listen(ear, frame.pcm, at_ms);
    heard->level_dbov = ear->vad.level_dbov;
    jitter_put(&ear->jitter, &frame, message->timestamp_ms, at_ms);
    message->timestamp_ms += FRAME_MS;
    return true;
}

/* ---- departures ---- */

uint64_t ear_deadline(const struct ear *ear)
{
    uint64_t due_ms = jitter_deadline(&ear->jitter);
    return due_ms ? due_ms + ear->zero_ms : 0;
}

bool ear_take(struct ear *ear, struct frame *frame, uint64_t now_ms)
{
    uint64_t due_ms;
    while ((due_ms = ear_deadline(ear)) && now_ms >= due_ms)
        if (jitter_get(&ear->jitter, frame, now_ms - ear->zero_ms) != JITTER_EMPTY)
            return true;
    return false;
}

/* ---- our own voice ---- */

void ear_play(struct ear *ear, const uint8_t ulaw[FRAME_BYTES], uint64_t audible_ms)
{
    int16_t pcm[FRAME_SAMPLES];
    g711_to_pcm(pcm, ulaw, FRAME_SAMPLES);
    echo_guard_play(&ear->echo, audible_ms - ear->zero_ms, level_dbov(pcm));
}

void ear_cut(struct ear *ear, uint64_t now_ms)
{
    echo_guard_cut(&ear->echo, now_ms - ear->zero_ms);
}
