/* From the pacer to Twilio: frames when they are due, a mark after each piece and each segment, and the engine told what
   was played. */
#include <stdio.h>

#include "base/clock.h"
#include "live/call.h"
#include "observe/log.h"
#include "observe/metrics.h"

#define LATE_MS 5
#define LAST_WORD_MS                                                                               \
    1000 /* that the carrier may be behind our clock with the words before an end */
#define TELL_FIRST_MS 500 /* of a reply was heard: the record hears of it */
#define TELL_EVERY_MS 2000
#define TONES_ECHO_MS 600 /* the way back of an echo, and until a tone is told for a key */

/* Whether the frame sent last belongs to a filler before the reply's first words. */
static bool is_filler(const struct call *call)
{
    uint64_t end_ms = call->reply.played_before_ms + call->pacer.sent * FRAME_MS;
    return end_ms <= call->reply.segments[0].start_ms;
}

static void note_first_frame(struct call *call, uint64_t now_ms)
{
    struct turn_times *times = &call->reply.times;
    if (times->first_frame || !times->first_audio || is_filler(call))
        return;
    times->first_frame = now_ms;
    turn_parts_end(&call->reply.parts, now_ms);
    call->reply.tell_ms = now_ms + TELL_FIRST_MS;
    call_span(call, SPAN_MEDIA_OUT, "first");
    /* The first vendor of an answer; a script's own needs no model. */
    uint64_t vendor_asked =
        call->reply.is_scripted ? times->tts_started : times->first_model_started;
    if (!times->speech_ended || !vendor_asked)
        return; /* the greeting answers nobody */
    /* Ours is what lies before the first vendor is asked and after the last one answered. Tools count as asked for. */
    double own =
        (double)(vendor_asked - times->prompt_asked) + (double)(now_ms - times->first_audio);
    tally_answered(call, now_ms);
    metric_observe_ms(HISTOGRAM_OWN_DELAY, own);
}

static void tell_so_far(struct call *call, uint64_t now_ms)
{
    struct reply *reply = &call->reply;
    if (!reply->tell_ms || now_ms < reply->tell_ms)
        return;
    reply->tell_ms = now_ms + TELL_EVERY_MS;
    journal_reply_so_far(call);
}

/* Keys that we send come back as their echo: what sounds like a key meanwhile is none of the caller's. */
static void note_tones(struct call *call)
{
    const struct reply *reply = &call->reply;
    uint64_t end_ms = reply->played_before_ms + call->pacer.sent * FRAME_MS;
    for (size_t i = 0; reply->has_tones && i < reply->segment_count; i++) {
        const struct segment *segment = &reply->segments[i];
        bool is_within = segment->is_tones && end_ms > segment->start_ms &&
                         end_ms <= segment->start_ms + segment->audio_ms;
        if (is_within)
            call->own_tones_until_ms =
                pacer_audible_ms(&call->pacer) + call->marks.lag_ms + TONES_ECHO_MS;
    }
}

static void send_frame(struct call *call, uint8_t frame[FRAME_BYTES], uint64_t late_ms)
{
    gain_apply(&call->gain, frame);
    ear_play(&call->ear, frame, pacer_audible_ms(&call->pacer)); /* what its echo is told by */
    captured_frame(call, frame, pacer_audible_ms(&call->pacer));
    note_tones(call);
    char text[STREAM_MEDIA_OUT_SIZE];
    size_t len = stream_encode_media(text, call->stream_sid, frame);
    int dropped = ws_send_audio(call->ws, (struct slice){text, len}, AUDIO_QUEUE_FRAMES);
    metric_add(METRIC_FRAMES_OUT, 1);
    if (dropped > 0)
        metric_add(METRIC_FRAMES_DROPPED, dropped);
    call->sound_log.late_frames += late_ms > LATE_MS;
    if (late_ms > LATE_MS)
        metric_add(METRIC_FRAMES_LATE, 1);
    metric_observe_ms(HISTOGRAM_FRAME_LATENESS, (double)late_ms);
    admission_frame(&call->worker->admission, late_ms);
    call->agent_talk_ms += FRAME_MS;
    call->unmarked_ms += FRAME_MS;
}

