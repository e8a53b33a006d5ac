/* What the engine decided, done. */
#include <stdlib.h>
#include <string.h>

#include "live/policy.h"
#include "rehearsal/stage.h"

static const struct agent *agent_of(const struct stage *stage)
{
    return stage->session->version->agent;
}

static void emit(struct stage *stage, enum turn_event_kind kind, bool flag)
{
    stage_event(
        stage, (struct turn_event){.kind = kind, .epoch = stage->reply.epoch, .flag = flag});
}

/* ---- a turn of the caller ---- */

static bool has_words(const struct stage *stage)
{
    return stage->reply.caller_text && stage->reply.caller_text[0];
}

void stage_ask_prompt(struct stage *stage)
{
    if (!backstage_ask_prompt(stage))
        emit(stage, TURN_EVENT_PROMPT_FAILED, false);
}

static void begin_turn(struct stage *stage, uint32_t epoch)
{
    lines_open(stage, epoch);
    model_begin_reply(stage);
    stage->turn_number++;
    stage->reply.heard_words = caller_take_turn(stage);
    stage->reply.caller_text = caller_written(stage, stage->reply.heard_words);
    if (has_words(stage))
        conversation_add_caller(&stage->conversation, slice_from(stage->reply.caller_text));
    again_on_turn(stage);
}

static void draft_turn(struct stage *stage, uint32_t epoch)
{
    begin_turn(stage, epoch);
    stage->reply.is_draft = true;
    stage_ask_prompt(stage);
}

static void commit_turn(struct stage *stage, uint32_t epoch)
{
    stage->transfer_to[0] = 0; /* the caller has more to say */
    bool is_new = !stage->reply.is_draft || stage->reply.epoch != epoch;
    if (is_new)
        begin_turn(stage, epoch);
    stage->reply.is_draft = false;
    stage->reply.is_unwritten = has_words(stage);
    if (!is_new)
        stage_write_caller(stage);
    if (is_new && !(has_words(stage) && backstage_ask_turn(stage)))
        stage_ask_prompt(stage);
}

void stage_write_caller(struct stage *stage)
{
    if (stage->reply.is_unwritten)
        history_add(&stage->call.history, "caller", slice_from(stage->reply.caller_text),
            stage->turn_number);
    stage->reply.is_unwritten = false;
}

static void reopen_turn(struct stage *stage)
{
    struct stage_reply *reply = &stage->reply;
    if (!reply->caller_text)
        return;
    if (has_words(stage))
        conversation_drop_caller(&stage->conversation);
    history_drop_caller(&stage->call.history, stage->turn_number);
    caller_give_back(stage, reply->heard_words);
    model_take_back(stage);
    stage->turn_number--;
    reply->is_unwritten = false;
    reply->is_draft = false;
}

void stage_take_phase(struct stage *stage, const char *phase)
{
    if (strcmp(stage->phase, phase) == 0)
        return;
    slice_copy(slice_from(phase), stage->phase, sizeof stage->phase);
    stage_note(stage, "phase", "%s", phase[0] ? phase : "(none)");
    stage_event(stage, (struct turn_event){.kind = TURN_EVENT_RULES,
                           .rules = policy_rules(agent_of(stage), phase)});
}

void stage_prompt_result(struct stage *stage, struct script_result *result)
{
    if (result->epoch != stage->reply.epoch)
        return;
    stage_take_phase(stage, result->phase);
    stage_write_caller(stage);
    if (result->ending != SCRIPT_DONE || !result->text) {
        stage_blame(stage, "the prompt failed: %s", result->why ? result->why : "");
        emit(stage, TURN_EVENT_PROMPT_FAILED, false);
        return;
    }
    free(stage->system_prompt);
    stage->system_prompt = result->text;
    result->text = NULL;
    emit(stage, TURN_EVENT_PROMPT_READY, false);
}

/* ---- the reply ---- */

static void say(struct stage *stage, uint32_t epoch, const char *text, bool is_protected)
{
    lines_open(stage, epoch);
    stage->reply.is_protected = is_protected;
    lines_say(stage, slice_from(text));
}

static void say_aside(struct stage *stage, uint32_t epoch)
{
    char *text = strbuf_take(&stage->aside);
    bool is_protected = stage->is_aside_protected;
    stage->is_aside_protected = false;
    lines_open(stage, epoch);
    stage->reply.is_protected = is_protected;
    lines_say_own(stage, slice_from(text));
    free(text);
}

static void nudge(struct stage *stage, uint32_t epoch)
{
    lines_open(stage, epoch);
    if (stage->nudge_words)
        lines_say_own(stage, slice_from(stage->nudge_words));
    else
        lines_say(stage, slice_from(agent_of(stage)->still_there));
    free(stage->nudge_words);
    stage->nudge_words = NULL;
}

