/* One reply: the model's text into pieces, pieces to speech as fast as they can be heard, and what was heard of it.

   model ─► room ─► pieces ─► wording ─► engine: enough? ─► backlog ─(credit)─► speech ─► pacer */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "live/call.h"
#include "live/recordings.h"
#include "live/tool_text.h"
#include "observe/log.h"
#include "observe/metrics.h"
#include "text/tokens.h"

#define CREDIT_MS 2500 /* of audio asked for and not yet played, before more text is sent */

/* ---- life ---- */

static void begin_round(struct reply *reply)
{
    pieces_init(&reply->pieces);
    room_init(&reply->room);
    wording_clear(reply);
    strbuf_clear(&reply->backlog);
    reply->ends_with_wording = false;
    reply->is_fixed = reply->is_own = false;
    reply->has_text = false;
    reply->is_text_over = false;
    reply->is_round_complete = false;
    reply->may_speak = false;
}

void reply_clear(struct reply *reply)
{
    for (size_t i = 0; i < reply->segment_count; i++)
        segment_free(&reply->segments[i]);
    json_decref(reply->tool_calls);
    free(reply->heard_words);
    free(reply->caller_text);
    free(reply->model_text);
    free(reply->failure_text);
    struct strbuf backlog = reply->backlog, unsaid = reply->unsaid;
    *reply = (struct reply){.backlog = backlog, .unsaid = unsaid};
    framer_init(&reply->framer);
    begin_round(reply);
}

void reply_begin(struct call *call, uint32_t epoch)
{
    if (!call->tracing.is_turn_taken) /* the one before was not heard */
        tracing_turn_over(call, "cancelled");
    reply_clear(&call->reply);
    call->reply.epoch = epoch;
    tracing_reply_begins(call);
    call->is_protected = false;
    call->reply.audio_put_ms = (uint32_t)(call->pacer.sent + call->pacer.count) * FRAME_MS;
    id_make(call->reply.turn_id);
    id_make(call->reply.caller_message_id);
    id_make(call->reply.message_id);
    call->reply.times = call->hearing;
    call->reply.times.turn_committed = clock_ms();
    turn_parts_begin(&call->reply.parts, call->reply.times.speech_ended);
    call->hearing = (struct turn_times){0};
    call->hearing.speech_started = call->reply.times.speech_started; /* of speech that goes on */
}

void reply_wait_for(struct call *call, enum turn_part part)
{
    if (!call->reply.segment_count)
        turn_parts_wait_for(&call->reply.parts, part, clock_ms());
}

static void drop_model(struct call *call)
{
    if (!call->reply.llm)
        return;
    call_settings(call)->llm_ops->cancel(call->reply.llm);
    call->reply.llm = NULL;
}

/* In the middle of its answer: what came is paid for. */
static void stop_model(struct call *call)
{
    if (call->reply.llm) {
        captured_llm(call, "cancel", (struct slice){0});
        question_used(call, NULL);
    }
    drop_model(call);
}

void reply_stop(struct call *call)
{
    stop_model(call);
    tools_cancel(call);
    speech_cancel(call);
    tracing_stop(call);
    wording_clear(&call->reply);
    call->reply.ends_with_wording = false;
    call->reply.may_speak = false;
    call->reply.tell_ms = 0;
}

static void emit(struct call *call, enum turn_event_kind kind, bool flag)
{
    call_event(call, (struct turn_event){.kind = kind, .epoch = call->reply.epoch, .flag = flag});
}

/* ---- text in ---- */

void reply_take_piece(struct call *call, struct slice piece, unsigned sentences)
{
    struct reply *reply = &call->reply;
    strbuf_add_slice(&reply->backlog, piece);
    strbuf_add_char(&reply->backlog, '\n');
    reply_wait_for(call, TURN_PART_OWN);
    if (reply->is_fixed)
        reply_pump(call);
    else
        call_event(call, (struct turn_event){.kind = TURN_EVENT_PIECE,
                             .epoch = reply->epoch,
                             .sentences = sentences,
                             .flag = reply->room.is_asked});
    if (call->turn.holds_pieces) /* the caller has the floor */
        reply_wait_for(call, TURN_PART_SILENCE_WAIT);
}

static bool is_under_way(const struct reply *reply, uint32_t epoch)
{
    return reply->epoch == epoch && !reply->is_text_over;
}

