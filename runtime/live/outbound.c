/* From the pacer to Twilio: frames when they are due, a mark after each segment, and the engine told what was played. */
#include <stdio.h>

#include "base/clock.h"
#include "live/call.h"
#include "media/g711.h"
#include "media/level.h"
#include "observe/log.h"
#include "observe/metrics.h"

#define LATE_MS 5

static void note_first_frame(struct call *call, uint64_t now_ms)
{
    struct turn_times *times = &call->reply.times;
    if (times->first_frame || !times->first_audio)
        return;
    times->first_frame = now_ms;
    call_span(call, SPAN_MEDIA_OUT, "first");
    if (!times->speech_ended || !times->model_started)
        return; /* the greeting answers nobody */
    /* Ours is what lies before the first vendor is asked and after the last one answered. Tools count as asked for. */
    double own = (double)(times->first_model_started - times->prompt_asked) +
                 (double)(now_ms - times->first_audio);
    metric_observe_ms(HISTOGRAM_TURN_RESPONSE, (double)(now_ms - times->speech_ended));
    metric_observe_ms(HISTOGRAM_OWN_DELAY, own);
}

/* What its echo will be told by. */
static void note_audible(struct call *call, const uint8_t frame[FRAME_BYTES])
{
    int16_t pcm[FRAME_SAMPLES];
    g711_to_pcm(pcm, frame, FRAME_SAMPLES);
    echo_guard_play(&call->echo, pacer_audible_ms(&call->pacer), level_dbov(pcm));
}

static void send_frame(struct call *call, uint8_t frame[FRAME_BYTES], uint64_t late_ms)
{
    gain_apply(&call->gain, frame);
    note_audible(call, frame);
    char text[STREAM_MEDIA_OUT_SIZE];
    size_t len = stream_encode_media(text, call->stream_sid, frame);
    int dropped = ws_send_audio(call->ws, (struct slice){text, len}, AUDIO_QUEUE_FRAMES);
    metric_add(METRIC_FRAMES_OUT, 1);
    if (dropped > 0)
        metric_add(METRIC_FRAMES_DROPPED, dropped);
    if (late_ms > LATE_MS)
        metric_add(METRIC_FRAMES_LATE, 1);
    metric_observe_ms(HISTOGRAM_FRAME_LATENESS, (double)late_ms);
    call->agent_talk_ms += FRAME_MS;
}

static void send_text(struct call *call, struct strbuf *text)
{
    if (text->failed || ws_send(call->ws, strbuf_slice(text)) != ERR_OK)
        log_warn("stream.not_sent", "call=%s", call->facts.call_id);
    strbuf_free(text);
}

static void send_mark(struct call *call)
{
    char name[32];
    snprintf(name, sizeof name, "e%u-%u", call->reply.epoch, ++call->marks_sent);
    struct strbuf text;
    strbuf_init(&text, 512);
    stream_encode_mark(&text, call->stream_sid, name);
    send_text(call, &text);
    call->owes_mark = false;
}

static void count_underruns(struct call *call)
{
    uint64_t fresh = call->pacer.underruns - call->seen_underruns;
    call->seen_underruns = call->pacer.underruns;
    if (!fresh)
        return;
    metric_add(METRIC_OUTBOUND_UNDERRUNS, (int64_t)fresh);
    log_warn("outbound.underrun", "call=%s turn=%u", call->facts.call_id, call->turn_number);
}

static void send_clear(struct call *call)
{
    ws_drop_audio(call->ws);
    struct strbuf text;
    strbuf_init(&text, 512);
    stream_encode_clear(&text, call->stream_sid);
    send_text(call, &text);
}

/* What the carrier has not played yet is taken back and sent again at the other level. Marks of what is sent again come back
   at once and mean nothing: those that are owed get new names. */
static void splice(struct call *call, uint64_t now_ms)
{
    call->splice_ms = 0;
    bool was_all_sent = call->pacer.count == 0;
    unsigned rewound = pacer_rewind(&call->pacer, now_ms);
    gain_set(&call->gain, call->wants_low);
    if (!rewound)
        return;
    echo_guard_cut(&call->echo, now_ms);
    send_clear(call);
    call->owes_mark |= was_all_sent;
    call->agent_talk_ms -= rewound * FRAME_MS;
}

static void level_reset(struct call *call)
{
    gain_reset(&call->gain);
    call->splice_ms = 0;
}

void outbound_level(struct call *call, bool is_low)
{
    uint64_t now_ms = clock_ms();
    call->wants_low = is_low;
    call->splice_ms = pacer_boundary_ms(&call->pacer, now_ms);
    outbound_tick(call, now_ms);
}

uint64_t outbound_deadline(const struct call *call)
{
    uint64_t due_ms = pacer_deadline(&call->pacer);
    bool is_splice_first = call->splice_ms && (!due_ms || call->splice_ms < due_ms);
    return is_splice_first ? call->splice_ms : due_ms;
}

void outbound_tick(struct call *call, uint64_t now_ms)
{
    if (!call->ws)
        return;
    speech_feed(call);
    if (call->splice_ms && now_ms >= call->splice_ms)
        splice(call, now_ms);
    uint8_t frame[FRAME_BYTES];
    uint64_t late_ms;
    while (pacer_take(&call->pacer, frame, now_ms, &late_ms)) {
        note_first_frame(call, now_ms);
        send_frame(call, frame, late_ms);
    }
    if (call->owes_mark && call->pacer.count == 0)
        send_mark(call);
    count_underruns(call);
    uint64_t sent = call->pacer.sent;
    if (!pacer_finished(&call->pacer, now_ms))
        return;
    level_reset(call);
    call->reply.played_before_ms += (uint32_t)(sent * FRAME_MS);
    call_event(call, (struct turn_event){.kind = TURN_EVENT_PLAYED,
                         .epoch = call->reply.epoch,
                         .flag = reply_is_spoken(&call->reply)});
}

uint64_t outbound_played_ms(const struct call *call, uint64_t now_ms)
{
    return call->reply.played_before_ms + pacer_played_ms(&call->pacer, now_ms);
}

void outbound_clear(struct call *call)
{
    uint64_t now_ms = clock_ms();
    call->reply.played_before_ms = (uint32_t)outbound_played_ms(call, now_ms);
    pacer_clear(&call->pacer);
    echo_guard_cut(&call->echo, now_ms);
    call->owes_mark = false;
    level_reset(call);
    send_clear(call);
}