static void send_text(struct call *call, struct strbuf *text)
{
    if (text->failed || ws_send(call->ws, strbuf_slice(text)) != ERR_OK)
        log_warn("stream.not_sent", "call=%s", call->facts.call_id);
    strbuf_free(text);
}

/* Behind everything sent so far. */
static void send_mark(struct call *call)
{
    const struct pacer *pacer = &call->pacer;
    uint32_t number = marks_sent(&call->marks, pacer->t0_ms + pacer->sent * FRAME_MS);
    char name[32];
    snprintf(name, sizeof name, "e%u-%u", call->marks.generation, number);
    struct strbuf text;
    strbuf_init(&text, 512);
    stream_encode_mark(&text, call->stream_sid, name);
    captured_mark(call, CAPTURE_MARK_OUT, name);
    send_text(call, &text);
    call->unmarked_ms = 0;
}

static void send_owed_marks(struct call *call)
{
    bool is_segment_over = call->owes_mark && call->pacer.count == 0;
    if (!is_segment_over && call->unmarked_ms < MARKS_EVERY_MS)
        return;
    send_mark(call);
    call->owes_mark &= !is_segment_over;
}

static void count_underruns(struct call *call)
{
    uint64_t fresh = call->pacer.underruns - call->seen_underruns;
    call->seen_underruns = call->pacer.underruns;
    if (!fresh)
        return;
    marks_idle(&call->marks); /* the carrier played all it had: it is no longer behind */
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
    marks_cleared(&call->marks);
    call->unmarked_ms = 0;
}

/* What the carrier has not played yet, to be sent again in some other way; false: there is nothing. Marks of it come back at
   once and mean nothing. */
static bool take_back(struct call *call, uint64_t now_ms)
{
    unsigned rewound = pacer_rewind(&call->pacer, call->marks.lag_ms, now_ms);
    if (!rewound)
        return false;
    ear_cut(&call->ear, now_ms);
    captured_clear(call, now_ms);
    send_clear(call);
    call->agent_talk_ms -= rewound * FRAME_MS;
    return true;
}

/* At the other level, or once the reply goes on. Marks that are owed get new names. */
static void splice(struct call *call, uint64_t now_ms)
{
    call->splice_ms = 0;
    bool was_all_sent = call->pacer.count == 0;
    call->owes_mark |= take_back(call, now_ms) && was_all_sent;
    if (call->level == OUTBOUND_SILENT)
        pacer_pause(&call->pacer);
    else
        gain_set(&call->gain, call->level == OUTBOUND_LOW);
}

static void level_reset(struct call *call)
{
    gain_reset(&call->gain);
    call->level = OUTBOUND_FULL;
    call->splice_ms = 0;
}

void outbound_set_level(struct call *call, enum outbound_level level)
{
    uint64_t now_ms = clock_ms();
    call->level = level;
    if (call->pacer.is_paused) { /* nothing is at the carrier */
        gain_set(&call->gain, level == OUTBOUND_LOW);
        pacer_resume(&call->pacer, now_ms);
    } else {
        call->splice_ms = pacer_boundary_ms(&call->pacer, now_ms);
    }
    outbound_tick(call, now_ms);
}

/* Behind this reply the line is taken away: the carrier drops what it has not played then, so the caller hears the last
   word only if its mark has come back first. 0: nothing is waited for. */
static uint64_t last_word_by_ms(const struct call *call)
{
    const struct turn *turn = &call->turn;
    bool is_last =
        turn->hangup_asked || turn->is_farewell || turn->state == TURN_ENDING || call->plan;
    uint64_t end_ms = pacer_end_ms(&call->pacer);
    return is_last && end_ms && marks_are_open(&call->marks) ? end_ms + LAST_WORD_MS : 0;
}

uint64_t outbound_deadline(const struct call *call)
{
    uint64_t last_ms = last_word_by_ms(call);
    uint64_t due_ms = last_ms ? last_ms : pacer_deadline(&call->pacer);
    bool is_splice_first = call->splice_ms && (!due_ms || call->splice_ms < due_ms);
    return is_splice_first ? call->splice_ms : due_ms;
}