/* Piece by piece, because the engine may say after any of them that it is enough. */
static void cut_pieces(struct call *call, uint32_t epoch)
{
    struct reply *reply = &call->reply;
    struct slice piece;
    unsigned before = reply->pieces.sentences;
    while (is_under_way(reply, epoch) && pieces_next(&reply->pieces, &piece)) {
        unsigned ended = reply->pieces.sentences - before;
        before = reply->pieces.sentences;
        reply->has_text = true;
        if (call->agent->has_hook[HOOK_BEFORE_SAY] && !reply->is_own) {
            reply_wait_for(call, TURN_PART_SCRIPT);
            wording_add(call, piece, ended);
        } else {
            reply_take_piece(call, piece, ended);
        }
    }
}

static void add_text(struct call *call, uint32_t epoch, struct slice text)
{
    struct reply *reply = &call->reply;
    while (text.len && is_under_way(reply, epoch)) {
        size_t len = text.len < PIECES_ADD_MAX_BYTES ? text.len : PIECES_ADD_MAX_BYTES;
        if (pieces_add(&reply->pieces, (struct slice){text.data, len}))
            text = (struct slice){text.data + len, text.len - len};
        cut_pieces(call, epoch);
    }
}

/* The round's last words are known. */
static void end_text(struct call *call, uint32_t epoch)
{
    struct reply *reply = &call->reply;
    if (!is_under_way(reply, epoch))
        return;
    pieces_flush(&reply->pieces);
    cut_pieces(call, epoch);
}

/* Who waits for more would wait for ever. */
static void tell_no_words(struct call *call)
{
    struct reply *reply = &call->reply;
    bool is_all = reply->is_round_complete && !reply->backlog.len && !wording_is_open(reply);
    if (!is_all || reply->is_wordless || call->turn.phase != REPLY_COMPLETE ||
        call->turn.state != TURN_THINKING || segments_are_awaited(call))
        return;
    reply->is_wordless = true;
    emit(call, TURN_EVENT_NO_WORDS, false);
}

void reply_end_pieces(struct call *call)
{
    struct reply *reply = &call->reply;
    reply->ends_with_wording = wording_is_open(reply);
    if (reply->ends_with_wording)
        return;
    reply->is_round_complete = true;
    if (reply->is_fixed)
        reply_finish_segment(call);
    else
        emit(call, TURN_EVENT_MODEL_DONE, json_array_size(reply->tool_calls) > 0);
}

/* ---- text out ---- */

struct line {
    char text[PIECES_BUFFER_BYTES + 1];
};

/* The piece is copied: what is said may end the reply. */
static bool take_line(struct reply *reply, struct line *line)
{
    struct slice rest = strbuf_slice(&reply->backlog);
    if (!rest.len)
        return false;
    struct slice first = slice_split(&rest, '\n');
    slice_copy(first, line->text, sizeof line->text);
    strbuf_drop_front(&reply->backlog, reply->backlog.len - rest.len);
    return true;
}

void reply_pump(struct call *call)
{
    struct reply *reply = &call->reply;
    struct line line;
    while (reply->may_speak && speech_credit_ms(call) < CREDIT_MS && take_line(reply, &line))
        speech_text(call, slice_from(line.text));
    if (reply->may_speak && reply->is_round_complete && !reply->backlog.len)
        speech_finish(call);
}

void reply_say(struct call *call, struct slice text)
{
    struct reply *reply = &call->reply;
    uint32_t epoch = reply->epoch;
    reply->is_fixed = true;
    reply->may_speak = true;
    add_text(call, epoch, text);
    end_text(call, epoch);
    if (reply->epoch == epoch)
        reply_end_pieces(call);
}

void reply_say_own(struct call *call, struct slice text)
{
    call->reply.is_own = true;
    reply_say(call, text);
}

void reply_write(struct call *call, struct slice text)
{
    struct reply *reply = &call->reply;
    uint32_t epoch = reply->epoch;
    reply->is_scripted = reply->is_own = true;
    add_text(call, epoch, text);
    end_text(call, epoch);
    if (reply->epoch == epoch)
        reply_end_pieces(call);
}

void reply_finish_segment(struct call *call)
{
    call->reply.is_round_complete = true;
    reply_pump(call);
    tell_no_words(call);
}

/* ---- the model ---- */

