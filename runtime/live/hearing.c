/* The caller's words: frames to speech-to-text while there is voice (and 320 ms before), transcripts to the engine,
   and the words that belong to no turn yet. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "live/call.h"
#include "live/policy.h"
#include "observe/log.h"
#include "observe/metrics.h"
#include "text/transcript.h"

static void on_ready(void *owner)
{
    struct call *call = owner;
    captured_stt(call, "ready", 0, (struct slice){0});
    log_debug("stt.ready", "call=%s", call->facts.call_id);
}

static void on_source(void *owner, const char *provider, const char *model)
{
    struct call *call = owner;
    captured_source(call, CAPTURE_STT, 0, provider, model);
    slice_copy(slice_from(provider), call->hears, sizeof call->hears);
    log_info("stt.source", "call=%s provider=%s model=%s", call->facts.call_id, provider, model);
}

/* The words as they came, with the time since the speech that they are of began; a value's words pass through redact. */
static void tell_words(const struct call *call, bool is_final, uint32_t item, struct slice text)
{
    if (!log_shows(LOG_FLAG_STT))
        return;
    uint64_t now_ms = clock_ms(), began_ms = call->hearing.speech_started;
    log_shown("stt.words", "call=%s provider=%s is=%s item=%u at_ms=%u after_ms=%llu text=%.*s",
        call->facts.call_id, call->hears, is_final ? "final" : "partial", item,
        call_ms(call, now_ms), (unsigned long long)(began_ms ? now_ms - began_ms : 0),
        (int)text.len, text.data);
}

static void on_partial(void *owner, uint32_t number, struct slice text)
{
    struct call *call = owner;
    uint32_t item = call->items_before + number;
    captured_stt(call, "partial", item, text);
    tell_words(call, false, item, text);
    if (item <= call->used_item)
        return;
    if (!call->hearing.first_partial) {
        call->hearing.first_partial = clock_ms();
        metric_observe_ms(HISTOGRAM_STT_PARTIAL,
            (double)(call->hearing.first_partial - call->hearing.speech_started));
        call_span(call, SPAN_STT_PARTIAL, call->hears);
    }
    utterances_set(&call->utterances, item, text, false);
    call->newest_item = item > call->newest_item ? item : call->newest_item;
    hooks_partial(call);
    call_event(call,
        (struct turn_event){
            .kind = TURN_EVENT_PARTIAL, .item = item, .words = policy_words(call->agent, text)});
}

/* The span of the final that follows tells them; a record of each word nobody has asked for yet. */
static void on_words(
    void *owner, uint32_t number, const struct stt_word *words, size_t count, bool is_estimated)
{
    struct call *call = owner;
    captured_stt_words(call, call->items_before + number, words, count, is_estimated);
    call->words_heard = (struct words_heard){.item = call->items_before + number,
        .count = (unsigned)count,
        .from_ms = words[0].start_ms,
        .to_ms = words[count - 1].end_ms,
        .is_estimated = is_estimated};
}

static void tell_final(const struct call *call, uint32_t item)
{
    char detail[PROVIDER_NAME_SIZE + 80];
    const struct words_heard *words = &call->words_heard;
    snprintf(detail, sizeof detail, "%s", call->hears);
    if (words->item == item)
        snprintf(detail, sizeof detail, "%s: %u words from %u to %u ms%s", call->hears,
            words->count, words->from_ms, words->to_ms, words->is_estimated ? ", estimated" : "");
    call_span(call, SPAN_STT_FINAL, detail);
}

static void on_final(void *owner, uint32_t number, struct slice text)
{
    struct call *call = owner;
    uint32_t item = call->items_before + number;
    captured_stt(call, "final", item, text);
    text = slice_trim(text);
    tell_words(call, true, item, text);
    if (item > call->used_item) {
        utterances_set(&call->utterances, item, text, true);
        call->hearing.stt_final = clock_ms();
        metric_observe_ms(
            HISTOGRAM_STT_FINAL, (double)(call->hearing.stt_final - call->hearing.stt_committed));
        if (call->hearing.speech_ended) /* else it goes on */
            metric_observe_ms(
                HISTOGRAM_STT_LAG, (double)(call->hearing.stt_final - call->hearing.speech_ended));
        tell_final(call, item);
    }
    call_event(call,
        (struct turn_event){
            .kind = TURN_EVENT_FINAL, .item = item, .words = policy_words(call->agent, text)});
}

static void on_failed(void *owner, const struct failure *failure)
{
    struct call *call = owner;
    captured_failed(call, CAPTURE_STT, failure);
    metric_add(METRIC_STT_FAILURES, 1);
    log_warn("stt.failed", "call=%s kind=%s err=%s why=%s", call->facts.call_id,
        failure_rule(failure->kind)->name, err_name(failure->err), failure->why);
    hearing_close(call);
    call_event(call, (struct turn_event){.kind = TURN_EVENT_STT_FAILED,
                         .flag = failure_rule(failure->kind)->is_for_people});
}

