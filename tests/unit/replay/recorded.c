#include "recorded.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/varint.h"
#include "live/policy.h"
#include "media/g711.h"
#include "observe/capture_chunk.h"
#include "text/pieces.h"

#define RECORDS_MAX_BYTES (64u << 20)
#define CHUNK_BYTES 60000
#define LEAD_MS 160

/* What the model writes; each round the next. */
static const char *const answers[] = {
    "Sure. I have Tuesday at ten thirty, or Thursday at two in the afternoon.",
    "Got it. Dr. Lee sees you on Thursday at 2 p.m. Shall I text you the details?",
    "You're welcome. Goodbye.",
};

static uint32_t next_random(struct recorded *call)
{
    call->seed = call->seed * 1664525u + 1013904223u;
    return call->seed >> 8;
}

void recorded_put(struct recorded *call, enum capture_kind kind, struct slice content)
{
    capture_record_add(&call->records, kind, call->now_ms - call->at_ms, content);
    call->at_ms = call->now_ms;
}

static void put_buf(struct recorded *call, enum capture_kind kind, struct strbuf *content)
{
    recorded_put(call, kind, strbuf_slice(content));
    strbuf_free(content);
}

static void put_json(struct recorded *call, enum capture_kind kind, const char *event,
    const char *number_name, uint32_t number, const char *text)
{
    struct strbuf out;
    strbuf_init(&out, 4096);
    strbuf_printf(&out, "{\"event\":\"%s\",\"%s\":%u", event, number_name, number);
    if (text) {
        strbuf_add_text(&out, ",\"text\":");
        strbuf_add_json(&out, slice_from(text));
    }
    strbuf_add_char(&out, '}');
    put_buf(call, kind, &out);
}

/* ---- the head ---- */

static void add_list(struct strbuf *out, enum turn_list list)
{
    strbuf_printf(out, "%s\"%s\":[", list ? "," : "", turn_list_name(list));
    for (unsigned i = 0; i < turn_list_count(list); i++)
        strbuf_printf(out, "%s\"%s\"", i ? "," : "", turn_list_member(list, i));
    strbuf_add_char(out, ']');
}

static void put_head(struct recorded *call)
{
    struct strbuf out;
    strbuf_init(&out, 16384);
    strbuf_add_text(&out,
        "{\"format\":1,\"build\":\"test\",\"call_id\":\"0199\",\"call_sid\":\"CA01\","
        "\"tenant_id\":\"acme-dental\",\"agent_version\":\"0123456789abcdef\","
        "\"started_wall_ms\":1767225600000,\"direction\":\"inbound\",\"attempt\":0,"
        "\"caller\":\"+15550100123\",\"called\":\"+15550100002\",\"settings\":{");
    for (unsigned i = 0; i < turn_settings_count(); i++)
        strbuf_printf(&out, "%s\"%s\":%u", i ? "," : "", turn_setting_name(i),
            turn_setting_get(&call->turn.settings, i));
    strbuf_printf(&out, "},\"jitter\":{\"min_ms\":%u,\"max_ms\":%u},\"names\":{",
        call->ear.jitter.min_ms, call->ear.jitter.max_ms);
    for (unsigned list = 0; list < TURN_LISTS; list++)
        add_list(&out, (enum turn_list)list);
    strbuf_add_text(&out, "},\"agent\":{\"always_interrupts\":[\"stop\",\"wait\"],"
                          "\"never_interrupts\":[\"jolly good\"]}}");
    put_buf(call, CAPTURE_HEADER, &out);
}

void recorded_begin(struct recorded *call, const struct turn_settings *settings, uint32_t seed)
{
    *call = (struct recorded){.seed = seed};
    strbuf_init(&call->records, RECORDS_MAX_BYTES);
    turn_init(&call->turn, settings);
    struct ear_settings ear = {.vad = vad_defaults, .jitter_min_ms = 20, .jitter_max_ms = 200};
    ear_init(&call->ear, &ear, 0);
    put_head(call);
}

/* ---- the engine ---- */

static void later(
    struct recorded *call, uint64_t after_ms, struct turn_event event, const char *text)
{
    if (call->later_count < RECORDED_LATER_MAX)
        call->later[call->later_count++] =
            (struct recorded_later){call->now_ms + after_ms, event, text};
}

static void step(struct recorded *call, struct turn_event event);

