/*
   call_event ──► events[] ──► turn_step ──► actions_perform ──► (may queue further events) ──► call_arm
*/
#include "live/call.h"
#include "live/policy.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/utf8.h"
#include "live/worker.h"
#include "observe/log.h"
#include "observe/metrics.h"

#define BACKLOG_MAX_BYTES 32768

static void on_timer(void *owner);
static const struct ws_listener socket_listener;

/* A place among the calls of the process; given back by call_destroy. */
static bool take_place(struct live *live)
{
    if (atomic_fetch_add(&live->calls, 1) < live->options.settings.max_calls)
        return true;
    atomic_fetch_sub(&live->calls, 1);
    return false;
}

static void give_back_place(struct live *live)
{
    atomic_fetch_sub(&live->calls, 1);
}

static void drop(struct call *call)
{
    net_timer_destroy(call->timer);
    conversation_close(&call->conversation);
    log_call_release(call->log);
    free(call);
}

static struct call *make(struct live_worker *worker, struct ws *ws)
{
    struct call *call = calloc(1, sizeof *call);
    if (!call)
        return NULL;
    call->worker = worker;
    call->ws = ws;
    call->opened_ms = clock_ms();
    call->last_media_ms = call->opened_ms;
    utterances_init(&call->utterances);
    strbuf_init(&call->reply.backlog, BACKLOG_MAX_BYTES);
    strbuf_init(&call->reply.unsaid, BACKLOG_MAX_BYTES);
    typed_init(&call->typed);
    pacer_init(&call->pacer, CALL_LEAD_MS);
    tally_init(&call->tally);
    gain_init(&call->gain, &worker->live->duck);
    if (conversation_init(&call->conversation) != ERR_OK ||
        net_timer_create(&call->timer, worker->loop, on_timer, call) != ERR_OK ||
        worker_add(worker, call) != ERR_OK) {
        drop(call);
        return NULL;
    }
    return call;
}

struct call *call_create(struct live_worker *worker, struct ws *ws)
{
    if (!take_place(worker->live))
        return NULL;
    struct call *call = make(worker, ws);
    if (!call) {
        give_back_place(worker->live);
        return NULL;
    }
    call->log = log_call_make(); /* without, it is no call that could be watched */
    struct log_call *before = log_call_enter(call->log);
    ws_set_listener(ws, &socket_listener, call);
    call_arm(call);
    log_call_leave(before);
    return call;
}

void call_destroy(struct call *call)
{
    worker_remove(call->worker, call);
    give_back_place(call->worker->live);
    ending_drop(call);
    handover_drop(call);
    recorder_drop(call);
    reentry_drop(call);
    reply_stop(call);
    reply_clear(&call->reply);
    strbuf_free(&call->reply.backlog);
    strbuf_free(&call->reply.unsaid);
    filler_free(call);
    fixed_lost(call);
    hearing_close(call);
    speech_close(call);
    ear_close(&call->ear);
    captured_end(call);
    typed_close(&call->typed);
    asides_clear(&call->asides);
    free(call->voicemail);
    if (call->ws)
        ws_close_now(call->ws);
    net_timer_destroy(call->timer);
    conversation_close(&call->conversation);
    utterances_clear(&call->utterances);
    free(call->system_prompt);
    free(call->state_json);
    free(call->incoming_json);
    free(call->greeting);
    routes_clear(call);
    labels_clear(&call->labels);
    history_clear(&call->history);
    agent_release(call->agent);
    log_call_release(call->log);
    free(call);
}

const struct live_settings *call_settings(const struct call *call)
{
    return &call->worker->live->options.settings;
}

unsigned call_ms(const struct call *call, uint64_t at_ms)
{
    return at_ms > call->started_ms ? (unsigned)(at_ms - call->started_ms) : 0;
}

void call_span(const struct call *call, enum span span, const char *detail)
{
    captured_span(call, span, detail);
    span_event(span, call->facts.call_id, call->turn_number, call_ms(call, clock_ms()), detail);
}