static void cancel_reply(struct stage *stage)
{
    model_stop(stage);
    stage_tools_cancel(stage);
    if (stage->reply.heard_bytes) {
        stage->barge_ins++;
        lines_keep(stage, true);
    }
    playing_clear(stage);
    stage->reply.may_speak = false;
}

/* Where no tool can be asked for, the rest is of no use. */
static void end_text(struct stage *stage)
{
    stage->reply.is_text_over = true;
    if (!stage->model.answer || agent_of(stage)->tool_count)
        return;
    model_stop(stage);
    emit(stage, TURN_EVENT_MODEL_DONE, false);
}

static void start_model(struct stage *stage)
{
    lines_begin_round(stage);
    model_start(stage);
}

static void fail_open(struct stage *stage)
{
    char *text = stage->reply.failure_text;
    stage->reply.failure_text = NULL;
    if (stage->reply.is_failure_own)
        lines_say_own(stage, slice_from(text));
    else
        lines_say(stage, slice_from(text));
    free(text);
}

static void fill(struct stage *stage)
{
    const struct agent_filler *filler = &agent_of(stage)->filler;
    const char *words = filler->kind == AGENT_FILLER_PHRASE && filler->phrase_count
                            ? filler->phrases[stage->fillers % filler->phrase_count]
                            : "(the sound of typing)";
    stage->fillers++;
    playing_say(stage, slice_from(words), false, false);
}

/* A phrase is finished, a sound ends at once. */
static void hush(struct stage *stage)
{
    if (agent_of(stage)->filler.kind == AGENT_FILLER_TYPING)
        playing_drop_fillers(stage);
}

static void apologise(struct stage *stage, uint32_t epoch)
{
    stage_note(stage, "(apology)", "something failed");
    say(stage, epoch, "I'm sorry, something went wrong.", false);
}

static void end_call(struct stage *stage, enum turn_end_reason reason)
{
    model_stop(stage);
    stage_tools_cancel(stage);
    playing_clear(stage);
    ends_finish(stage, reason);
}

void stage_perform(struct stage *stage, const struct turn_action *action)
{
    switch (action->kind) {
    case TURN_ACTION_COMMIT_SPEECH:
        caller_commit(stage);
        break;
    case TURN_ACTION_DISCARD_SPEECH:
        caller_forget(stage);
        break;
    case TURN_ACTION_ASK_END_OF_TURN:
        stage_hooks_ask_end_of_turn(stage, action->question);
        break;
    case TURN_ACTION_DRAFT_TURN:
        draft_turn(stage, action->epoch);
        break;
    case TURN_ACTION_COMMIT_TURN:
        commit_turn(stage, action->epoch);
        break;
    case TURN_ACTION_REOPEN_TURN:
        reopen_turn(stage);
        break;
    case TURN_ACTION_GREET:
        say(stage, action->epoch, stage->greeting ? stage->greeting : agent_of(stage)->greeting,
            !agent_of(stage)->greeting_interruptible);
        break;
    case TURN_ACTION_ASK_SILENCE:
        stage_hooks_ask_silence(stage, action->question);
        break;
    case TURN_ACTION_NUDGE:
        nudge(stage, action->epoch);
        break;
    case TURN_ACTION_FAREWELL:
        say(stage, action->epoch, agent_of(stage)->goodbye, false);
        break;
    case TURN_ACTION_SAY:
        say_aside(stage, action->epoch);
        break;
    case TURN_ACTION_START_MODEL:
        start_model(stage);
        break;
    case TURN_ACTION_SPEAK:
        stage->reply.may_speak = true;
        lines_pump(stage);
        break;
    case TURN_ACTION_END_TEXT:
        end_text(stage);
        break;
    case TURN_ACTION_END_MODEL:
        model_stop(stage);
        break;
    case TURN_ACTION_FINISH_SEGMENT:
        lines_finish(stage);
        break;
    case TURN_ACTION_RUN_TOOLS:
        stage_tools_run(stage);
        break;
    case TURN_ACTION_FAIL_OPEN:
        fail_open(stage);
        break;
    case TURN_ACTION_DUCK: /* heard all the same */
        break;
    case TURN_ACTION_PAUSE:
        playing_pause(stage, true);
        break;
    case TURN_ACTION_RESUME:
        playing_pause(stage, false);
        break;
    case TURN_ACTION_CLEAR:
        playing_clear(stage);
        break;
    case TURN_ACTION_CANCEL_REPLY:
        cancel_reply(stage);
        break;
    case TURN_ACTION_CLOSE_REPLY:
        lines_keep(stage, false);
        if (stage->transfer_to[0])
            stage_transfer(stage, stage->transfer_to);
        break;
    case TURN_ACTION_FILL:
        fill(stage);
        break;
    case TURN_ACTION_HUSH:
        hush(stage);
        break;
    case TURN_ACTION_APOLOGISE:
        apologise(stage, action->epoch);
        break;
    case TURN_ACTION_END_CALL:
        end_call(stage, action->reason);
        break;
    }
}
