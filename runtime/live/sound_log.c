#include "live/sound_log.h"

#include "live/call.h"
#include "observe/log.h"

#define EVERY_MS 1000

static void write_line(const struct call *call, uint64_t now_ms)
{
    const struct sound_log *before = &call->sound_log;
    const struct jitter_stats *heard = &call->ear.jitter.stats;
    const struct pacer *pacer = &call->pacer;
    log_shown("audio.second",
        "call=%s in=%llu jitter_late=%llu concealed=%llu skipped=%llu depth_ms=%u level_dbov=%.1f "
        "voice=%d feeding=%d out=%llu out_late=%u unplayed_ms=%llu",
        call->facts.call_id, (unsigned long long)(heard->count_in - before->heard.count_in),
        (unsigned long long)(heard->count_late - before->heard.count_late),
        (unsigned long long)(heard->count_concealed - before->heard.count_concealed),
        (unsigned long long)(heard->count_skipped - before->heard.count_skipped),
        call->ear.jitter.depth_ms, call->ear.has_vad ? call->ear.vad.level_dbov : 0.0,
        call->ear.has_vad && call->ear.vad.is_speech, call->is_feeding,
        (unsigned long long)((call->agent_talk_ms - before->talked_ms) / FRAME_MS),
        before->late_frames, (unsigned long long)pacer_unplayed_ms(pacer, now_ms));
}

void sound_log_tick(struct call *call, uint64_t now_ms)
{
    struct sound_log *told = &call->sound_log;
    if (!log_shows(LOG_FLAG_AUDIO)) {
        told->due_ms = 0;
        return;
    }
    if (now_ms < told->due_ms)
        return;
    if (told->due_ms)
        write_line(call, now_ms);
    *told = (struct sound_log){.due_ms = now_ms + EVERY_MS,
        .heard = call->ear.jitter.stats,
        .talked_ms = call->agent_talk_ms};
}
