/* From Twilio's messages to frames: one decode, voice activity on arrival, jitter buffer. */
#include <string.h>

#include "base/clock.h"
#include "live/call.h"
#include "media/g711.h"
#include "observe/log.h"
#include "observe/metrics.h"
#include "script/agent_table.h"

static void refuse(struct call *call, enum metric counter, const char *reason)
{
    metric_add(counter, 1);
    log_warn("stream.refused", "reason=%s", reason);
    ws_close(call->ws, 1008, reason);
}

/* ---- start ---- */

/* While tokens are rotated, a node with the new one and a node with the old one serve the same caller. */
static enum err check_token(struct stream_token *token, struct slice text, struct slice call_sid,
    const struct live_settings *settings)
{
    uint64_t now_ms = clock_wall_ms();
    enum err err =
        stream_token_check(token, text, call_sid, slice_from(settings->token_key), now_ms);
    struct slice second = slice_from(settings->second_token_key);
    if (err == ERR_BAD && second.len)
        err = stream_token_check(token, text, call_sid, second, now_ms);
    return err;
}

static const char *check_start(const struct call *call, const struct stream_start *start,
    struct stream_token *token, enum metric *counter)
{
    const struct live_settings *settings = call_settings(call);
    *counter = METRIC_STREAM_REFUSED_FORMAT;
    if (!start->is_ulaw_8000_mono)
        return "format is not 8000 Hz mono mu-law";
    *counter = METRIC_STREAM_REFUSED_TOKEN_WRONG;
    const char *text = stream_parameter(start, "token");
    if (!text)
        return "token missing";
    enum err err = check_token(token, slice_from(text), slice_from(start->call_sid), settings);
    if (err == ERR_TIMEOUT)
        *counter = METRIC_STREAM_REFUSED_TOKEN_EXPIRED;
    if (err != ERR_OK)
        return err == ERR_TIMEOUT ? "token expired" : "token wrong";
    *counter = METRIC_STREAM_REFUSED_TOKEN_USED;
    if (!stream_token_claim(token, clock_wall_ms()))
        return "token used before";
    return NULL;
}

static void on_start(struct call *call, const struct stream_start *start)
{
    if (call->is_started) {
        refuse(call, METRIC_STREAM_REFUSED_SECOND_START, "second start");
        return;
    }
    struct stream_token token;
    enum metric counter;
    const char *wrong = check_start(call, start, &token, &counter);
    struct agent *agent =
        wrong ? NULL : agent_table_choose(slice_from(token.tenant), start->call_sid);
    if (wrong)
        refuse(call, counter, wrong);
    else if (!agent)
        refuse(call, METRIC_STREAM_REFUSED_TENANT_GONE, "tenant is gone");
    else
        call_begin(call, start, &token, agent);
    agent_release(agent);
}

/* ---- media ---- */

static void count_jitter(struct call *call, const struct jitter_stats *before)
{
    const struct jitter_stats *stats = &call->jitter.stats;
    const struct {
        enum metric metric;
        uint64_t fresh;
    } counts[] = {
        {METRIC_JITTER_LATE, stats->count_late - before->count_late},
        {METRIC_JITTER_DUPLICATE, stats->count_duplicate - before->count_duplicate},
        {METRIC_JITTER_GAPS, stats->count_gaps - before->count_gaps},
        {METRIC_FRAMES_CONCEALED, stats->count_concealed - before->count_concealed},
        {METRIC_JITTER_SKIPPED, stats->count_skipped - before->count_skipped},
        {METRIC_JITTER_RESYNCS, stats->count_resyncs - before->count_resyncs},
    };
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
        if (counts[i].fresh)
            metric_add(counts[i].metric, (int64_t)counts[i].fresh);
}

/* A frame is due about when the next one arrives: taken along then, up to this early, it needs no timer of its own. */
#define DUE_SOON_MS 4

/* A key's tone is no voice; whoever was speaking has stopped. */
static enum vad_event listen(struct call *call, const int16_t pcm[FRAME_SAMPLES], uint64_t now_ms)
{
    static const int16_t silence[FRAME_SAMPLES];
    if (!call->has_vad || (call->dtmf.is_tone && !call->vad.is_speech))
        return VAD_NONE;
    double echo_dbov = echo_guard_level(&call->echo, now_ms);
    enum vad_event activity =
        vad_frame_over(&call->vad, call->dtmf.is_tone ? silence : pcm, echo_dbov);
    echo_guard_hear(&call->echo, now_ms, call->vad.level_dbov);
    return activity;
}

