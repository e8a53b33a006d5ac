/* What the script says about a turn: whether it is over, and what answers it.

   the engine's question ─► end_of_turn ─► the engine's answer
   committed ─► on_user_turn ─┬─► a text ─────────► spoken, no model is asked
                              ├─► another wording ─► the prompt, then the model
                              └─► nothing, or late ─► the prompt, then the model */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "live/call.h"
#include "observe/log.h"
#include "observe/metrics.h"
#include "text/words.h"

/* ---- end_of_turn ---- */

static json_t *signals_of(struct call *call, const char *text)
{
    struct words_signals words;
    const struct turn *turn = &call->turn;
    words_look(&words, slice_from(text));
    uint64_t now_ms = clock_ms();
    uint64_t silence_ms = now_ms > turn->speech_ended_ms ? now_ms - turn->speech_ended_ms : 0;
    return json_pack("[{s:s, s:I, s:I, s:i, s:b, s:b, s:b}]", "text", text, "silence_ms",
        (json_int_t)silence_ms, "speech_ms", (json_int_t)turn->asked_speech_ms, "words",
        (int)words.word_count, "is_final", turn->open_items == 0, "is_hanging", words.is_hanging,
        "is_spelling", words.is_spelling);
}

/* Not asked is not answered: the engine goes by its numbers. */
void hooks_ask_end_of_turn(struct call *call, uint32_t question)
{
    char *text = hearing_text(call);
    if (text && !hooks_ask(call, HOOK_END_OF_TURN, question, signals_of(call, text)))
        log_warn("end_of_turn.not_asked", "call=%s", call->facts.call_id);
    free(text);
}

static void count_opinion(const struct call *call, uint32_t question, enum turn_opinion opinion)
{
    const struct turn *turn = &call->turn;
    bool is_late = question != turn->question || turn->opinion != OPINION_ASKED ||
                   clock_ms() > turn->asked_ms + turn->settings.ask_ms;
    metric_add(is_late                   ? METRIC_END_OF_TURN_LATE
               : opinion == OPINION_END  ? METRIC_END_OF_TURN_END
               : opinion == OPINION_MORE ? METRIC_END_OF_TURN_MORE
                                         : METRIC_END_OF_TURN_DEFAULT,
        1);
}

void hooks_end_of_turn_result(
    struct call *call, const struct script_result *result, const json_t *value)
{
    enum turn_opinion opinion = json_is_true(value)    ? OPINION_END
                                : json_is_false(value) ? OPINION_MORE
                                                       : OPINION_DEFAULT;
    count_opinion(call, result->epoch, opinion);
    call_event(
        call, (struct turn_event){
                  .kind = TURN_EVENT_END_OF_TURN, .item = result->epoch, .opinion = opinion});
}

/* ---- on_user_turn ---- */

bool hooks_ask_user_turn(struct call *call)
{
    struct reply *reply = &call->reply;
    bool has_words = reply->caller_text && reply->caller_text[0];
    if (!call->agent->has_hook[HOOK_ON_USER_TURN] || !has_words)
        return false;
    struct script_job *job =
        hooks_job(call, HOOK_ON_USER_TURN, json_pack("[s]", reply->caller_text));
    if (job)
        job->utterance = strdup(reply->caller_text);
    if (!call_send_script(call, job)) {
        log_warn("on_user_turn.not_asked", "call=%s", call->facts.call_id);
        return false;
    }
    reply->is_turn_asked = reply->was_turn_asked = true;
    hooks_hold(call, HOOK_ON_USER_TURN);
    return true;
}

bool hooks_is_turn_asked(const struct call *call)
{
    const struct turn *turn = &call->turn;
    return call->reply.is_turn_asked && turn->phase == REPLY_PROMPT &&
           turn->epoch == call->reply.epoch;
}

static void pass(struct call *call)
{
    call_event(
        call, (struct turn_event){.kind = TURN_EVENT_SCRIPT_PASSED, .epoch = call->reply.epoch});
    actions_ask_prompt(call);
}

/* The model reads something else than what was said; the records keep what was said. */
static void rewrite(struct call *call, const char *text)
{
    free(call->reply.model_text);
    call->reply.model_text = strdup(text);
    conversation_drop_caller(&call->conversation);
    conversation_add_caller(&call->conversation, slice_from(text));
    pass(call);
}

static void answer(struct call *call, const char *words)
{
    metric_add(METRIC_TURNS_BY_SCRIPT, 1);
    call_event(
        call, (struct turn_event){.kind = TURN_EVENT_SCRIPT_ANSWERED, .epoch = call->reply.epoch});
    reply_write(call, slice_from(words));
}

/* Its words, then what it does. */
static void act(struct call *call, const json_t *table)
{
    const char *words = json_string_value(json_object_get(table, "say"));
    const char *number = json_string_value(json_object_get(table, "transfer"));
    if (number)
        handover_take(call, handover_plan_to(number, TRANSFER_BACK), false);
    if (json_is_true(json_object_get(table, "hangup")))
        call_event(call, (struct turn_event){.kind = TURN_EVENT_HANGUP_ASKED});
    answer(call, words ? words : "");
}

static void take_answer(struct call *call, const struct script_result *result, const json_t *value)
{
    call->reply.is_turn_asked = false;
    actions_take_version(call, result);
    const char *words = json_string_value(json_object_get(value, "rewrite"));
    if (json_is_string(value))
        answer(call, json_string_value(value));
    else if (words)
        rewrite(call, words);
    else if (json_is_object(value))
        act(call, value);
    else
        pass(call);
}

void hooks_user_turn_result(
    struct call *call, const struct script_result *result, const json_t *value)
{
    bool is_awaited = hooks_is_turn_asked(call) && result->epoch == call->reply.epoch;
    hooks_let_go(call);
    if (is_awaited) /* else the caller went on: the turn never was */
        take_answer(call, result, value);
    hooks_pump(call);
}
