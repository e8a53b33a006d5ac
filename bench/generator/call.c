/* The open stream: frames out on absolute deadlines, turns, and what the agent sends. */
#include "generator/call.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wire/talk.h"

#define ACCOUNT "AC00000000000000000000000000000001"
#define REPLY_OVER_US 300000 /* quiet for so long behind the end of play-out: the reply is over */
#define FRAME_BYTES 160

/* ---- out ---- */

void call_send(struct call *call, char *text, size_t len)
{
    char head[TALK_HEAD_MAX];
    size_t head_len = talk_frame_head(head, TALK_TEXT, len, call->mask);
    talk_mask(text, len, call->mask);
    channel_write2(&call->channel, (struct slice){head, head_len}, (struct slice){text, len});
}

/* The same for a text with room for the head before it: one piece is cheaper to send than two. */
static void send_in_place(struct call *call, char *text, size_t len)
{
    char head[TALK_HEAD_MAX];
    size_t head_len = talk_frame_head(head, TALK_TEXT, len, call->mask);
    talk_mask(text, len, call->mask);
    memcpy(text - head_len, head, head_len);
    channel_write(&call->channel, text - head_len, head_len + len);
}

static void send_start(struct call *call)
{
    char connected[] = "{\"event\":\"connected\",\"protocol\":\"Call\",\"version\":\"1.0.0\"}";
    char start[4096];
    int len = snprintf(start, sizeof start,
        "{\"event\":\"start\",\"sequenceNumber\":\"%llu\",\"streamSid\":\"%s\",\"start\":{"
        "\"streamSid\":\"%s\",\"accountSid\":\"" ACCOUNT "\",\"callSid\":\"%s\","
        "\"tracks\":[\"inbound\"],\"mediaFormat\":{\"encoding\":\"audio/x-mulaw\","
        "\"sampleRate\":8000,\"channels\":1},\"customParameters\":{%s}}}",
        (unsigned long long)++call->sequence, call->stream_sid, call->stream_sid, call->call_sid,
        call->parameters.data ? call->parameters.data : "");
    call_send(call, connected, strlen(connected));
    call_send(call, start, (size_t)len);
}

static void send_chunk(
    struct call *call, const char payload[CALL_FRAME_TEXT], unsigned long long chunk)
{
    char room[TALK_HEAD_MAX + 512];
    char *text = room + TALK_HEAD_MAX;
    int len = snprintf(text, sizeof room - TALK_HEAD_MAX,
        "{\"event\":\"media\",\"sequenceNumber\":\"%llu\",\"streamSid\":\"%s\",\"media\":{"
        "\"track\":\"inbound\",\"chunk\":\"%llu\",\"timestamp\":\"%llu\",\"payload\":\"%.*s\"}}",
        (unsigned long long)++call->sequence, call->stream_sid, chunk, (chunk - 1) * 20,
        CALL_FRAME_TEXT, payload);
    send_in_place(call, text, (size_t)len);
}

static uint64_t dice(void *owner, uint64_t below)
{
    return call_random(owner, below);
}

static void send_media(struct call *call, const char payload[CALL_FRAME_TEXT])
{
    struct fleet *fleet = call->fleet;
    const struct line_faults *faults = &fleet->options.line;
    struct line_frame frame = {.payload = payload, .chunk = ++call->chunk};
    if (!line_has_faults(faults)) {
        send_chunk(call, payload, frame.chunk);
        return;
    }
    line_put(&call->line, faults, frame, fleet->poller.now_us, dice, call, &fleet->line);
    while (line_take(&call->line, fleet->poller.now_us, &frame))
        send_chunk(call, frame.payload, frame.chunk);
}

static void send_mark(struct call *call, const char *name)
{
    char text[256];
    int len = snprintf(text, sizeof text,
        "{\"event\":\"mark\",\"sequenceNumber\":\"%llu\",\"streamSid\":\"%s\","
        "\"mark\":{\"name\":\"%s\"}}",
        (unsigned long long)++call->sequence, call->stream_sid, name);
    call_send(call, text, (size_t)len);
}

static void hang_up(struct call *call)
{
    char text[512];
    int len = snprintf(text, sizeof text,
        "{\"event\":\"stop\",\"sequenceNumber\":\"%llu\",\"streamSid\":\"%s\","
        "\"stop\":{\"accountSid\":\"" ACCOUNT "\",\"callSid\":\"%s\"}}",
        (unsigned long long)++call->sequence, call->stream_sid, call->call_sid);
    char goodbye[] = "\x03\xe8", head[TALK_HEAD_MAX];
    if (!call->fleet->options.is_echo)
        call_send(call, text, (size_t)len);
    size_t head_len = talk_frame_head(head, TALK_CLOSE, 2, call->mask);
    talk_mask(goodbye, 2, call->mask);
    channel_write2(&call->channel, (struct slice){head, head_len}, (struct slice){goodbye, 2});
    call->is_good = !call->unanswered;
    call_fail(call, call->is_good ? "" : "a turn without an answer");
}

