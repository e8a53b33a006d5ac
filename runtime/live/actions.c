/* What the engine decided, done. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "live/call.h"
#include "observe/log.h"
#include "observe/metrics.h"

/* ---- a turn of the caller ---- */

static void prompt_failed(struct call *call, const char *why)
{
    log_warn("prompt.failed", "call=%s tenant=%s why=%s", call->facts.call_id,
        call->facts.tenant_id, why);
    bool can_go_on = call->system_prompt != NULL; /* with the one of the turn before */
    call_event(call,
        (struct turn_event){.kind = can_go_on ? TURN_EVENT_PROMPT_READY : TURN_EVENT_PROMPT_FAILED,
            .epoch = call->reply.epoch});
}

static struct script_job *prompt_job(struct call *call)
{
    struct script_job *job = call_script_job(call, SCRIPT_PROMPT);
    if (!job)
        return NULL;
    const struct reply *reply = &call->reply;
    const char *said = reply->caller_text ? reply->caller_text : "";
    job->utterance = strdup(reply->model_text ? reply->model_text : said);
    job->is_turn_begun = reply->was_turn_asked;
    return job;
}

void actions_ask_prompt(struct call *call)
{
    call->reply.times.prompt_asked = clock_ms();
    if (!call_send_script(call, prompt_job(call)))
        prompt_failed(call, "script thread is full");
}

static bool has_words(const struct reply *reply)
{
    return reply->caller_text && reply->caller_text[0];
}

/* The caller has more to say than what the call was to end with. A hook's wish that waits is newer than that. */
static void forget_the_end(struct call *call)
{
    handover_forget(call);
    if (call->wants_hang_up)
        return;
    free(call->voicemail);
    call->voicemail = NULL;
}

/* All of it can be taken back. */
static void begin_turn(struct call *call, uint32_t epoch)
{
    struct reply *reply = &call->reply;
    forget_the_end(call);
    reply_begin(call, epoch);
    if (call->reopened_message_id[0])
        strcpy(reply->caller_message_id, call->reopened_message_id);
    call->turn_number++;
    reply->heard_words = hearing_take_turn(call);
    reply->caller_text = hearing_written(call, reply->heard_words);
    if (has_words(reply))
        conversation_add_caller(&call->conversation, slice_from(reply->caller_text));
    reply->times.prompt_asked = clock_ms();
    reply_wait_for(call, TURN_PART_SCRIPT);
}

static void draft_turn(struct call *call, uint32_t epoch)
{
    begin_turn(call, epoch);
    call->reply.is_draft = true;
    actions_ask_prompt(call);
}

static void commit_turn(struct call *call, uint32_t epoch)
{
    struct reply *reply = &call->reply;
    if (!reply->is_draft || reply->epoch != epoch) {
        begin_turn(call, epoch);
        if (!hooks_ask_user_turn(call))
            actions_ask_prompt(call);
    }
    reply->is_draft = false;
    call->reopened_message_id[0] = 0;
    reply->times.turn_committed = clock_ms();
    const struct turn_wait wait = {.silence_ms = call->wished_silence_ms,
        .final_ms = call->is_all_final ? reply->times.stt_final : 0};
    turn_parts_commit(&reply->parts, &wait, reply->times.turn_committed);
    tally_turn(call);
    call_span(call, SPAN_TURN_COMMIT, "");
    if (has_words(reply))
        journal_caller_turn(call);
}

void actions_take_version(struct call *call, const struct script_result *result)
{
    if (result->agent && strcmp(result->agent->version, call->agent->version) != 0)
        log_info("call.version", "call=%s from=%s to=%s turn=%u", call->facts.call_id,
            call->agent->version, result->agent->version, call->turn_number);
    if (!result->agent)
        return;
    bool is_other = result->agent != call->agent;
    char before[VERSION_SIZE];
    memcpy(before, call->agent->version, sizeof before);
    agent_release(call->agent);
    call->agent = agent_hold(result->agent);
    if (is_other) {
        captured_version(call, before);
        rules_tell(call);
    }
}

