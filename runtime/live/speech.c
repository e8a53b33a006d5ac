/* Text-to-speech of a reply: segments, their audio into the pacer, their character times. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "live/call.h"
#include "observe/log.h"
#include "observe/metrics.h"

#define MS_PER_CHARACTER 65 /* what text will be worth before its audio is there */
#define CHARACTERS_MAX SEGMENT_TEXT_BYTES

static const struct tts_ops *ops(const struct call *call)
{
    return *(const struct tts_ops **)call->tts;
}

static struct segment *newest(struct call *call)
{
    struct reply *reply = &call->reply;
    return reply->segment_count ? &reply->segments[reply->segment_count - 1] : NULL;
}

static struct segment *find(struct call *call, uint32_t context)
{
    for (size_t i = 0; i < call->reply.segment_count; i++)
        if (call->reply.segments[i].context == context)
            return &call->reply.segments[i];
    return NULL;
}

static struct segment *add_segment(struct call *call)
{
    struct reply *reply = &call->reply;
    if (reply->segment_count == SEGMENTS_MAX)
        return NULL;
    struct segment *segment = &reply->segments[reply->segment_count++];
    *segment = (struct segment){.context = ++call->next_context};
    strbuf_init(&segment->text, SEGMENT_TEXT_BYTES);
    return segment;
}

/* ---- audio into the pacer ---- */

static void put_frame(struct call *call, const uint8_t frame[FRAME_BYTES])
{
    if (pacer_put(&call->pacer, frame, clock_ms()) != ERR_OK)
        metric_add(METRIC_FRAMES_DROPPED, 1);
    else
        call->reply.audio_put_ms += FRAME_MS;
}

static void put_audio(struct call *call, const uint8_t *ulaw, size_t len)
{
    uint8_t frame[FRAME_BYTES];
    while (framer_next(&call->reply.framer, &ulaw, &len, frame))
        put_frame(call, frame);
}

static void end_audio(struct call *call)
{
    uint8_t frame[FRAME_BYTES];
    if (framer_flush(&call->reply.framer, frame))
        put_frame(call, frame);
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
    metric_observe_ms(HISTOGRAM_TTS_FIRST_AUDIO, (double)(times->first_audio - times->tts_started));
    call_span(call, SPAN_TTS_FRAME, "first");
}

static void on_ready(void *owner)
{
    struct call *call = owner;
    log_debug("tts.ready", "call=%s", call->facts.call_id);
}

static void on_audio(void *owner, uint32_t context, const uint8_t *ulaw, size_t len)
{
    struct call *call = owner;
    struct segment *segment = find(call, context);
    if (!segment || !len)
        return;
    bool is_first = !segment->has_audio;
    if (is_first)
        note_first_audio(call, segment);
    put_audio(call, ulaw, len);
    segment->audio_ms = call->reply.audio_put_ms - segment->start_ms;
    if (is_first)
        call_event(call, (struct turn_event){.kind = TURN_EVENT_AUDIO, .epoch = call->reply.epoch});
    outbound_tick(call, clock_ms());
    call_arm(call);
}

static bool has_room(struct segment *segment, size_t count)
{
    size_t need = segment->character_count + count;
    if (need > CHARACTERS_MAX)
        return false;
    if (need <= segment->character_capacity)
        return true;
    size_t capacity = need * 2;
    struct heard_character *grown = realloc(segment->characters, capacity * sizeof *grown);
    if (!grown)
        return false;
    segment->characters = grown;
    segment->character_capacity = capacity;
    return true;
}

static void on_timings(
    void *owner, uint32_t context, const struct tts_timing *timings, size_t count)
{
    struct segment *segment = find(owner, context);
    if (!segment || !has_room(segment, count))
        return;
    for (size_t i = 0; i < count; i++)
        segment->characters[segment->character_count++] = (struct heard_character){
            .bytes = (uint16_t)timings[i].character.len, .start_ms = timings[i].start_ms};
}

static void on_end(void *owner, uint32_t context)
{
    struct call *call = owner;
    struct segment *segment = find(call, context);
    if (!segment)
        return;
    end_audio(call);
    segment->audio_ms = segment->has_audio ? call->reply.audio_put_ms - segment->start_ms : 0;
    segment->is_all_audio = true;
    call->owes_mark = true;
    call_span(call, SPAN_TTS_END, "");
    outbound_tick(call, clock_ms());
    call_arm(call);
}