static const struct stt_listener listener = {.on_ready = on_ready,
    .on_source = on_source,
    .on_partial = on_partial,
    .on_words = on_words,
    .on_final = on_final,
    .on_failed = on_failed};

/* A session counts its items from one, the call all of them. */
enum err hearing_open(struct call *call)
{
    call->items_before = call->newest_item;
    struct stt_settings settings = {
        .language = call->agent->language, .route = routes_of(call, SLOT_HEAR)};
    captured_stt(call, "open", 0, (struct slice){0});
    enum err err = call_settings(call)->stt_ops->open(
        &call->stt, call->worker->loop, &settings, &listener, call);
    if (err) {
        metric_add(METRIC_STT_FAILURES, 1);
        log_warn("stt.failed", "call=%s err=%s why=%s", call->facts.call_id, err_name(err),
            "cannot open a session");
    }
    return err;
}

void hearing_close(struct call *call)
{
    if (call->stt) {
        captured_stt(call, "close", 0, (struct slice){0});
        (*(const struct stt_ops **)call->stt)->close(call->stt);
    }
    call->stt = NULL;
    call->is_feeding = false;
}

static const struct stt_ops *ops(const struct call *call)
{
    return *(const struct stt_ops **)call->stt;
}

static void keep_preroll(struct call *call, const struct frame *frame)
{
    memcpy(call->preroll[call->preroll_next], frame->ulaw, FRAME_BYTES);
    call->preroll_next = (call->preroll_next + 1) % PREROLL_FRAMES;
    if (call->preroll_count < PREROLL_FRAMES)
        call->preroll_count++;
}

void hearing_frame(struct call *call, const struct frame *frame)
{
    if (call->is_feeding && call->stt)
        ops(call)->audio(call->stt, frame->ulaw);
    else
        keep_preroll(call, frame);
}

/* After a failure the next words are worth another try. */
static void reopen(struct call *call)
{
    if (call->is_finished || call->turn.state == TURN_ENDING || hearing_open(call) == ERR_OK)
        return;
    call->stt = NULL;
    call_event(call, (struct turn_event){.kind = TURN_EVENT_STT_FAILED});
}

void hearing_start(struct call *call)
{
    if (!call->stt)
        reopen(call);
    if (call->is_feeding || !call->stt)
        return;
    call->is_feeding = true;
    unsigned first = (call->preroll_next + PREROLL_FRAMES - call->preroll_count) % PREROLL_FRAMES;
    for (unsigned i = 0; i < call->preroll_count; i++)
        ops(call)->audio(call->stt, call->preroll[(first + i) % PREROLL_FRAMES]);
    call->preroll_count = 0;
}

void hearing_commit(struct call *call)
{
    if (!call->stt)
        return;
    call->is_feeding = call->turn.is_speech;
    uint32_t number = ops(call)->commit(call->stt);
    if (!number)
        return;
    uint32_t item = call->items_before + number;
    captured_stt(call, "commit", item, (struct slice){0});
    call->hearing.stt_committed = clock_ms();
    call->newest_item = item > call->newest_item ? item : call->newest_item;
    call_event(call, (struct turn_event){.kind = TURN_EVENT_COMMITTED, .item = item});
}

static void forget(struct call *call)
{
    utterances_clear(&call->utterances);
    typed_clear(&call->typed);
    call->is_partial_new = false;
    call->used_item = call->newest_item;
}

void hearing_discard(struct call *call)
{
    forget(call);
    uint64_t started = call->hearing.speech_started; /* of speech that goes on */
    call->hearing = (struct turn_times){.speech_started = started};
}

/* What was said, then what was typed. */
char *hearing_text(const struct call *call)
{
    char *said = utterances_join(&call->utterances);
    if (!call->typed.words.len)
        return said;
    struct strbuf all;
    strbuf_init(&all, TYPED_MAX_BYTES + UTTERANCES_MAX * (UTTERANCES_MAX_BYTES + 1));
    strbuf_add_text(&all, said ? said : "");
    if (all.len)
        strbuf_add_char(&all, ' ');
    strbuf_add_slice(&all, strbuf_slice(&call->typed.words));
    free(said);
    return strbuf_take(&all);
}

char *hearing_take_turn(struct call *call)
{
    char *text = hearing_text(call);
    forget(call);
    return text;
}

char *hearing_written(const struct call *call, const char *words)
{
    struct strbuf tidy;
    strbuf_init(&tidy, strlen(words ? words : "") + 2); /* a mark, and the end */
    transcript_tidy(&tidy, slice_from(words), slice_from(call->agent->language));
    return strbuf_take(&tidy);
}

void hearing_give_back(struct call *call, const char *text)
{
    utterances_set(&call->utterances, 0, slice_from(text), true);
}
