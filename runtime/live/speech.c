/* Text-to-speech of a reply: what is asked of it, a context a segment, and its character times. What it sends goes through
   segments.c. */
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
    *segment =
        (struct segment){.context = ++call->next_context, .is_protected = reply->is_protected};
    reply->has_protected |= reply->is_protected;
    strbuf_init(&segment->text, SEGMENT_TEXT_BYTES);
    return segment;
}

static void on_ready(void *owner)
{
    struct call *call = owner;
    captured_tts(call, "ready", 0, (struct slice){0});
    log_debug("tts.ready", "call=%s", call->facts.call_id);
}

static void on_source(void *owner, uint32_t context, const char *provider, const char *model)
{
    struct call *call = owner;
    captured_source(call, CAPTURE_TTS, context, provider, model);
    fixed_source(call, context, provider);
    const struct segment *segment = find(call, context);
    if (segment)
        tracing_segment_source(call, segment, provider);
    if (strcmp(call->speaks, provider) == 0)
        return;
    slice_copy(slice_from(provider), call->speaks, sizeof call->speaks);
    log_info("tts.source", "call=%s provider=%s model=%s", call->facts.call_id, provider, model);
}

static void on_audio(void *owner, uint32_t context, const uint8_t *ulaw, size_t len)
{
    struct call *call = owner;
    struct segment *segment = find(call, context);
    captured_tts_audio(call, context, len);
    if (fixed_audio(call, context, ulaw, len) || !segment || segment->is_put || !len)
        return;
    segments_take_audio(call, segment, ulaw, len);
    segments_feed(call);
    outbound_tick(call, clock_ms());
    reply_pump(call);
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
    captured_tts_timings(owner, context, timings, count);
    if (fixed_timings(owner, context, timings, count))
        return;
    if (segment && !count)
        segment->character_count = segment->timed_bytes = 0;
    if (!segment || !has_room(segment, count))
        return;
    for (size_t i = 0; i < count; i++) {
        segment->timed_bytes += timings[i].character.len;
        segment->characters[segment->character_count++] = (struct heard_character){
            .bytes = (uint16_t)timings[i].character.len, .start_ms = timings[i].start_ms};
    }
}

static void on_end(void *owner, uint32_t context)
{
    struct call *call = owner;
    struct segment *segment = find(call, context);
    captured_tts(call, "end", context, (struct slice){0});
    if (fixed_end(call, context) || !segment || segment->is_put)
        return;
    segment->is_all_audio = true;
    call_span(call, SPAN_TTS_END, call->speaks);
    tracing_segment_over(call, segment);
    fixed_prepare(call);
    segments_feed(call);
    outbound_tick(call, clock_ms());
    reply_pump(call);
    call_arm(call);
}

/* Without: nothing is lost yet, and the next text opens another session. */
static bool is_waited_for(const struct reply *reply)
{
    for (size_t i = 0; i < reply->segment_count; i++)
        if (!reply->segments[i].is_all_audio)
            return true;
    return false;
}

static void on_failed(void *owner, const struct failure *failure)
{
    struct call *call = owner;
    captured_failed(call, CAPTURE_TTS, failure);
    metric_add(METRIC_TTS_FAILURES, 1);
    log_warn("tts.failed", "call=%s kind=%s err=%s why=%s", call->facts.call_id,
        failure_rule(failure->kind)->name, err_name(failure->err), failure->why);
    tracing_failed(call, SLOT_SPEAK, failure);
    speech_close(call);
    if (is_waited_for(&call->reply))
        call_event(
            call, (struct turn_event){.kind = TURN_EVENT_TTS_FAILED, .epoch = call->reply.epoch});
}

static const struct tts_listener listener = {.on_ready = on_ready,
    .on_source = on_source,
    .on_audio = on_audio,
    .on_timings = on_timings,
    .on_end = on_end,
    .on_failed = on_failed};

/* ---- text out ---- */

struct tts_settings speech_settings(const struct agent *agent)
{
    return (struct tts_settings){.stability = agent->voice_stability,
        .similarity = agent->voice_similarity,
        .speed = agent->voice_speed};
}

void speech_open(struct call *call)
{
    struct tts_settings settings = speech_settings(call->agent);
    settings.route = routes_of(call, SLOT_SPEAK);
    call->tts_generation = call->routes_generation;
    memcpy(call->tts_version, call->agent->version, sizeof call->tts_version);
    captured_tts(call, "open", 0, (struct slice){0});
    enum err err = call_settings(call)->tts_ops->open(
        &call->tts, call->worker->loop, &settings, &listener, call);
    if (err != ERR_OK) {
        call->tts = NULL;
        log_warn("tts.failed", "call=%s err=%s why=%s", call->facts.call_id, err_name(err),
            "cannot open a session");
    }
}

bool speech_is_current(struct call *call)
{
    (void)routes_of(call, SLOT_SPEAK);
    return call->tts_generation == call->routes_generation &&
           strcmp(call->tts_version, call->agent->version) == 0;
}

void speech_close(struct call *call)
{
    if (call->tts) {
        captured_tts(call, "close", 0, (struct slice){0});
        ops(call)->close(call->tts);
    }
    call->tts = NULL;
    fixed_lost(call);
}

static enum err ask(struct call *call, const char *event, uint32_t context, struct slice text)
{
    captured_tts(call, event, context, text);
    return ops(call)->text(call->tts, context, text, true);
}

static void ask_no_more(struct call *call, uint32_t context)
{
    captured_tts(call, "text_end", context, (struct slice){0});
    ops(call)->end(call->tts, context);
}