/* ---- marks ---- */

static void answer_marks(struct call *call, uint64_t now_us)
{
    while (call->mark_count && call->marks[call->mark_first].played_us <= now_us) {
        send_mark(call, call->marks[call->mark_first].name);
        call->mark_first = (call->mark_first + 1) % CALL_MARKS_MAX;
        call->mark_count--;
        if (!call->mark_count && now_us >= call->playout.ends_us)
            playout_end(&call->playout);
    }
}

static void take_mark(struct call *call, struct slice text)
{
    if (call->mark_count == CALL_MARKS_MAX) {
        call_fail(call, "too many marks at once");
        return;
    }
    struct call_mark *mark = &call->marks[(call->mark_first + call->mark_count++) % CALL_MARKS_MAX];
    slice_copy(talk_field(text, "name"), mark->name, sizeof mark->name);
    mark->played_us = call->playout.is_open ? call->playout.ends_us : 0;
    call->fleet->marks++;
}

static void take_clear(struct call *call, uint64_t now_us)
{
    for (unsigned i = 0; i < call->mark_count; i++)
        call->marks[(call->mark_first + i) % CALL_MARKS_MAX].played_us = 0;
    call->playout.ends_us = now_us;
    playout_end(&call->playout);
    answer_marks(call, now_us);
    call->fleet->clears++;
    if (call->phase != BARGING || !call->onset_us)
        return;
    if (call->fleet->is_measuring)
        samples_add(&call->fleet->barge, now_us - call->onset_us);
    call->onset_us = 0;
    call->barges_done++;
}

/* ---- turns ---- */

static void enter(struct call *call, enum turn_phase phase, uint64_t now_us)
{
    call->phase = phase;
    call->phase_us = now_us;
}

uint64_t call_random(struct call *call, uint64_t below)
{
    uint64_t value = (uint64_t)random() << 20 ^ (uint64_t)random();
    return below ? value % below : 0;
}

static void rest(struct call *call, uint64_t now_us)
{
    uint64_t rest_us = call->fleet->options.rest_ms * 1000ull;
    call->rest_us = rest_us * 3 / 4 + call_random(call, rest_us / 2);
    enter(call, RESTING, now_us);
}

static void ask(struct call *call, uint64_t now_us)
{
    call->asked++;
    call->speech_frame = 0;
    playout_end(&call->playout);
    enter(call, ASKING, now_us);
}

static void interrupt(struct call *call, uint64_t now_us)
{
    call->asked++;
    call->barges++;
    call->speech_frame = 0;
    call->onset_us = now_us;
    enter(call, BARGING, now_us);
}

static void heard_all(struct call *call, uint64_t now_us)
{
    bool is_greeted = call->phase == GREETING;
    playout_end(&call->playout);
    call->answered += !is_greeted;
    rest(call, now_us);
    if (is_greeted) /* calls that began together do not ask together */
        call->rest_us = call_random(call, 2000ull * call->fleet->options.rest_ms);
}

static bool is_reply_over(const struct call *call, uint64_t now_us)
{
    return call->heard_us && now_us > call->heard_us + REPLY_OVER_US &&
           now_us > call->playout.ends_us + REPLY_OVER_US;
}

/* The next frame of the caller's words; the last of them ends the question. */
static const char *speak(struct call *call, uint64_t now_us)
{
    const char *payload = call->fleet->speech[call->speech_frame++];
    if (call->speech_frame < call->fleet->speech_frames)
        return payload;
    call->asked_us = now_us;
    call->onset_us = 0;
    playout_end(&call->playout);
    enter(call, AWAITING, now_us);
    return payload;
}

static void step_hearing(struct call *call, uint64_t now_us)
{
    uint64_t barge_us = call->fleet->options.barge_ms * 1000ull;
    bool is_meant = call->answered % call->fleet->options.barge_every == 0;
    if (is_reply_over(call, now_us))
        heard_all(call, now_us);
    else if (barge_us && is_meant && !call->is_leaving && now_us - call->phase_us >= barge_us) {
        call->answered++;
        interrupt(call, now_us);
    }
}