void actions_prompt_result(struct call *call, struct script_result *result)
{
    if (result->epoch != call->reply.epoch)
        return;
    journal_take_state(call, result);
    call->reply.times.prompt_ready = clock_ms();
    metric_observe_ms(HISTOGRAM_PROMPT,
        (double)(call->reply.times.prompt_ready - call->reply.times.prompt_asked));
    reply_wait_for(call, TURN_PART_OWN);
    call_span(call, SPAN_PROMPT, script_ending_name(result->ending));
    if (result->ending != SCRIPT_DONE || !result->text) {
        prompt_failed(call, result->why);
        return;
    }
    actions_take_version(call, result);
    free(call->system_prompt);
    call->system_prompt = result->text;
    result->text = NULL;
    call_event(
        call, (struct turn_event){.kind = TURN_EVENT_PROMPT_READY, .epoch = call->reply.epoch});
}

static void reopen_turn(struct call *call)
{
    struct reply *reply = &call->reply;
    if (!reply->caller_text)
        return;
    if (has_words(reply))
        conversation_drop_caller(&call->conversation);
    history_drop_caller(&call->history, call->turn_number);
    hearing_give_back(call, reply->heard_words);
    call->turn_number--;
    reply->is_draft = false;
    strcpy(call->reopened_message_id, reply->caller_message_id); /* one row, whatever it grows to */
    if (!call->hearing.speech_ended) {
        struct turn_times heard = reply->times;
        call->hearing.speech_started = heard.speech_started;
        call->hearing.speech_ended = heard.speech_ended;
        call->hearing.stt_committed = heard.stt_committed;
        call->hearing.stt_final = heard.stt_final;
    }
}

/* ---- the reply ---- */

static void say(struct call *call, uint32_t epoch, const char *text)
{
    reply_begin(call, epoch);
    if (!fixed_say(call, text))
        reply_say(call, slice_from(text));
}

static void nudge(struct call *call, uint32_t epoch)
{
    reply_begin(call, epoch);
    if (call->nudge_words)
        reply_say_own(call, slice_from(call->nudge_words));
    else if (!fixed_say(call, call->agent->still_there))
        reply_say(call, slice_from(call->agent->still_there));
}

static void greet(struct call *call, uint32_t epoch)
{
    const char *greeting = call_first_words(call);
    reply_begin(call, epoch);
    call->reply.is_protected = !call->is_resumed && !call->agent->greeting_interruptible;
    recorder_greet(call);
    if (call->greeting && !call->is_resumed)
        reply_say_own(call, slice_from(call->greeting));
    else if (!fixed_say(call, greeting))
        reply_say(call, slice_from(greeting));
    outbound_tell_protection(call, clock_ms());
}

static void say_aside(struct call *call, uint32_t epoch)
{
    struct aside *aside = asides_take(&call->asides);
    assert(aside); /* the engine was asked because there is one */
    reply_begin(call, epoch);
    reply_say_aside(call, aside);
    aside_free(aside);
    outbound_tell_protection(call, clock_ms());
}

/* History keeps what was heard; the record keeps the rest as well. */
static void keep_reply(struct call *call, bool was_interrupted)
{
    journal_agent_turn(call, was_interrupted);
    spending_put(call);
    size_t heard_bytes;
    bool is_estimate;
    char *text = reply_text(call, call->reply.told_segments, &heard_bytes, &is_estimate);
    if (!text)
        return;
    size_t len = strlen(text);
    size_t cut = was_interrupted ? heard_bytes : len;
    conversation_add_agent(&call->conversation, slice_trim((struct slice){text, cut}));
    conversation_add_unheard(
        &call->conversation, slice_trim((struct slice){text + cut, len - cut}));
    free(text);
}

static void cancel_reply(struct call *call)
{
    bool was_heard = reply_was_heard(call);
    metric_add(METRIC_REPLIES_CANCELLED, 1);
    reply_stop(call);
    if (was_heard && call->turn.state == TURN_LISTENING) {
        tally_cut(call);
        call->barge_ins++;
    }
    if (!was_heard)
        return;
    keep_reply(call, true);
    spending_look(call, true);
}