static void take_frame(
    struct call *call, struct frame *frame, uint64_t timestamp_ms, uint64_t now_ms)
{
    metric_add(METRIC_FRAMES_IN, 1);
    g711_to_pcm(frame->pcm, frame->ulaw, FRAME_SAMPLES);
    char key = call->has_dtmf ? dtmf_frame(&call->dtmf, frame->pcm) : 0;
    enum vad_event activity = listen(call, frame->pcm, now_ms);
    struct jitter_stats before = call->jitter.stats;
    jitter_put(&call->jitter, frame, timestamp_ms, now_ms);
    count_jitter(call, &before);
    if (key && now_ms >= call->own_tones_until_ms)
        hooks_key(call, key, keypad_heard(&call->keypad, key, now_ms));
    if (activity == VAD_SPEECH_START) {
        call->hearing.speech_started = now_ms - call->vad.settings.onset_ms;
        call_span(call, SPAN_MEDIA_IN, "speech started");
        hearing_start(call);
        call_event(call, (struct turn_event){.kind = TURN_EVENT_SPEECH_STARTED,
                             .lag_ms = call->vad.settings.onset_ms});
    } else if (activity == VAD_SPEECH_END) {
        call->hearing.speech_ended = now_ms - call->vad.settings.hangover_ms;
        call->caller_talk_ms += call->hearing.speech_ended - call->hearing.speech_started;
        call_span(call, SPAN_MEDIA_IN, "speech ended");
        call_event(call, (struct turn_event){.kind = TURN_EVENT_SPEECH_ENDED,
                             .lag_ms = call->vad.settings.hangover_ms});
    }
}

static void on_media(struct call *call, const struct stream_event *event)
{
    if (!event->media.is_inbound)
        return;
    uint64_t now_ms = clock_ms();
    call->last_media_ms = now_ms;
    sound_log_tick(call, now_ms);
    if (call->history_by_ms || call->opening_by_ms)
        return; /* nobody listens yet */
    const uint8_t *data = event->media.ulaw;
    size_t len = event->media.len;
    size_t before =
        call->framer.rest_len; /* samples that precede this message in its first frame */
    uint64_t timestamp_ms =
        event->media.timestamp_ms - (before / 8 < event->media.timestamp_ms ? before / 8 : 0);
    struct frame frame;
    while (framer_next(&call->framer, &data, &len, frame.ulaw)) {
        take_frame(call, &frame, timestamp_ms, now_ms);
        timestamp_ms += FRAME_MS;
    }
    if (!call->is_finished)
        inbound_tick(call, now_ms + DUE_SOON_MS);
    call_arm(call);
}

static void on_dtmf(struct call *call, char digit)
{
    hooks_key(call, digit, keypad_told(&call->keypad, digit, clock_ms()));
}

static bool is_foreign(const struct call *call, const struct stream_event *event)
{
    return call->is_started && event->stream_sid[0] &&
           strcmp(event->stream_sid, call->stream_sid) != 0;
}

void inbound_message(struct call *call, struct slice text)
{
    struct stream_event *event = &call->worker->message;
    if (stream_decode(event, text) != ERR_OK) {
        metric_add(METRIC_STREAM_MESSAGES_BAD, 1);
        return;
    }
    if (call->is_finished)
        return;
    if (is_foreign(call, event)) {
        refuse(call, METRIC_STREAM_REFUSED_FOREIGN, "foreign streamSid");
        return;
    }
    bool needs_start =
        event->kind == STREAM_MEDIA || event->kind == STREAM_DTMF || event->kind == STREAM_MARK;
    if (needs_start && !call->is_started) {
        refuse(call, METRIC_STREAM_REFUSED_BEFORE_START, "message before start");
        return;
    }
    switch (event->kind) {
    case STREAM_CONNECTED:
        break;
    case STREAM_START:
        on_start(call, &event->start);
        break;
    case STREAM_MEDIA:
        on_media(call, event);
        break;
    case STREAM_DTMF:
        on_dtmf(call, event->digit);
        break;
    case STREAM_MARK:
        outbound_mark(call, event->mark);
        break;
    case STREAM_STOP:
        call->is_stopped = true;
        call_stream_gone(call, "caller_hangup");
        break;
    case STREAM_UNKNOWN:
        metric_add(METRIC_STREAM_MESSAGES_UNKNOWN, 1);
        break;
    }
}

/* ---- the jitter buffer's clock ---- */

uint64_t inbound_deadline(const struct call *call)
{
    return jitter_deadline(&call->jitter);
}

void inbound_tick(struct call *call, uint64_t now_ms)
{
    struct jitter_stats before = call->jitter.stats;
    uint64_t due;
    while ((due = jitter_deadline(&call->jitter)) && now_ms >= due) {
        struct frame frame;
        if (jitter_get(&call->jitter, &frame, now_ms) != JITTER_EMPTY)
            hearing_frame(call, &frame);
    }
    count_jitter(call, &before);
}
