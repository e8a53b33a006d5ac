/* The audio of a reply's segments, synthesis and sounds, on its way to the pacer.

   segment 1 ─► pacer       in order, whole segments one after the other; what comes too early or too
   segment 2 ─► audio ┘     fast waits with its segment */
#include "base/clock.h"
#include "live/call.h"
#include "observe/metrics.h"

#define AUDIO_WAITING_MAX_BYTES (120 * 1000 * ULAW_BYTES_PER_MS)

/* ---- audio into the pacer ---- */

void segments_put_frame(struct call *call, const uint8_t frame[FRAME_BYTES])
{
    if (pacer_put(&call->pacer, frame, clock_ms()) != ERR_OK)
        metric_add(METRIC_FRAMES_DROPPED, 1);
    else
        call->reply.audio_put_ms += FRAME_MS;
}

/* As many whole frames as the pacer takes, less the one that an end may need. */
static void put_audio(struct call *call, const uint8_t **ulaw, size_t *len)
{
    uint8_t frame[FRAME_BYTES];
    while (*len && pacer_free_slots(&call->pacer) > 1 &&
           framer_next(&call->reply.framer, ulaw, len, frame))
        segments_put_frame(call, frame);
}

static void end_audio(struct call *call)
{
    uint8_t frame[FRAME_BYTES];
    if (framer_flush(&call->reply.framer, frame))
        segments_put_frame(call, frame);
    pacer_end(&call->pacer);
}

static void note_first_audio(struct call *call, struct segment *segment)
{
    struct turn_times *times = &call->reply.times;
    segment->has_audio = true;
    segment->start_ms = call->reply.audio_put_ms;
    if (times->first_audio)
        return;
    times->first_audio = clock_ms();
    if (!times->tts_started) /* a sound, or a phrase that was kept */
        return;
    metric_observe_ms(HISTOGRAM_TTS_FIRST_AUDIO, (double)(times->first_audio - times->tts_started));
    call_span(call, SPAN_TTS_FRAME, "first");
}

/* ---- segments one after the other ---- */

/* The one whose audio goes to the pacer now; NULL: all are through. */
static struct segment *turn_of(struct reply *reply)
{
    for (size_t i = 0; i < reply->segment_count; i++)
        if (!reply->segments[i].is_put)
            return &reply->segments[i];
    return NULL;
}

static void put_segment(
    struct call *call, struct segment *segment, const uint8_t **ulaw, size_t *len)
{
    call->reply.has_news |= *len > 0;
    if (!segment->has_audio && *len)
        note_first_audio(call, segment);
    put_audio(call, ulaw, len);
}

static void end_segment(struct call *call, struct segment *segment)
{
    end_audio(call);
    segment->is_put = true;
    segment->audio_ms = segment->has_audio ? call->reply.audio_put_ms - segment->start_ms : 0;
    call->owes_mark = true;
}

/* Of synthesis what came too early, of a sound its rest. */
static struct slice waiting_front(struct segment *segment)
{
    const struct call_sound *sound = segment->sound;
    if (!sound)
        return segment->audio.len ? byte_queue_front(&segment->audio) : SLICE("");
    return (struct slice){
        sound->ulaw.data + segment->sound_at, sound->ulaw.len - segment->sound_at};
}

void segment_drop_waiting(struct segment *segment, size_t len)
{
    if (segment->sound)
        segment->sound_at += len;
    else
        byte_queue_drop(&segment->audio, len);
}

void segment_free(struct segment *segment)
{
    strbuf_free(&segment->text);
    byte_queue_drop(&segment->audio, SIZE_MAX);
    sound_release(segment->sound);
    phrase_release(segment->phrase);
    free(segment->characters);
}

size_t segment_waiting_bytes(const struct segment *segment)
{
    return segment->sound ? segment->sound->ulaw.len - segment->sound_at : segment->audio.len;
}

/* What waits, as far as the pacer takes it. */
static void put_waiting(struct call *call, struct segment *segment)
{
    size_t len = 0;
    while (segment_waiting_bytes(segment) && !len) {
        struct slice front = waiting_front(segment);
        const uint8_t *ulaw = (const uint8_t *)front.data;
        len = front.len;
        put_segment(call, segment, &ulaw, &len);
        segment_drop_waiting(segment, front.len - len);
    }
}

void segments_move(struct call *call)
{
    if (!filler_feed(call))
        return;
    struct segment *segment;
    while ((segment = turn_of(&call->reply))) {
        put_waiting(call, segment);
        if (segment_waiting_bytes(segment) || !segment->is_all_audio)
            return;
        end_segment(call, segment);
    }
}

static bool waits_for_filler(struct call *call)
{
    const struct segment *segment = turn_of(&call->reply);
    return call->filler.is_on && segment && segment_waiting_bytes(segment);
}

bool segments_are_awaited(const struct call *call)
{
    return turn_of((struct reply *)&call->reply) != NULL;
}

void segments_feed(struct call *call)
{
    segments_move(call);
    bool is_there = call->reply.has_news || waits_for_filler(call);
    bool is_news = is_there && call->turn.state == TURN_THINKING;
    call->reply.has_news = false;
    if (is_news)
        call_event(call, (struct turn_event){.kind = TURN_EVENT_AUDIO, .epoch = call->reply.epoch});
}

void segments_take_audio(
    struct call *call, struct segment *segment, const uint8_t *ulaw, size_t len)
{
    uint64_t now_ms = clock_ms();
    tally_lead(call, now_ms);
    if (segment == call->reply.segments) /* the first: what is left is to play it */
        turn_parts_wait_for(&call->reply.parts, TURN_PART_PLAYOUT, now_ms);
    segment->audio_bytes += len;
    segment->audio_ms = (uint32_t)(segment->audio_bytes / ULAW_BYTES_PER_MS);
    segments_move(call);
    if (!call->filler.is_on && segment == turn_of(&call->reply) && !segment->audio.len)
        put_segment(call, segment, &ulaw, &len);
    bool has_room = segment->audio.len + len <= AUDIO_WAITING_MAX_BYTES;
    if (!has_room || byte_queue_add(&segment->audio, ulaw, len) != ERR_OK)
        metric_add(METRIC_FRAMES_DROPPED, (int64_t)(len / FRAME_BYTES));
    tally_buffer(call, now_ms);
}