static void write_answer(struct recorded *call, uint32_t epoch)
{
    const char *text = answers[call->replies++ % (sizeof answers / sizeof *answers)];
    put_json(call, CAPTURE_LLM, "ask", "epoch", epoch, NULL);
    put_json(call, CAPTURE_LLM, "text", "epoch", epoch, text);
    struct pieces pieces;
    pieces_init(&pieces);
    (void)pieces_add(&pieces, slice_from(text));
    struct slice piece;
    bool is_flushed = false;
    call->is_text_over = false;
    unsigned before = 0;
    for (;;) {
        while (!call->is_text_over && pieces_next(&pieces, &piece)) {
            unsigned ended = pieces.sentences - before;
            before = pieces.sentences;
            step(call,
                (struct turn_event){.kind = TURN_EVENT_PIECE, .epoch = epoch, .sentences = ended});
        }
        if (is_flushed)
            break;
        put_json(call, CAPTURE_LLM, "done", "epoch", epoch, NULL);
        pieces_flush(&pieces);
        is_flushed = true;
    }
    step(call, (struct turn_event){.kind = TURN_EVENT_MODEL_DONE, .epoch = epoch});
}

static void act(struct recorded *call, const struct turn_action *action)
{
    static const char *const words[] = {
        "I would like to book a cleaning", "Thursday, and my number is", "yeah", "wait, no"};
    uint32_t epoch = action->epoch;
    if (action->kind == TURN_ACTION_COMMIT_SPEECH) {
        uint32_t item = ++call->items;
        later(call, 0, (struct turn_event){.kind = TURN_EVENT_COMMITTED, .item = item}, NULL);
        later(call, 180, (struct turn_event){.kind = TURN_EVENT_FINAL, .item = item},
            words[item % (sizeof words / sizeof *words)]);
    } else if (action->kind == TURN_ACTION_COMMIT_TURN || action->kind == TURN_ACTION_DRAFT_TURN) {
        call->turns += action->kind == TURN_ACTION_COMMIT_TURN;
        later(call, 20, (struct turn_event){.kind = TURN_EVENT_PROMPT_READY, .epoch = epoch}, NULL);
    } else if (action->kind == TURN_ACTION_END_TEXT) {
        call->is_text_over = true;
    } else if (action->kind == TURN_ACTION_START_MODEL) {
        write_answer(call, epoch);
    } else if (action->kind == TURN_ACTION_SPEAK) {
        later(call, 120, (struct turn_event){.kind = TURN_EVENT_AUDIO, .epoch = epoch}, NULL);
    } else if (action->kind == TURN_ACTION_CLEAR) {
        call->play_frames = 0;
        ear_cut(&call->ear, call->now_ms);
        recorded_put(call, CAPTURE_CLEAR, (struct slice){0});
    } else if (action->kind == TURN_ACTION_END_CALL) {
        call->is_over = true;
    }
}

static void step(struct recorded *call, struct turn_event event)
{
    struct turn_actions actions;
    turn_step(&call->turn, event, call->now_ms + 1000, &actions); /* a clock of its own */
    struct strbuf out;
    strbuf_init(&out, 4096);
    turn_step_encode(&out, &event, &call->turn, &actions, call->now_ms + 1000);
    put_buf(call, CAPTURE_STEP, &out);
    if (event.kind == TURN_EVENT_AUDIO && call->turn.state == TURN_SPEAKING) {
        call->play_frames = 100;
        later(call, 2200,
            (struct turn_event){.kind = TURN_EVENT_PLAYED, .epoch = event.epoch, .flag = true},
            NULL);
    }
    for (unsigned i = 0; i < actions.count; i++)
        act(call, &actions.list[i]);
}

static void come(struct recorded *call, struct recorded_later it)
{
    if (it.text) {
        put_json(call, CAPTURE_STT, "final", "item", it.event.item, it.text);
        struct agent_turn_policy policy = {
            .always_interrupts = {{"stop", "wait"}, 2}, .never_interrupts = {{"jolly good"}, 1}};
        it.event.words = policy_words_of(&policy, slice_from(it.text));
    }
    step(call, it.event);
}

/* ---- the clock ---- */

static void tell_jitter(struct recorded *call, bool always)
{
    const struct jitter_stats *stats = &call->ear.jitter.stats;
    struct packed_numbers now = {{call->ear.jitter.depth_ms, stats->count_concealed,
        stats->count_late, stats->count_duplicate, stats->count_skipped, stats->count_resyncs}};
    if (!always && memcmp(&now, &call->told, sizeof now) == 0)
        return;
    call->told = now;
    struct strbuf out;
    strbuf_init(&out, 100);
    for (unsigned i = 0; i < 6; i++)
        varint_add(&out, now.numbers[i]);
    put_buf(call, CAPTURE_JITTER, &out);
}

static void take_frames(struct recorded *call, uint64_t by_ms)
{
    struct frame frame;
    while (ear_take(&call->ear, &frame, by_ms))
        ;
}