struct script_job *call_script_job(struct call *call, enum script_job_kind kind)
{
    struct script_job *job = script_job_make(kind);
    if (!job)
        return NULL;
    job->reply = &call->worker->results;
    job->call_key = call->key;
    job->epoch = call->reply.epoch;
    job->turn = call->turn_number;
    job->facts = call->facts;
    if (call->is_resumed && call->state_json)
        job->state_json = strdup(call->state_json);
    if (call->is_resumed)
        labels_copy(&job->labels, &call->labels);
    if (call->incoming_json)
        job->incoming_json = strdup(call->incoming_json);
    job->history_first = call->history.first;
    job->history_json = history_text(&call->history);
    memcpy(job->phase, call->phase, sizeof job->phase);
    memcpy(job->version, call->agent->version, sizeof job->version);
    return job;
}

bool call_send_script(struct call *call, struct script_job *job)
{
    if (job)
        captured_asked(call, job);
    if (job && script_host_send(call->worker->live->script, job) == ERR_OK) {
        history_told(&call->history);
        free(call->incoming_json);
        call->incoming_json = NULL;
        return true;
    }
    script_job_free(job);
    return false;
}

/* ---- a stream becomes a call ---- */

/* Where nothing interrupts a reply, the caller is still to be heard between replies. */
static enum vad_sensitivity sensitivity_of(enum agent_barge_in barge_in)
{
    switch (barge_in) {
    case AGENT_BARGE_IN_LOW:
        return VAD_LOW;
    case AGENT_BARGE_IN_HIGH:
        return VAD_HIGH;
    case AGENT_BARGE_IN_OFF:
    case AGENT_BARGE_IN_NORMAL:
        return VAD_NORMAL;
    }
    return VAD_NORMAL;
}

/* A long text loses whole characters: half of one would make every row of the call unreadable. */
static void take_text(const char *text, char *out, size_t size)
{
    slice_copy(slice_from(text), out, size);
    size_t len = strlen(out);
    while (!utf8_is_valid(out, len))
        out[--len] = 0;
}

/* Heap; NULL: it is no JSON object. */
static char *object_text(const char *text)
{
    json_t *object = text ? json_loads(text, 0, NULL) : NULL;
    bool is_object = json_is_object(object);
    json_decref(object);
    return is_object ? strdup(text) : NULL;
}

static struct slice text_of(const json_t *object, const char *name)
{
    return slice_from(json_string_value(json_object_get(object, name)));
}

static void take_call_back(struct call_back_link *link, const json_t *facts)
{
    const json_t *task = json_object_get(facts, "task");
    slice_copy(text_of(facts, "row"), link->row_id, sizeof link->row_id);
    slice_copy(text_of(task, "id"), link->task_id, sizeof link->task_id);
    call_back_link_set(link, text_of(task, "title"), text_of(task, "details"));
}

/* What our webhook wrote of a call that we make (api/call_back.h). */
static void take_task(struct call *call)
{
    json_t *facts = call->incoming_json ? json_loads(call->incoming_json, 0, NULL) : NULL;
    const char *direction = json_string_value(json_object_get(facts, "direction"));
    call->is_outbound = direction && strcmp(direction, "outbound") == 0;
    if (call->is_outbound)
        take_call_back(&call->call_back, facts);
    json_decref(facts);
}

static void take_facts(
    struct call *call, const struct stream_start *start, const struct stream_token *token)
{
    id_make(call->facts.call_id);
    slice_copy(slice_from(start->call_sid), call->facts.call_sid, sizeof call->facts.call_sid);
    slice_copy(slice_from(token->tenant), call->facts.tenant_id, sizeof call->facts.tenant_id);
    take_text(stream_parameter(start, "from"), call->facts.caller, sizeof call->facts.caller);
    take_text(stream_parameter(start, "to"), call->facts.called, sizeof call->facts.called);
    slice_copy(slice_from(start->stream_sid), call->stream_sid, sizeof call->stream_sid);
    call->attempt = token->attempt;
    call->facts.transfers = stream_attempt_transfers(token->attempt);
    if (call->attempt && !stream_attempt_breaks(call->attempt))
        take_text(stream_parameter(start, "transfer"), call->came_back, sizeof call->came_back);
    uint64_t rang_ms = token->expires_wall_ms - STREAM_TOKEN_LIFETIME_MS, now_ms = clock_wall_ms();
    if (!token->attempt) /* by another machine's clock, maybe */
        call->rang_wall_ms = rang_ms < now_ms ? rang_ms : now_ms;
    call->incoming_json = object_text(stream_parameter(start, "incoming"));
    take_task(call);
    log_call_name(call->log, &(struct log_call_facts){.call_id = call->facts.call_id,
                                 .call_sid = call->facts.call_sid,
                                 .tenant_id = call->facts.tenant_id,
                                 .caller = call->facts.caller,
                                 .called = call->facts.called});
}