static void end_call(struct call *call, enum turn_end_reason reason)
{
    bool is_voicemail = reason == TURN_END_AGENT && call->voicemail;
    if (!call->end_reason)
        call->end_reason = is_voicemail ? VOICEMAIL : turn_end_reason_name(reason);
    reply_stop(call);
    journal_call_ended(call);
    farewell_ask(call);
    call->is_finished = true;
    tally_end(call, journal_outcome(call));
    hearing_close(call);
    speech_close(call);
    pacer_clear(&call->pacer);
    filler_drop(call);
    spending_put(call);
    ending_begin(call);
}

static void perform(struct call *call, const struct turn_action *action)
{
    switch (action->kind) {
    case TURN_ACTION_COMMIT_SPEECH:
        hearing_commit(call);
        break;
    case TURN_ACTION_DISCARD_SPEECH:
        hearing_discard(call);
        handover_begin(call); /* mere noise cut its words off */
        break;
    case TURN_ACTION_ASK_END_OF_TURN:
        hooks_ask_end_of_turn(call, action->question);
        break;
    case TURN_ACTION_ASK_SILENCE:
        hooks_ask_silence(call, action->question);
        break;
    case TURN_ACTION_DRAFT_TURN:
        draft_turn(call, action->epoch);
        break;
    case TURN_ACTION_COMMIT_TURN:
        commit_turn(call, action->epoch);
        call->reply.turn_reason = call->turn_reason;
        break;
    case TURN_ACTION_REOPEN_TURN:
        reopen_turn(call);
        break;
    case TURN_ACTION_GREET:
        greet(call, action->epoch);
        break;
    case TURN_ACTION_NUDGE:
        nudge(call, action->epoch);
        break;
    case TURN_ACTION_FAREWELL:
        say(call, action->epoch, call->agent->goodbye);
        break;
    case TURN_ACTION_SAY:
        say_aside(call, action->epoch);
        break;
    case TURN_ACTION_START_MODEL:
        reply_start_model(call);
        break;
    case TURN_ACTION_SPEAK:
        call->reply.may_speak = true;
        reply_pump(call);
        break;
    case TURN_ACTION_END_TEXT:
        reply_end_text(call);
        break;
    case TURN_ACTION_END_MODEL:
        reply_end_model(call);
        break;
    case TURN_ACTION_FINISH_SEGMENT:
        reply_finish_segment(call);
        break;
    case TURN_ACTION_RUN_TOOLS:
        tools_run(call);
        break;
    case TURN_ACTION_FAIL_OPEN:
        reply_fail_open(call);
        break;
    case TURN_ACTION_DUCK:
        outbound_set_level(call, OUTBOUND_LOW);
        tally_lowered(call, call->splice_ms ? call->splice_ms : clock_ms());
        break;
    case TURN_ACTION_PAUSE:
        metric_add(METRIC_PAUSES, 1);
        outbound_set_level(call, OUTBOUND_SILENT);
        break;
    case TURN_ACTION_RESUME:
        tally_resumed(call);
        call->false_alarms++;
        outbound_set_level(call, OUTBOUND_FULL);
        break;
    case TURN_ACTION_CLEAR:
        outbound_clear(call);
        filler_drop(call);
        break;
    case TURN_ACTION_CANCEL_REPLY:
        cancel_reply(call);
        break;
    case TURN_ACTION_CLOSE_REPLY:
        keep_reply(call, false);
        handover_begin(call);
        spending_look(call, false);
        break;
    case TURN_ACTION_FILL:
        filler_start(call);
        break;
    case TURN_ACTION_HUSH:
        filler_hush(call);
        break;
    case TURN_ACTION_APOLOGISE:
        reply_apologise(call, action->epoch);
        break;
    case TURN_ACTION_END_CALL:
        end_call(call, action->reason);
        break;
    }
}

void actions_perform(struct call *call, const struct turn_actions *actions)
{
    for (unsigned i = 0; i < actions->count; i++)
        perform(call, &actions->list[i]);
}