static void step(struct call *call, uint64_t now_us)
{
    const struct options *options = &call->fleet->options;
    switch (call->phase) {
    case GREETING:
        if (is_reply_over(call, now_us) ||
            (!call->heard_us && now_us - call->phase_us >= options->greeting_ms * 1000ull))
            heard_all(call, now_us);
        return;
    case AWAITING:
        if (now_us - call->phase_us < options->answer_ms * 1000ull)
            return;
        call->unanswered++;
        rest(call, now_us);
        return;
    case HEARING:
        step_hearing(call, now_us);
        return;
    case RESTING:
        if (call->is_leaving)
            hang_up(call);
        else if (now_us - call->phase_us >= call->rest_us)
            ask(call, now_us);
        return;
    case ASKING:
    case BARGING:
        return;
    }
}

/* ---- every 20 ms ---- */

static void tick_echo(struct call *call)
{
    if (call->is_leaving)
        hang_up(call);
    else
        send_media(call, call->fleet->silence);
}

void call_tick(struct call *call)
{
    struct fleet *fleet = call->fleet;
    uint64_t now_us = fleet->poller.now_us;
    if (fleet->is_measuring) {
        samples_add(&fleet->send_late, now_us - call->next_us);
        fleet->frames_out++;
    }
    call->next_us += CALL_FRAME_US;
    alarm_set(&fleet->poller, &call->alarm, call->next_us);
    if (fleet->options.is_echo) {
        tick_echo(call);
        return;
    }
    answer_marks(call, now_us);
    call->is_leaving |= call->leave_us && now_us >= call->leave_us;
    step(call, now_us);
    if (call->state != CALL_UP)
        return;
    bool is_speaking = call->phase == ASKING || call->phase == BARGING;
    send_media(call, is_speaking ? speak(call, now_us) : fleet->silence);
}

void call_up(struct call *call)
{
    struct fleet *fleet = call->fleet;
    uint64_t now_us = fleet->poller.now_us;
    fleet->up++;
    if (fleet->up > fleet->most_up)
        fleet->most_up = fleet->up;
    call->up_us = now_us;
    if (fleet->options.length_to_ms)
        call->leave_us =
            now_us + 1000ull * (fleet->options.length_from_ms +
                                   call_random(call, fleet->options.length_to_ms -
                                                         fleet->options.length_from_ms + 1));
    if (!fleet->options.is_echo)
        send_start(call);
    enter(call, GREETING, now_us);
    call->next_us = now_us + call_random(call, CALL_FRAME_US);
    alarm_set(&fleet->poller, &call->alarm, call->next_us);
}

void call_leave(struct call *call)
{
    call->is_leaving = true;
    if (call->state != CALL_UP && call->state != CALL_OVER)
        call_fail(call, "not up when the window ended");
}

/* ---- in ---- */

static size_t payload_bytes(struct slice payload)
{
    size_t padding = 0;
    while (padding < 2 && padding < payload.len && payload.data[payload.len - 1 - padding] == '=')
        padding++;
    return payload.len / 4 * 3 - padding;
}

static void note_arrival(struct call *call, const struct arrival *arrival, size_t bytes)
{
    struct fleet *fleet = call->fleet;
    if (!fleet->is_measuring)
        return;
    fleet->frames_in++;
    fleet->audio_us += bytes * 125;
    fleet->odd_frames += bytes != FRAME_BYTES;
    fleet->underruns += arrival->is_underrun;
    fleet->talked_over += call->phase == ASKING;
    samples_add(&fleet->late, arrival->late_us);
    samples_add(&fleet->off_pace, arrival->off_pace_us);
}

static void take_media(struct call *call, struct slice text, uint64_t now_us)
{
    size_t bytes = payload_bytes(talk_field(text, "payload"));
    struct arrival arrival = playout_media(&call->playout, now_us, bytes * 125);
    call->media_in++;
    call->heard_us = now_us;
    note_arrival(call, &arrival, bytes);
    if (call->phase == RESTING)
        enter(call, HEARING, now_us); /* it goes on speaking */
    if (call->phase != AWAITING)
        return;
    if (call->fleet->is_measuring && arrival.is_new)
        samples_add(&call->fleet->response, now_us - call->asked_us);
    enter(call, HEARING, now_us);
}

void call_message(struct call *call, struct slice text)
{
    struct slice event = talk_field(text, "event");
    uint64_t now_us = call->fleet->poller.now_us;
    if (call->fleet->options.is_echo) {
        call->fleet->frames_in += call->fleet->is_measuring;
        call->media_in++;
        return;
    }
    bool is_mine = slice_is(talk_field(text, "streamSid"), call->stream_sid);
    if (is_mine && slice_is(event, "media"))
        take_media(call, text, now_us);
    else if (is_mine && slice_is(event, "mark"))
        take_mark(call, text);
    else if (is_mine && slice_is(event, "clear"))
        take_clear(call, now_us);
    else
        call->fleet->bad_messages++;
}
