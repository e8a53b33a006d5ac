#include "media/vad.h"

#include <math.h>
#include <stddef.h>

#include "media/level.h"
#include "media/tone.h"

/* libwebrtc_audio_processing exports these without a header. */
void *WebRtcVad_Create(void);
int WebRtcVad_Init(void *handle);
int WebRtcVad_set_mode(void *handle, int mode);
int WebRtcVad_Process(void *handle, int rate_hz, const int16_t *pcm, size_t count);
void WebRtcVad_Free(void *handle);

#define RATE_HZ 8000
#define SETTLE_MS 140 /* until then it takes any noise for voice (measured: 80–120) */
#define RELEASE_DB 3  /* speech that has begun may be this much quieter than its onset */

const struct vad_settings vad_defaults = {
    .onset_ms = 80,
    .hangover_ms = 200,
    .mode = 2,
    .min_level_dbov = -55,
    .margin_db = 6,
    .range_db = 28,
    .echo_margin_db = 4,
};

struct vad_settings vad_settings_for(enum vad_sensitivity sensitivity)
{
    struct vad_settings settings = vad_defaults;
    switch (sensitivity) {
    case VAD_LOW:
        settings.onset_ms = 100;
        settings.mode = 3;
        settings.min_level_dbov = -48;
        settings.margin_db = 9;
        settings.range_db = 22;
        settings.echo_margin_db = 7;
        break;
    case VAD_NORMAL:
        break;
    case VAD_HIGH:
        settings.min_level_dbov = -60;
        settings.margin_db = 4;
        settings.range_db = 36;
        settings.echo_margin_db = 2;
        break;
    }
    return settings;
}

enum err vad_init(struct vad *vad, const struct vad_settings *settings)
{
    *vad = (struct vad){.settings = *settings, .level_dbov = LEVEL_SILENCE_DBOV};
    loudness_init(&vad->loudness);
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

/* WebRTC's detector hears every caller at about the same level, and no noise that it cannot learn. Fed with every frame,
   quiet ones too: it learns the noise from them. */
static bool sounds_voiced(struct vad *vad, const int16_t pcm[FRAME_SAMPLES])
{
    int32_t factor = (int32_t)lrint(4096 * pow(10, vad->loudness.gain_db / 20));
    int16_t levelled[FRAME_SAMPLES];
    for (unsigned i = 0; i < FRAME_SAMPLES; i++) {
        int32_t sample = pcm[i] * factor / 4096;
        levelled[i] = (int16_t)(sample < INT16_MIN   ? INT16_MIN
                                : sample > INT16_MAX ? INT16_MAX
                                                     : sample);
    }
    return WebRtcVad_Process(vad->handle, RATE_HZ, levelled, FRAME_SAMPLES) == 1;
}

static double gate_dbov(const struct vad *vad, double echo_dbov)
{
    const struct vad_settings *settings = &vad->settings;
    double gate = fmax(settings->min_level_dbov, vad->loudness.floor_dbov + settings->margin_db);
    gate = fmax(gate, vad->loudness.voice_dbov - settings->range_db);
    gate -= vad->is_speech ? RELEASE_DB : 0;
    return fmax(gate, echo_dbov + settings->echo_margin_db);
}

static bool is_voiced(struct vad *vad, const int16_t pcm[FRAME_SAMPLES], double echo_dbov)
{
    vad->level_dbov = level_dbov(pcm);
    loudness_frame(&vad->loudness, vad->level_dbov);
    vad->settled_ms += vad->settled_ms < SETTLE_MS ? FRAME_MS : 0;
    bool is_settled = vad->settled_ms >= SETTLE_MS;
    return sounds_voiced(vad, pcm) && is_settled && vad->level_dbov >= gate_dbov(vad, echo_dbov) &&
           !tone_is(pcm);
}

enum vad_event vad_frame_over(struct vad *vad, const int16_t pcm[FRAME_SAMPLES], double echo_dbov)
{
    bool has_voice = is_voiced(vad, pcm, echo_dbov);
    if (has_voice && vad->is_speech)
        loudness_voice(&vad->loudness, vad->level_dbov);
    bool goes_on = has_voice == vad->is_speech;
    unsigned *counted_ms = vad->is_speech ? &vad->silent_ms : &vad->voiced_ms;
    unsigned needed_ms = vad->is_speech ? vad->settings.hangover_ms : vad->settings.onset_ms;
    *counted_ms = goes_on ? 0 : *counted_ms + FRAME_MS;
    if (goes_on || *counted_ms < needed_ms)
        return VAD_NONE;
    vad->voiced_ms = vad->silent_ms = 0;
    vad->is_speech = !vad->is_speech;
    return vad->is_speech ? VAD_SPEECH_START : VAD_SPEECH_END;
}

enum vad_event vad_frame(struct vad *vad, const int16_t pcm[FRAME_SAMPLES])
{
    return vad_frame_over(vad, pcm, LEVEL_SILENCE_DBOV);
}
