/* Voice activity on arrival. A frame is voice when all of these say so:

      WebRTC's detector, which hears every caller at about the same level (loudness.h)
      the level: above the line's noise, near the caller's own, above our echo (echo_guard.h)
      no machine's tone (tone.h)

   Onset and hang-over counting follow, so that one stray frame neither starts nor ends speech. The first 120 ms of a stream
   only teach the noise. The same frames give the same events: no clock, no chance. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "media/frame.h"
#include "media/loudness.h"

/* How easily a sound is taken for the caller. */
enum vad_sensitivity {
    VAD_LOW,    /* noisy rooms: 100 ms of voice that stands out clearly */
    VAD_NORMAL, /* the defaults */
    VAD_HIGH,   /* soft voices: what is only a little above the noise, or above our echo */
};

struct vad_settings {
    unsigned onset_ms;    /* voice needed to call it speech: 80 */
    unsigned hangover_ms; /* silence needed to call it over: 200 */
    int mode;             /* WebRTC aggressiveness 0–3: 2 */
    int min_level_dbov;   /* frames quieter than this are silence: −55 */
    int margin_db;        /* voice stands this far above the noise of the line: 6 */
    int range_db;         /* what is this far below the caller's own level is somebody else: 28 */
    int echo_margin_db;   /* and this far above what our echo may be: 4 */
};
extern const struct vad_settings vad_defaults;
struct vad_settings vad_settings_for(enum vad_sensitivity sensitivity);

enum vad_event { VAD_NONE, VAD_SPEECH_START, VAD_SPEECH_END };

struct vad {
    void *handle; /* WebRtcVadInst */
    struct vad_settings settings;
    bool is_speech;
    unsigned voiced_ms;  /* in a row while not speech */
    unsigned silent_ms;  /* in a row while speech */
    unsigned settled_ms; /* heard so far, up to what it takes to learn the noise of the line */
    double level_dbov;   /* of the last frame */
    struct loudness loudness;
};

must_use enum err vad_init(
    struct vad *vad, const struct vad_settings *settings); /* allocates once */
void vad_close(struct vad *vad);
/* VAD_SPEECH_START comes `onset_ms` after the voice began, VAD_SPEECH_END `hangover_ms` after it ended. */
enum vad_event vad_frame(struct vad *vad, const int16_t pcm[FRAME_SAMPLES]);
/* The same while our own voice may come back, at `echo_dbov` at most (echo_guard.h). */
enum vad_event vad_frame_over(struct vad *vad, const int16_t pcm[FRAME_SAMPLES], double echo_dbov);