static void on_text(void *owner, struct slice text)
{
    struct call *call = owner;
    struct reply *reply = &call->reply;
    captured_llm(call, "text", text);
    if (!reply->times.first_token) {
        reply->times.first_token = clock_ms();
        metric_observe_ms(HISTOGRAM_LLM_FIRST_TOKEN,
            (double)(reply->times.first_token - reply->times.model_started));
        call_span(call, SPAN_LLM_TOKEN, reply->provider);
    }
    uint32_t epoch = reply->epoch;
    struct slice held;
    reply->written_tokens += tokens_estimate(text);
    room_take(&reply->room, &held, &text);
    add_text(call, epoch, held);
    add_text(call, epoch, text);
}

static void on_source(void *owner, const char *provider, const char *model)
{
    struct reply *reply = &((struct call *)owner)->reply;
    captured_source(owner, CAPTURE_LLM, 0, provider, model);
    slice_copy(slice_from(provider), reply->provider, sizeof reply->provider);
    slice_copy(slice_from(model), reply->model, sizeof reply->model);
}

/* A call that is told has its result, so that the model knows; one that only ever asks for tools must come to an end. */
static bool is_refused(struct call *call, struct slice name, json_t *tool)
{
    unsigned asked = ++call->reply.tools_asked;
    if (asked <= TOOL_CALLS_MAX)
        return false;
    log_warn("tool.refused", "call=%s tool=%.*s reason=%s", call->facts.call_id, (int)name.len,
        name.data, "too many in one turn");
    metric_add(METRIC_TOOL_RESULTS_REFUSED, 1);
    json_object_set_new(tool, "result", json_string(TOOL_TEXT_TOO_MANY));
    return asked > TOOL_CALLS_TOLD_MAX;
}

static void on_tool_call(void *owner, struct slice id, struct slice name, struct slice arguments)
{
    struct call *call = owner;
    struct reply *reply = &call->reply;
    captured_llm_tool(call, id, name, arguments);
    json_t *tool = json_pack("{s:s%, s:s%, s:s%}", "id", id.data, id.len, "name", name.data,
        name.len, "arguments", arguments.data, arguments.len);
    reply->written_tokens += tokens_estimate(name) + tokens_estimate(arguments);
    if (tool && !is_refused(call, name, tool))
        json_array_append(reply->tool_calls, tool);
    json_decref(tool);
}

static void note_end(struct call *call, const char *detail)
{
    struct turn_times *times = &call->reply.times;
    times->model_done = clock_ms();
    metric_observe_ms(HISTOGRAM_LLM_TOTAL, (double)(times->model_done - times->model_started));
    call_span(call, SPAN_LLM_END, detail);
}

/* Of this round. */
static void note_speed(const struct call *call, const struct llm_usage *usage)
{
    const struct turn_times *times = &call->reply.times;
    size_t tokens =
        usage->completion_tokens ? usage->completion_tokens : call->reply.written_tokens;
    if (times->first_token && times->model_done > times->first_token)
        metric_observe_rate(HISTOGRAM_LLM_TOKENS_PER_SECOND,
            (double)tokens * 1000 / (double)(times->model_done - times->first_token));
}

static void on_done(void *owner, const struct llm_usage *usage)
{
    struct call *call = owner;
    struct reply *reply = &call->reply;
    uint32_t epoch = reply->epoch;
    captured_llm_done(call, usage);
    question_used(call, usage);
    drop_model(call);
    note_end(call, "");
    note_speed(call, usage);
    add_text(call, epoch, room_end(&reply->room));
    end_text(call, epoch);
    if (reply->epoch != epoch)
        return; /* the last words ended it: they could not be spoken */
    bool has_tools = json_array_size(reply->tool_calls) > 0;
    if (!has_tools && !reply->has_text) {
        log_warn("llm.failed", "call=%s why=%s", call->facts.call_id, "empty answer");
        metric_add(METRIC_LLM_FAILURES, 1);
        emit(call, TURN_EVENT_MODEL_FAILED, false);
        return;
    }
    reply_end_pieces(call);
}

static void model_failed(struct call *call, const struct failure *failure)
{
    tracing_failed(call, SLOT_THINK, failure);
    metric_add(METRIC_LLM_FAILURES, 1);
    log_warn("llm.failed", "call=%s kind=%s err=%s why=%s", call->facts.call_id,
        failure_rule(failure->kind)->name, err_name(failure->err), failure->why);
    emit(call, TURN_EVENT_MODEL_FAILED, false);
}

static void ask(struct call *call);