static void arrive(struct recorded *call, const uint8_t *ulaw, size_t len, uint64_t timestamp_ms)
{
    struct strbuf out;
    strbuf_init(&out, 1000);
    varint_add(&out, timestamp_ms);
    strbuf_add(&out, ulaw, len);
    put_buf(call, CAPTURE_MEDIA_IN, &out);
    struct ear_message message = ear_message(
        &call->ear, (struct slice){(const char *)ulaw, len}, timestamp_ms, call->now_ms);
    struct ear_heard heard;
    while (ear_next(&call->ear, &message, &heard)) {
        if (heard.activity == VAD_NONE)
            continue;
        bool is_start = heard.activity == VAD_SPEECH_START;
        strbuf_init(&out, 20);
        varint_add(&out, is_start ? 1 : 2);
        varint_add(&out, (uint64_t)lround(-heard.level_dbov));
        put_buf(call, CAPTURE_VAD, &out);
        step(call, (struct turn_event){
                       .kind = is_start ? TURN_EVENT_SPEECH_STARTED : TURN_EVENT_SPEECH_ENDED,
                       .lag_ms = is_start ? vad_defaults.onset_ms : vad_defaults.hangover_ms});
    }
    take_frames(call, call->now_ms + EAR_DUE_SOON_MS);
    tell_jitter(call, false);
}

static void send_frame(struct recorded *call)
{
    uint8_t ulaw[FRAME_BYTES];
    for (unsigned i = 0; i < FRAME_BYTES; i++)
        ulaw[i] = (uint8_t)(next_random(call) | 0x20);
    struct strbuf out;
    strbuf_init(&out, 1000);
    varint_add(&out, LEAD_MS);
    strbuf_add(&out, ulaw, sizeof ulaw);
    put_buf(call, CAPTURE_MEDIA_OUT, &out);
    ear_play(&call->ear, ulaw, call->now_ms + LEAD_MS);
    call->play_frames--;
}

static void tick(struct recorded *call)
{
    uint64_t due = ear_deadline(&call->ear);
    if (due && call->now_ms >= due + next_random(call) % 3) { /* a timer is late now and then */
        take_frames(call, call->now_ms);
        tell_jitter(call, true);
    }
    for (unsigned i = 0; i < call->later_count; i++) {
        struct recorded_later it = call->later[i];
        if (it.at_ms > call->now_ms)
            continue;
        memmove(&call->later[i], &call->later[i + 1],
            (--call->later_count - i) * sizeof call->later[0]);
        come(call, it);
        i = (unsigned)-1;
    }
    if (call->play_frames && call->now_ms % 20 == 7)
        send_frame(call);
    uint64_t deadline = turn_deadline(&call->turn);
    if (deadline && call->now_ms + 1000 >= deadline && !call->is_over)
        step(call, (struct turn_event){.kind = TURN_EVENT_TIME});
}

void recorded_hear(struct recorded *call, const int16_t *pcm, size_t samples)
{
    static const int16_t silence[FRAME_SAMPLES];
    if (call->now_ms == 0)
        step(call, (struct turn_event){.kind = TURN_EVENT_LISTEN});
    uint64_t late_ms = 0;
    for (size_t at = 0; at + FRAME_SAMPLES <= samples; at += FRAME_SAMPLES) {
        uint64_t timestamp_ms = call->now_ms - late_ms;
        late_ms = next_random(call) % 6 == 0 ? next_random(call) % 19 : 0;
        for (uint64_t end_ms = timestamp_ms + FRAME_MS; call->now_ms < end_ms + late_ms;) {
            call->now_ms++;
            tick(call);
        }
        uint8_t ulaw[FRAME_BYTES];
        g711_to_ulaw(ulaw, pcm ? pcm + at : silence, FRAME_SAMPLES);
        if (next_random(call) % 50) /* else it is lost */
            arrive(call, ulaw, sizeof ulaw, timestamp_ms);
    }
    while (late_ms--) {
        call->now_ms++;
        tick(call);
    }
}

/* ---- the file ---- */

void recorded_pack(struct strbuf *file, struct slice records, const uint8_t *key)
{
    struct capture_packer packer;
    struct capture_place place = {.key = key};
    strbuf_add_text(file, CAPTURE_MAGIC);
    if (capture_packer_init(&packer) != ERR_OK)
        return;
    while (records.len) {
        struct slice rest = records;
        struct capture_record record;
        uint64_t at_ms = 0;
        while (rest.len && records.len - rest.len < CHUNK_BYTES &&
               capture_record_take(&rest, &at_ms, &record))
            ;
        if (rest.len == records.len) /* no record: as it is */
            rest.len = 0;
        (void)!capture_chunk_pack(
            &packer, file, (struct slice){records.data, records.len - rest.len}, &place);
        place.number++;
        records = rest;
    }
    capture_packer_free(&packer);
}

void recorded_end(struct recorded *call, struct strbuf *file)
{
    if (!call->is_over)
        step(call, (struct turn_event){.kind = TURN_EVENT_STREAM_ENDED});
    recorded_put(
        call, CAPTURE_END, SLICE("{\"is_complete\":true,\"lost\":0,\"reason\":\"caller_hangup\"}"));
    recorded_pack(file, strbuf_slice(&call->records), NULL);
}

void recorded_free(struct recorded *call)
{
    ear_close(&call->ear);
    strbuf_free(&call->records);
}