static void on_failed(void *owner, enum err err, const char *why)
{
    struct call *call = owner;
    metric_add(METRIC_TTS_FAILURES, 1);
    log_warn("tts.failed", "call=%s err=%s why=%s", call->facts.call_id, err_name(err), why);
    speech_close(call);
    call_event(
        call, (struct turn_event){.kind = TURN_EVENT_TTS_FAILED, .epoch = call->reply.epoch});
}

static const struct tts_listener listener = {.on_ready = on_ready,
    .on_audio = on_audio,
    .on_timings = on_timings,
    .on_end = on_end,
    .on_failed = on_failed};

/* ---- text out ---- */

void speech_open(struct call *call)
{
    struct tts_settings settings = call->worker->live->options.settings.tts;
    const struct agent *agent = call->agent;
    if (agent->voice_id[0])
        settings.voice_id = agent->voice_id;
    if (agent->tts_model[0])
        settings.model = agent->tts_model;
    settings.stability = agent->voice_stability;
    settings.similarity = agent->voice_similarity;
    settings.speed = agent->voice_speed;
    enum err err = elevenlabs_tts.open(&call->tts, call->worker->loop, &settings, &listener, call);
    if (err != ERR_OK) {
        call->tts = NULL;
        log_warn("tts.failed", "call=%s err=%s why=%s", call->facts.call_id, err_name(err),
            "cannot open a session");
    }
}

void speech_close(struct call *call)
{
    if (call->tts)
        ops(call)->close(call->tts);
    call->tts = NULL;
}

static void fail(struct call *call)
{
    call->reply.may_speak = false; /* once is enough */
    call_event(
        call, (struct turn_event){.kind = TURN_EVENT_TTS_FAILED, .epoch = call->reply.epoch});
}

static struct segment *segment_for_text(struct call *call)
{
    struct segment *segment = newest(call);
    if (segment && !segment->is_text_complete)
        return segment;
    if (!call->tts)
        speech_open(call);
    segment = call->tts ? add_segment(call) : NULL;
    if (segment) {
        call->reply.times.tts_started = clock_ms();
        call_span(call, SPAN_TTS_START, "");
    }
    return segment;
}

void speech_text(struct call *call, struct slice piece)
{
    struct segment *segment = segment_for_text(call);
    if (!segment || ops(call)->text(call->tts, segment->context, piece, true) != ERR_OK) {
        fail(call);
        return;
    }
    strbuf_add_slice(&segment->text, piece);
    strbuf_add_char(&segment->text, ' ');
}

void speech_finish(struct call *call)
{
    struct segment *segment = newest(call);
    if (!segment || segment->is_text_complete || !call->tts)
        return;
    segment->is_text_complete = true;
    ops(call)->end(call->tts, segment->context);
}

void speech_add_recording(
    struct call *call, const uint8_t *ulaw, size_t len, struct slice text, bool is_segment)
{
    struct segment *segment = is_segment ? add_segment(call) : NULL;
    if (segment) {
        strbuf_add_slice(&segment->text, text);
        segment->is_text_complete = true;
        note_first_audio(call, segment);
    }
    put_audio(call, ulaw, len);
    end_audio(call);
    if (segment) {
        segment->audio_ms = call->reply.audio_put_ms - segment->start_ms;
        segment->is_all_audio = true;
    }
    outbound_tick(call, clock_ms());
}

void speech_cancel(struct call *call)
{
    struct segment *segment = newest(call);
    if (!segment || segment->is_all_audio || !call->tts)
        return;
    ops(call)->cancel(call->tts, segment->context);
    segment->is_text_complete = true;
}

uint32_t speech_credit_ms(const struct call *call)
{
    uint64_t unplayed = pacer_unplayed_ms(&call->pacer, clock_ms());
    const struct reply *reply = &call->reply;
    if (!reply->segment_count)
        return (uint32_t)unplayed;
    const struct segment *segment = &reply->segments[reply->segment_count - 1];
    uint64_t asked = segment->text.len * MS_PER_CHARACTER;
    uint64_t coming =
        segment->is_all_audio || asked < segment->audio_ms ? 0 : asked - segment->audio_ms;
    return (uint32_t)(unplayed + coming);
}