static void cancel(struct call *call, uint32_t context)
{
    captured_tts(call, "cancel", context, (struct slice){0});
    ops(call)->cancel(call->tts, context);
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
    if (segment && !segment->is_text_complete && call->tts)
        return segment;
    if (!call->tts)
        speech_open(call);
    reply_wait_for(call, TURN_PART_SYNTHESIS);
    segment = call->tts ? add_segment(call) : NULL;
    if (segment) {
        call->reply.times.tts_started = clock_ms();
        call_span(call, SPAN_TTS_START, "");
        tracing_segment_begins(call, segment);
    }
    return segment;
}

void speech_text(struct call *call, struct slice piece)
{
    struct segment *segment = segment_for_text(call);
    if (!segment || ask(call, "text", segment->context, piece) != ERR_OK) {
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
    ask_no_more(call, segment->context);
}

/* A name for a sound is heard when the sound begins. */
static void time_label(struct segment *segment)
{
    if (!has_room(segment, 1))
        return;
    segment->characters[0] = (struct heard_character){.bytes = (uint16_t)segment->text.len};
    segment->character_count = 1;
    segment->timed_bytes = segment->text.len;
}

void speech_add_sound_take(struct call *call, struct call_sound *sound)
{
    reply_wait_for(call, TURN_PART_PLAYOUT); /* there is nothing to synthesise */
    struct segment *segment = sound ? add_segment(call) : NULL;
    if (!segment) {
        sound_release(sound);
        return;
    }
    strbuf_add_slice(&segment->text, sound->text);
    strbuf_add_char(&segment->text, ' ');
    if (sound->is_label)
        time_label(segment);
    segment->is_tones = sound->is_tones;
    call->reply.has_tones |= sound->is_tones;
    captured_tts(call, "sound", segment->context, sound->text);
    segment->sound = sound;
    segment->audio_bytes = sound->ulaw.len;
    segment->audio_ms = (uint32_t)(segment->audio_bytes / ULAW_BYTES_PER_MS);
    segment->is_text_complete = true;
    segment->is_all_audio = true;
    segments_move(call);
    outbound_tick(call, clock_ms());
}

/* Names the sound instead of copying it. NULL: no memory. */
static struct call_sound *sound_of(const struct phrase *phrase, struct slice text)
{
    struct call_sound *sound = malloc(sizeof *sound + text.len);
    if (sound)
        *sound = (struct call_sound){
            .ulaw = phrase->ulaw, .text = {memcpy(sound + 1, text.data, text.len), text.len}};
    return sound;
}

static void time_words(struct segment *segment, const struct phrase *phrase)
{
    size_t count = phrase->character_count;
    if (!count || !has_room(segment, count))
        return;
    memcpy(segment->characters, phrase->characters, count * sizeof *phrase->characters);
    segment->character_count = count;
    segment->timed_bytes = segment->text.len;
}

bool speech_add_phrase_take(struct call *call, struct phrase *phrase, struct slice text)
{
    size_t before = call->reply.segment_count;
    speech_add_sound_take(call, sound_of(phrase, text));
    if (call->reply.segment_count == before) {
        phrase_release(phrase);
        return false;
    }
    struct segment *segment = newest(call);
    segment->phrase = phrase;
    time_words(segment, phrase);
    return true;
}

uint32_t speech_ask_phrase(struct call *call, struct slice text)
{
    uint32_t context = ++call->next_context;
    if (ask(call, "text_ahead", context, text) != ERR_OK)
        return 0;
    ask_no_more(call, context);
    return context;
}

/* Earlier segments too: the synthesiser may still be at them. */
void speech_cancel(struct call *call)
{
    for (size_t i = 0; i < call->reply.segment_count; i++) {
        struct segment *segment = &call->reply.segments[i];
        if (!segment->is_all_audio && call->tts)
            cancel(call, segment->context);
        segment->is_text_complete = true;
        segment->is_put = true;
        segment_drop_waiting(segment, segment_waiting_bytes(segment));
    }
}

/* What came may be on its way to the caller. */
static bool has_sound(const struct segment *segment)
{
    return segment->has_audio || segment->audio_bytes || segment->is_all_audio ||
           segment->is_protected;
}

bool speech_take_back(struct call *call, size_t first)
{
    struct reply *reply = &call->reply;
    for (size_t i = first; i < reply->segment_count; i++)
        if (has_sound(&reply->segments[i]))
            return false;
    while (reply->segment_count > first) {
        struct segment *segment = &reply->segments[--reply->segment_count];
        if (call->tts)
            cancel(call, segment->context);
        segment_free(segment);
    }
    return true;
}

/* ---- how much is asked for ---- */

/* Speech may be faster than expected: what has times is there already, whatever it was expected to last. */
static uint64_t coming_ms(const struct segment *segment)
{
    if (segment->is_all_audio)
        return 0;
    size_t len = segment->text.len;
    size_t timed = segment->timed_bytes < len ? segment->timed_bytes : len;
    uint64_t untimed_ms = (len - timed) * MS_PER_CHARACTER;
    uint64_t asked_ms = len * MS_PER_CHARACTER;
    uint64_t owed_ms = asked_ms > segment->audio_ms ? asked_ms - segment->audio_ms : 0;
    return untimed_ms < owed_ms ? untimed_ms : owed_ms;
}

uint32_t speech_credit_ms(const struct call *call)
{
    uint64_t sum_ms = pacer_unplayed_ms(&call->pacer, clock_ms());
    bool is_dry = call->pacer.count == 0;
    for (size_t i = 0; i < call->reply.segment_count; i++) {
        const struct segment *segment = &call->reply.segments[i];
        sum_ms += segment_waiting_bytes(segment) / ULAW_BYTES_PER_MS;
        if (!segment->has_audio ||
            !is_dry) /* else it is overdue: waiting for it could last for ever */
            sum_ms += coming_ms(segment);
    }
    return (uint32_t)sum_ms;
}
