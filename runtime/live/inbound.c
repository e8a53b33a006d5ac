/* From Twilio's messages to frames: one decode, voice activity on arrival, jitter buffer. */
#include <string.h>

#include "base/clock.h"
#include "live/call.h"
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

static void act_on(struct call *call, const struct ear_heard *heard, uint64_t now_ms)
{
    const struct vad_settings *vad = &call->ear.vad.settings;
    if (heard->key && now_ms >= call->own_tones_until_ms)
        hooks_key(call, heard->key, keypad_heard(&call->keypad, heard->key, now_ms));
    if (heard->activity == VAD_SPEECH_START) {
        call->hearing.speech_started = now_ms - vad->onset_ms;
        call_span(call, SPAN_MEDIA_IN, "speech started");
        hearing_start(call);
        call_event(
            call, (struct turn_event){.kind = TURN_EVENT_SPEECH_STARTED, .lag_ms = vad->onset_ms});
    } else if (heard->activity == VAD_SPEECH_END) {
        call->hearing.speech_ended = now_ms - vad->hangover_ms;
        call->caller_talk_ms += call->hearing.speech_ended - call->hearing.speech_started;
        call_span(call, SPAN_MEDIA_IN, "speech ended");
        call_event(
            call, (struct turn_event){.kind = TURN_EVENT_SPEECH_ENDED, .lag_ms = vad->hangover_ms});
    }
}

static void take_frames(struct call *call, uint64_t now_ms)
{
    struct jitter_stats before = call->ear.jitter.stats;
    struct frame frame;
    while (ear_take(&call->ear, &frame, now_ms))
        hearing_frame(call, &frame);
    tally_jitter(call, &before, now_ms);
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
    struct slice ulaw = {(const char *)event->media.ulaw, event->media.len};
    captured_message(call, event->media.timestamp_ms, ulaw, now_ms);
    struct ear_message message = ear_message(&call->ear, ulaw, event->media.timestamp_ms, now_ms);
    struct jitter_stats before = call->ear.jitter.stats;
    struct ear_heard heard;
    while (ear_next(&call->ear, &message, &heard)) {
        metric_add(METRIC_FRAMES_IN, 1);
        captured_heard(call, &heard, now_ms);
        act_on(call, &heard, now_ms);
    }
    tally_jitter(call, &before, now_ms);
    if (!call->is_finished)
        take_frames(call, now_ms + EAR_DUE_SOON_MS);
    captured_jitter(call, now_ms, false);
    call_arm(call);
}

static void on_dtmf(struct call *call, char digit)
{
    captured_key(call, digit);
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
    return ear_deadline(&call->ear);
}

void inbound_tick(struct call *call, uint64_t now_ms)
{
    uint64_t deadline_ms = inbound_deadline(call);
    take_frames(call, now_ms);
    captured_jitter(call, now_ms, deadline_ms && deadline_ms <= now_ms);
}