void call_begin(struct call *call, const struct stream_start *start,
    const struct stream_token *token, struct agent *agent)
{
    const struct live_settings *settings = call_settings(call);
    take_facts(call, start, token);
    call->agent = agent_hold(agent);
    call->is_started = true;
    call->started_ms = clock_ms();
    quiet_tell(&call->quiet, QUIET_HOLD, call->started_ms);
    struct turn_settings turn = policy_settings(agent);
    turn_init(&call->turn, &turn);
    struct ear_settings ear = {.vad = vad_settings_for(sensitivity_of(agent->turn.barge_in)),
        .jitter_min_ms = settings->jitter_min_ms,
        .jitter_max_ms = settings->jitter_max_ms};
    ear_init(&call->ear, &ear, call->started_ms);
    captured_begin(call, &ear);
    rules_tell(call);
    tally_begin(call);
    log_info("call.started", "call=%s call_sid=%s tenant=%s version=%s", call->facts.call_id,
        call->facts.call_sid, call->facts.tenant_id, agent->version);
    journal_call_started(call);
    reentry_claim(call);
    speech_open(call);
    model_warm(call);
    if (!reentry_ask(call) && !opening_ask(call))
        call_speak_first(call);
    tally_state(call);
}

/* Whoever is called is not thanked for calling: without words of its own for that the model greets. */
const char *call_first_words(const struct call *call)
{
    const struct agent *agent = call->agent;
    if (call->came_back[0])
        return agent->transfer_failed;
    if (call->is_resumed)
        return agent->resume_greeting;
    return call->is_outbound ? agent->call_back_greeting : agent->greeting;
}

void call_speak_first(struct call *call)
{
    bool has_greeting = (call->greeting && !call->is_resumed) || call_first_words(call)[0];
    handover_welcome(call);
    recorder_open(call);
    call_event(
        call, (struct turn_event){.kind = call->is_mute ? TURN_EVENT_LISTEN : TURN_EVENT_STARTED,
                  .flag = has_greeting});
    recorder_tell(call);
    if (call->is_finished) /* on_call_start wanted it to end at once */
        return;
    if (!call->ear.has_vad || hearing_open(call) != ERR_OK)
        call_event(call, (struct turn_event){.kind = TURN_EVENT_STT_FAILED, .flag = true});
}

/* ---- the funnel ---- */

static void log_step(const struct call *call, struct turn_event event, enum turn_state before)
{
    if (call->turn.state != before)
        log_debug("turn.state", "call=%s cause=%s from=%s to=%s epoch=%u", call->facts.call_id,
            turn_event_name(event.kind), turn_state_name(before), turn_state_name(call->turn.state),
            call->turn.epoch);
}

static const char *turn_reason(const struct turn *turn, struct turn_event event)
{
    if (event.kind == TURN_EVENT_END_OF_TURN)
        return "script";
    if (turn->typed_ms)
        return "keys";
    return turn->is_forced ? "forced" : "silence";
}

static void note_before(struct call *call, struct turn_event event)
{
    const struct turn *turn = &call->turn;
    call->cause = event.kind;
    call->turn_reason = turn_reason(turn, event);
    call->wished_silence_ms =
        turn->settings.silence_ms + (turn->words.is_hanging ? turn->settings.patience_ms : 0);
    call->is_all_final = !turn->open_items;
}

void call_event(struct call *call, struct turn_event event)
{
    assert(call->event_count < EVENTS_MAX);
    call->events[call->event_count++] = event;
    if (call->is_stepping)
        return;
    call->is_stepping = true;
    for (unsigned next = 0; next < call->event_count; next++) {
        struct turn_actions actions;
        enum turn_state before = call->turn.state;
        uint64_t now_ms = clock_ms();
        note_before(call, call->events[next]);
        turn_step(&call->turn, call->events[next], now_ms, &actions);
        captured_step(call, &call->events[next], &actions, now_ms);
        log_step(call, call->events[next], before);
        actions_perform(call, &actions);
    }
    quiet_tell(&call->quiet, quiet_kind_of(&call->turn), clock_ms());
    tally_state(call);
    call->event_count = 0;
    call->is_stepping = false;
    hooks_pump(call);
    call_arm(call);
}