static void on_failed(void *owner, const struct failure *failure)
{
    struct call *call = owner;
    bool is_too_long = failure->kind == FAILURE_REQUEST && failure->err == ERR_FULL;
    captured_failed(call, CAPTURE_LLM, failure);
    if (call->reply.written_tokens) /* of an answer that was cut, what came is paid for */
        question_used(call, NULL);
    drop_model(call);
    if (is_too_long && question_shorten(call))
        ask(call);
    else
        model_failed(call, failure);
}

/* Nobody heard any of it: it never was. What came is paid for. */
static bool on_restart(void *owner)
{
    struct call *call = owner;
    struct reply *reply = &call->reply;
    if (reply->is_text_over || !speech_take_back(call, reply->first_segment))
        return false;
    captured_llm(call, "restart", (struct slice){0});
    tracing_restarted(call);
    log_info("llm.restart", "call=%s provider=%s", call->facts.call_id, reply->provider);
    question_used(call, NULL);
    question_begin(call);
    reply->tools_asked -= (unsigned)json_array_size(reply->tool_calls);
    json_array_clear(reply->tool_calls);
    begin_round(reply);
    reply->times.first_token = 0;
    reply_wait_for(call, TURN_PART_MODEL);
    emit(call, TURN_EVENT_MODEL_RESTARTED, false);
    return true;
}

static const struct llm_listener listener = {.on_source = on_source,
    .on_restart = on_restart,
    .on_text = on_text,
    .on_tool_call = on_tool_call,
    .on_done = on_done,
    .on_failed = on_failed};

static enum err ask_model(struct call *call)
{
    struct llm_settings settings = {
        .route = routes_of(call, SLOT_THINK), .answer_within_ms = model_answer_within_ms(call)};
    char *messages = conversation_json(&call->conversation, call->system_prompt);
    if (!messages)
        return ERR_NOMEM;
    struct slice tools = slice_from(call->agent->tool_count ? call->agent->tools_json : "");
    captured_llm_ask(call, slice_from(messages), tools);
    enum err err = call_settings(call)->llm_ops->start(&call->reply.llm, call->worker->loop,
        &settings, slice_from(messages), tools, &listener, call);
    free(messages);
    return err;
}

static void ask(struct call *call)
{
    question_begin(call);
    enum err err = ask_model(call);
    if (err != ERR_OK)
        model_failed(
            call, &(struct failure){
                      .kind = FAILURE_OURS, .err = err, .why = "request could not be made"});
}

void reply_drain_round(struct call *call)
{
    struct line line;
    while (call->reply.may_speak && take_line(&call->reply, &line))
        speech_text(call, slice_from(line.text));
    speech_finish(call);
}

void reply_start_model(struct call *call)
{
    struct reply *reply = &call->reply;
    reply_drain_round(call);
    json_decref(reply->tool_calls);
    reply->tool_calls = json_array();
    begin_round(reply);
    reply->first_segment = reply->segment_count;
    free(reply->failure_text); /* of another round's tool */
    reply->failure_text = NULL;
    reply->is_failure_own = false;
    reply->times.model_started = clock_ms();
    if (!reply->times.first_model_started) {
        reply->times.first_model_started = reply->times.model_started;
        question_fit(call);
    }
    reply->times.first_token = 0;
    reply_wait_for(call, TURN_PART_MODEL);
    call_span(call, SPAN_LLM_START, "");
    ask(call);
}

/* Where no tool can be asked for, the rest is of no use. */
void reply_end_text(struct call *call)
{
    call->reply.is_text_over = true;
    wording_clear(&call->reply);
    if (!call->reply.llm || call->agent->tool_count)
        return;
    reply_end_model(call);
    emit(call, TURN_EVENT_MODEL_DONE, false);
}

void reply_end_model(struct call *call)
{
    stop_model(call);
    note_end(call, "enough was said");
}

/* ---- instead of the model ---- */

void reply_fail_open(struct call *call)
{
    struct reply *reply = &call->reply;
    reply_drain_round(call);
    begin_round(reply);
    metric_add(METRIC_FAILED_OPEN, 1);
    reply->is_own = reply->is_failure_own;
    if (!fixed_say(call, reply->failure_text))
        reply_say(call, slice_from(reply->failure_text));
}

void reply_apologise(struct call *call, uint32_t epoch)
{
    struct recording recording = recording_apology();
    const struct call_sound sound = {
        .ulaw = {(const char *)recording.ulaw, recording.len}, .text = slice_from(recording.text)};
    reply_begin(call, epoch);
    tally_apology(call);
    tracing_apologised(call);
    speech_add_sound_take(call, sound_keep(&sound));
}