static bool is_to_be_heard(const struct call *call, uint64_t now_ms)
{
    const struct reply *reply = &call->reply;
    uint64_t played_ms = outbound_played_ms(call, now_ms);
    for (size_t i = 0; i < reply->segment_count; i++) {
        const struct segment *segment = &reply->segments[i];
        bool is_heard = segment->is_put && played_ms >= segment->start_ms + segment->audio_ms;
        if (segment->is_protected && !is_heard)
            return true;
    }
    return false;
}

void outbound_tell_protection(struct call *call, uint64_t now_ms)
{
    bool is_protected = call->reply.has_protected && is_to_be_heard(call, now_ms);
    if (is_protected == call->is_protected)
        return;
    call->is_protected = is_protected;
    call_event(
        call, (struct turn_event){
                  .kind = TURN_EVENT_PROTECTED, .epoch = call->reply.epoch, .flag = is_protected});
}

void outbound_tick(struct call *call, uint64_t now_ms)
{
    if (!call->ws)
        return;
    segments_feed(call);
    if (call->splice_ms && now_ms >= call->splice_ms)
        splice(call, now_ms);
    uint8_t frame[FRAME_BYTES];
    uint64_t late_ms;
    while (pacer_take(&call->pacer, frame, now_ms, &late_ms)) {
        note_first_frame(call, now_ms);
        send_frame(call, frame, late_ms);
        tally_late(call, late_ms, now_ms);
        send_owed_marks(call);
    }
    send_owed_marks(call);
    tell_so_far(call, now_ms);
    count_underruns(call);
    outbound_tell_protection(call, now_ms);
    uint64_t sent = call->pacer.sent;
    if (now_ms < last_word_by_ms(call) || !pacer_finished(&call->pacer, now_ms))
        return;
    level_reset(call);
    marks_idle(&call->marks);
    call->is_protected = false;
    call->reply.played_before_ms += (uint32_t)(sent * FRAME_MS);
    call_event(call, (struct turn_event){.kind = TURN_EVENT_PLAYED,
                         .epoch = call->reply.epoch,
                         .flag = reply_is_spoken(&call->reply)});
    outbound_tell_protection(call, now_ms); /* what is still to come */
}

void outbound_mark(struct call *call, const char *name)
{
    unsigned generation, number;
    uint32_t lags = call->marks.lags;
    captured_mark(call, CAPTURE_MARK_IN, name);
    bool is_ours = sscanf(name, "e%u-%u", &generation, &number) == 2 &&
                   marks_echo(&call->marks, generation, number, clock_ms());
    if (is_ours && call->marks.lags != lags) {
        metric_add(METRIC_CARRIER_LAGS, 1);
        log_info("carrier.lag", "call=%s ms=%u", call->facts.call_id, call->marks.lag_ms);
    }
    if (is_ours && pacer_end_ms(&call->pacer)) /* it may have been the last word's */
        outbound_tick(call, clock_ms());
}

uint64_t outbound_played_ms(const struct call *call, uint64_t now_ms)
{
    uint64_t heard_ms = now_ms > call->marks.lag_ms ? now_ms - call->marks.lag_ms : 0;
    return call->reply.played_before_ms + pacer_played_ms(&call->pacer, heard_ms);
}

void outbound_clear(struct call *call)
{
    uint64_t now_ms = clock_ms();
    call->reply.played_before_ms = (uint32_t)outbound_played_ms(call, now_ms);
    pacer_clear(&call->pacer);
    ear_cut(&call->ear, now_ms);
    captured_clear(call, now_ms);
    call->owes_mark = false;
    level_reset(call);
    send_clear(call);
}

void outbound_fade(struct call *call)
{
    take_back(call, clock_ms());
    uint8_t *frame = pacer_keep_one(&call->pacer);
    if (!frame)
        return;
    gain_fade_out(frame);
    pacer_end(&call->pacer);
}
