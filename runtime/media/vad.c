#include "media/vad.h"

#include <math.h>
#include <stddef.h>

/* libwebrtc_audio_processing exports these without a header. */
void *WebRtcVad_Create(void);
int WebRtcVad_Init(void *handle);
int WebRtcVad_set_mode(void *handle, int mode);
int WebRtcVad_Process(void *handle, int rate_hz, const int16_t *pcm, size_t count);
void WebRtcVad_Free(void *handle);

#define RATE_HZ 8000
#define FULL_SCALE 32768.0
#define SETTLE_MS 140 /* until then it takes any noise for voice (measured: 80–120) */
#define LEVEL_FLOOR_DBOV (-100.0)

const struct vad_settings vad_defaults = {
    .onset_ms = 80,
    .hangover_ms = 200,
    .mode = 2,
    .min_level_dbov = -50,
};

enum err vad_init(struct vad *vad, const struct vad_settings *settings)
{
    *vad = (struct vad){.settings = *settings, .level_dbov = LEVEL_FLOOR_DBOV};
    vad->handle = WebRtcVad_Create();
    if (!vad->handle)
        return ERR_NOMEM;
    if (WebRtcVad_Init(vad->handle) == 0 && WebRtcVad_set_mode(vad->handle, settings->mode) == 0)
        return ERR_OK;
    vad_close(vad);
    return ERR_BAD;
}

void vad_close(struct vad *vad)
{
    if (vad->handle)
        WebRtcVad_Free(vad->handle);
    vad->handle = NULL;
}

/* Of what moves: a constant offset has no level. */
static double level_dbov(const int16_t pcm[FRAME_SAMPLES])
{
    int64_t sum = 0, squares = 0;
    for (unsigned i = 0; i < FRAME_SAMPLES; i++) {
        sum += pcm[i];
        squares += (int64_t)pcm[i] * pcm[i];
    }
    double mean = (double)sum / FRAME_SAMPLES;
    double power = (double)squares / FRAME_SAMPLES - mean * mean;
    double level = 10 * log10(fmax(power, 1e-9) / (FULL_SCALE * FULL_SCALE));
    return fmax(level, LEVEL_FLOOR_DBOV);
}

static bool is_voiced(struct vad *vad, const int16_t pcm[FRAME_SAMPLES])
{
    vad->level_dbov = level_dbov(pcm);
    /* Fed with every frame, quiet ones too: it learns the noise from them. */
    vad->settled_ms += vad->settled_ms < SETTLE_MS ? FRAME_MS : 0;
    bool is_settled = vad->settled_ms >= SETTLE_MS;
    bool sounds_voiced = WebRtcVad_Process(vad->handle, RATE_HZ, pcm, FRAME_SAMPLES) == 1;
    return is_settled && sounds_voiced && vad->level_dbov >= vad->settings.min_level_dbov;
}

enum vad_event vad_frame(struct vad *vad, const int16_t pcm[FRAME_SAMPLES])
{
    bool goes_on = is_voiced(vad, pcm) == vad->is_speech;
    unsigned *counted_ms = vad->is_speech ? &vad->silent_ms : &vad->voiced_ms;
    unsigned needed_ms = vad->is_speech ? vad->settings.hangover_ms : vad->settings.onset_ms;
    *counted_ms = goes_on ? 0 : *counted_ms + FRAME_MS;
    if (goes_on || *counted_ms < needed_ms)
        return VAD_NONE;
    vad->voiced_ms = vad->silent_ms = 0;
    vad->is_speech = !vad->is_speech;
    return vad->is_speech ? VAD_SPEECH_START : VAD_SPEECH_END;
}
