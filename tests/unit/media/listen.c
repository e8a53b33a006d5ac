#include "listen.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "media/echo_guard.h"
#include "media/level.h"

#define CLOCK_MS 700003 /* the recording's zero on our clock: not a whole number of frames */

static void note(struct heard *heard, enum vad_event event, double now_ms, double from_ms)
{
    if (event == VAD_SPEECH_END) {
        heard->ends++;
        heard->last_end_ms = now_ms;
    }
    if (event != VAD_SPEECH_START || now_ms < from_ms)
        return;
    if (!heard->starts++)
        heard->first_start_ms = now_ms;
}

struct heard listen_over(const int16_t *pcm, const int16_t *played, size_t count, double from_ms,
    const struct vad_settings *settings)
{
    struct vad vad;
    struct echo_guard guard;
    struct heard heard = {.first_start_ms = -1};
    assert_int_equal(vad_init(&vad, settings), ERR_OK);
    echo_guard_init(&guard);
    for (size_t at = 0; at + FRAME_SAMPLES <= count; at += FRAME_SAMPLES) {
        uint64_t now_ms = CLOCK_MS + at / 8;
        if (played)
            echo_guard_play(&guard, now_ms, level_dbov(played + at));
        enum vad_event event = vad_frame_over(&vad, pcm + at, echo_guard_level(&guard, now_ms));
        echo_guard_hear(&guard, now_ms, vad.level_dbov);
        note(&heard, event, (double)(at + FRAME_SAMPLES) / 8, from_ms);
        heard.speech_ms += vad.is_speech ? FRAME_MS : 0;
    }
    heard.is_speech = vad.is_speech;
    vad_close(&vad);
    return heard;
}

struct heard listen(const int16_t *pcm, size_t count, const struct vad_settings *settings)
{
    return listen_over(pcm, NULL, count, 0, settings);
}
