/* Voice activity on arrival: WebRTC's VAD (8 kHz, 20 ms) behind onset and hang-over counting, so that
   one stray frame neither starts nor ends speech. The first 120 ms of a stream only teach it the noise. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "media/frame.h"

struct vad_settings {
    unsigned onset_ms;    /* voice needed to call it speech: 80 */
    unsigned hangover_ms; /* silence needed to call it over: 200 */
    int mode;             /* WebRTC aggressiveness 0–3: 2 */
    int min_level_dbov;   /* frames quieter than this are silence: −50 */
};
extern const struct vad_settings vad_defaults;

enum vad_event { VAD_NONE, VAD_SPEECH_START, VAD_SPEECH_END };

struct vad {
    void *handle; /* WebRtcVadInst */
    struct vad_settings settings;
    bool is_speech;
    unsigned voiced_ms;  /* in a row while not speech */
    unsigned silent_ms;  /* in a row while speech */
    unsigned settled_ms; /* heard so far, up to what it takes to learn the noise of the line */
    double level_dbov;   /* of the last frame */
};

must_use enum err vad_init(
    struct vad *vad, const struct vad_settings *settings); /* allocates once */
void vad_close(struct vad *vad);
/* VAD_SPEECH_START comes `onset_ms` after the voice began, VAD_SPEECH_END `hangover_ms` after it ended. */
enum vad_event vad_frame(struct vad *vad, const int16_t pcm[FRAME_SAMPLES]);