/* ---- time ---- */

static uint64_t earlier(uint64_t a, uint64_t b)
{
    if (!a || !b)
        return a ? a : b;
    return a < b ? a : b;
}

static uint64_t liveness_deadline(const struct call *call)
{
    const struct live_settings *settings = call_settings(call);
    if (!call->is_started)
        return call->opened_ms + settings->start_timeout_ms;
    return call->last_media_ms + settings->silent_stream_ms;
}

void call_arm(struct call *call)
{
    if (!call->ws)
        return;
    uint64_t deadline = liveness_deadline(call);
    if (call->is_finished)
        deadline = earlier(deadline, call->ending_by_ms);
    if (call->is_started && !call->is_finished) {
        deadline = earlier(deadline, call->history_by_ms);
        deadline = earlier(deadline, call->opening_by_ms);
        deadline = earlier(deadline, inbound_deadline(call));
        deadline = earlier(deadline, outbound_deadline(call));
        deadline = earlier(deadline, turn_deadline(&call->turn));
        deadline = earlier(deadline, hooks_deadline(call));
    }
    net_timer_set(call->timer, deadline);
}

static bool check_liveness(struct call *call, uint64_t now_ms)
{
    if (now_ms < liveness_deadline(call))
        return true;
    if (!call->is_started) {
        metric_add(METRIC_STREAM_REFUSED_NO_START, 1);
        log_warn("stream.refused", "reason=%s", "no start message in time");
        call_destroy(call);
        return false;
    }
    if (!call->is_finished)
        log_warn("stream.silent", "call=%s", call->facts.call_id);
    call_stream_broke(call, "no_media");
    return false;
}

static void on_timer(void *owner)
{
    struct call *call = owner;
    uint64_t now_ms = clock_ms();
    if (!check_liveness(call, now_ms) || !call->is_started)
        return;
    if (call->is_finished) {
        ending_tick(call, now_ms);
        call_arm(call);
        return;
    }
    sound_log_tick(call, now_ms);
    reentry_tick(call, now_ms);
    opening_tick(call, now_ms);
    inbound_tick(call, now_ms);
    tally_lead(call, now_ms);
    outbound_tick(call, now_ms);
    reply_pump(call);
    hooks_tick(call, now_ms);
    uint64_t deadline = turn_deadline(&call->turn);
    if (deadline && now_ms >= deadline)
        call_event(call, (struct turn_event){.kind = TURN_EVENT_TIME});
    call_arm(call);
}

/* ---- the socket ---- */

/* The carrier's side is over: whatever is under way ends, and the socket is let go. */
void call_stream_gone(struct call *call, const char *reason)
{
    if (!call->end_reason)
        call->end_reason = reason;
    if (call->is_started && !call->is_finished)
        call_event(call, (struct turn_event){.kind = TURN_EVENT_STREAM_ENDED});
    else if (call->ws)
        ws_close(call->ws, 1000, "");
}

/* What was planned already (a transfer, a goodbye under way) stays planned. */
void call_stream_broke(struct call *call, const char *reason)
{
    bool is_planned =
        call->end_reason || call->turn.state == TURN_ENDING || call->turn.hangup_asked;
    if (!is_planned)
        call->is_broken = true;
    call_stream_gone(call, reason);
}

static void on_text(void *owner, struct slice message)
{
    inbound_message(owner, message);
}

static void on_bad(void *owner, const char *why)
{
    struct call *call = owner;
    metric_add(METRIC_STREAM_MESSAGES_BAD, 1);
    log_debug("stream.bad_message", "call=%s reason=%s", call->facts.call_id, why);
}

static void on_closed(void *owner, enum err err, int code, const char *why)
{
    struct call *call = owner;
    call->ws = NULL;
    net_timer_clear(call->timer);
    if (err == ERR_REFUSED)
        metric_add(METRIC_STREAM_REFUSED_FLOOD, 1);
    log_info("stream.closed", "call=%s err=%s code=%d reason=%s", call->facts.call_id,
        err_name(err), code, why);
    if (call->is_started && !call->is_finished)
        call_stream_broke(call, err == ERR_OK ? "stream_closed" : "stream_lost");
    call_destroy(call);
}

static const struct ws_listener socket_listener = {
    .on_text = on_text, .on_bad = on_bad, .on_closed = on_closed};
