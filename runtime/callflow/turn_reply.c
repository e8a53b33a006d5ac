/* The reply, from the prompt asked for to the last word played; alike in every state that has one. */
#include "callflow/turn_internal.h"

#define AFTER_TOOLS_LEAST_MS 1800 /* for the model's first words about their results */
#define OVER_REPLY_MARGIN_MS 600  /* words this close to a reply's end may answer it */

/* A filler that is due later is not put off by what happens meanwhile. */
void turn_reply_expect(struct turn *turn, uint64_t now_ms)
{
    turn->fill_due_ms = turn->settings.fill_ms ? now_ms + turn->settings.fill_ms : NEVER;
}

void turn_reply_hush(struct turn *turn, struct turn_actions *out)
{
    turn->is_filling = false;
    turn_act(turn, out, TURN_ACTION_HUSH);
}

void turn_reply_begin(struct turn *turn, enum reply_phase phase, uint64_t now_ms)
{
    turn->epoch++;
    turn->phase = phase;
    turn->turn_ms = now_ms;
    turn->was_audible = false;
    turn->has_acted = false;
    turn->had_tools = false;
    turn->is_scripted = false;
    turn->is_unasked = false;
    turn->is_farewell = false;
    turn->is_draft = false;
    turn->is_protected = false;
    turn->held = TURN_HELD_NOTHING;
    turn->holds_pieces = false;
    turn->quiet_since_ms = now_ms;
    turn->fill_due_ms = NEVER; /* who was not asked anything fills nothing */
    turn->fills = 0;
    turn->is_filling = false;
    turn->is_text_over = false;
    turn->silence_asked_ms = 0;
}

void turn_reply_cancel(struct turn *turn, struct turn_actions *out)
{
    turn->is_draft = false;
    turn->is_filling = false;
    if (turn->phase != REPLY_NONE)
        turn_act(turn, out, TURN_ACTION_CANCEL_REPLY);
    turn->phase = REPLY_NONE;
}

/* The reply was heard to its end. */
static void close_reply(struct turn *turn, uint64_t now_ms, struct turn_actions *out)
{
    if (turn->phase != REPLY_APOLOGY)
        turn->failures = 0;
    turn_act(turn, out, TURN_ACTION_CLOSE_REPLY);
    turn_enter_listening(turn, now_ms);
    if (turn->hangup_asked || turn->is_farewell) {
        turn_end_call(turn, turn->is_farewell ? TURN_END_IDLE : TURN_END_AGENT, out);
        return;
    }
    turn->is_over_reply = turn->has_speech && !turn->is_speech &&
                          now_ms > turn->speech_ended_ms + OVER_REPLY_MARGIN_MS;
    turn_decide(turn, now_ms, out);
}

/* A filler is over and the wait goes on: another comes when it lasts. */
static void expect_again(struct turn *turn, uint64_t now_ms)
{
    bool may_again = turn->fills < turn->settings.fills_max;
    turn->fill_due_ms = may_again ? now_ms + turn->settings.fill_again_ms : NEVER;
}

static void on_played(
    struct turn *turn, struct turn_event event, uint64_t now_ms, struct turn_actions *out)
{
    bool is_complete = turn->phase == REPLY_COMPLETE || turn->phase == REPLY_APOLOGY;
    /* Tools that did not come while the text was heard are not worth dead air. */
    bool is_enough = turn->phase == REPLY_MODEL && turn->is_text_over && !turn->is_draft;
    bool was_filling = turn->is_filling;
    turn->is_filling = false;
    turn->is_protected = false;
    bool is_all =
        event.flag && !turn->holds_pieces; /* what waits for the caller's pause is still to come */
    if (is_all && is_enough)
        turn_act(turn, out, TURN_ACTION_END_MODEL);
    if (is_all && (is_complete || is_enough)) {
        close_reply(turn, now_ms, out);
    } else if (turn->state == TURN_THINKING) {
        if (was_filling)
            expect_again(turn, now_ms);
    } else {
        turn->state = TURN_THINKING;
        turn->quiet_since_ms = now_ms;
        turn->had_tools = false;
        turn_reply_expect(turn, now_ms);
    }
}

void turn_reply_interrupt(struct turn *turn, uint64_t now_ms, struct turn_actions *out)
{
    turn_act(turn, out, TURN_ACTION_CLEAR);
    turn_reply_cancel(turn, out);
    turn_enter_listening(turn, now_ms);
    turn_decide(turn, now_ms, out);
}

/* The caller goes on before anything was said: the turn was cut too early, its words wait again. */
void turn_reply_withdraw(struct turn *turn, uint64_t now_ms, struct turn_actions *out)
{
    bool can_reopen =
        !turn->was_audible && !turn->has_acted && !turn->is_unasked && turn->phase != REPLY_APOLOGY;
    if (turn->is_filling)
        turn_act(turn, out, TURN_ACTION_CLEAR);
    turn_reply_cancel(turn, out);
    if (can_reopen) {
        turn_act(turn, out, TURN_ACTION_REOPEN_TURN);
        turn->turn_item = turn->reopened_item;
        turn->has_settled_words = true;
        turn->has_speech = true;
    }
    turn_enter_listening(turn, now_ms);
    turn_decide(turn, now_ms, out);
}

static void end_round(
    struct turn *turn, bool wants_tools, uint64_t now_ms, struct turn_actions *out)
{
    turn_act(turn, out, TURN_ACTION_FINISH_SEGMENT);
    if (wants_tools) {
        turn->phase = REPLY_TOOLS;
        turn->tools_began_ms = now_ms;
        turn->has_acted = true;
        turn_act(turn, out, TURN_ACTION_RUN_TOOLS);
    } else {
        turn->phase = REPLY_COMPLETE;
    }
}

static void on_model_done(
    struct turn *turn, struct turn_event event, uint64_t now_ms, struct turn_actions *out)
{
    if (turn->is_draft)
        turn->held = event.flag ? TURN_HELD_TOOLS : TURN_HELD_END;
    else
        end_round(turn, event.flag, now_ms, out);
}

static void begin_text(struct turn *turn, bool has_room)
{
    turn->phase = REPLY_MODEL;
    turn->sentences = 0;
    turn->has_room = has_room;
    turn->is_text_over = false;
}

static void start_model(struct turn *turn, struct turn_actions *out)
{
    begin_text(turn, false);
    turn_act(turn, out, TURN_ACTION_START_MODEL);
}

/* Its pieces are gone, and those that follow are let go anew. */
static void on_model_restarted(struct turn *turn)
{
    if (turn->phase != REPLY_MODEL || turn->is_text_over)
        return;
    begin_text(turn, false);
    turn->holds_pieces = false;
}

static void count_sentences(struct turn *turn, struct turn_event event, struct turn_actions *out)
{
    turn->sentences += event.sentences;
    turn->has_room |= event.flag;
    bool is_limited = turn->settings.max_sentences && !turn->has_room;
    if (!is_limited || turn->sentences < turn->settings.max_sentences)
        return;
    turn->is_text_over = true;
    turn_act(turn, out, TURN_ACTION_END_TEXT);
    turn_act(turn, out, TURN_ACTION_FINISH_SEGMENT);
}

static void on_piece(struct turn *turn, struct turn_event event, struct turn_actions *out)
{
    if (turn->is_text_over)
        return;
    if (turn->state == TURN_THINKING && (turn->is_speech || turn->is_draft))
        turn->holds_pieces = true;
    else
        turn_act(turn, out, TURN_ACTION_SPEAK);
    count_sentences(turn, event, out);
}

/* One wait for all rounds of the model: what tools took is not held against it, and behind the first of them it has its time. But
   whatever it asks for again and again, the caller hears of it. */
static void wait_for_more(struct turn *turn, uint64_t now_ms)
{
    uint64_t began_ms =
        turn->tools_began_ms > turn->quiet_since_ms ? turn->tools_began_ms : turn->quiet_since_ms;
    turn->quiet_since_ms += now_ms > began_ms ? now_ms - began_ms : 0;
    uint64_t least_ms = now_ms + AFTER_TOOLS_LEAST_MS;
    uint64_t due_ms = turn->quiet_since_ms + turn->settings.answer_ms;
    if (!turn->had_tools && due_ms < least_ms)
        turn->quiet_since_ms += least_ms - due_ms;
    turn->had_tools = true;
}

/* Late tools with words for that: those are the answer, no model is asked. */
static void on_tools_done(
    struct turn *turn, struct turn_event event, uint64_t now_ms, struct turn_actions *out)
{
    if (turn->phase != REPLY_TOOLS)
        return; /* none were asked for */
    if (turn->state == TURN_THINKING)
        wait_for_more(turn, now_ms);
    if (event.flag) {
        turn->phase = REPLY_COMPLETE;
        turn_act(turn, out, TURN_ACTION_FAIL_OPEN);
    } else {
        start_model(turn, out);
    }
}

/* What the script took is the model's too: the caller heard fillers meanwhile. */
static void on_script_passed(struct turn *turn, uint64_t now_ms)
{
    if (turn->phase == REPLY_PROMPT && turn->state == TURN_THINKING)
        turn->quiet_since_ms += now_ms - turn->turn_ms;
}

/* Its words are not counted. What it did for them is not done again: the turn stands, and a cough does not cost its reply. */
static void on_script_answered(struct turn *turn)
{
    if (turn->phase != REPLY_PROMPT || turn->is_draft)
        return;
    begin_text(turn, true);
    turn->has_acted = true;
    turn->is_scripted = true;
}

/* Nobody is left waiting for what will not come. A filler that is heard ends first, and its end is the reply's. */
static void on_no_words(struct turn *turn, uint64_t now_ms, struct turn_actions *out)
{
    bool is_over = turn->phase == REPLY_COMPLETE && !turn->is_draft && !turn->holds_pieces;
    if (!is_over || turn->state != TURN_THINKING)
        return;
    if (turn->is_filling)
        turn_reply_hush(turn, out);
    else
        close_reply(turn, now_ms, out);
}

static void on_failure(struct turn *turn, uint64_t now_ms, struct turn_actions *out)
{
    turn->early_failed = turn->is_draft;
    if (turn->is_draft)
        turn_reply_withdraw(turn, now_ms, out);
    else
        turn_fail(turn, now_ms, false, out);
}

/* A voice over what is heard lowers it, unless it was there before the turn: that is the noise of the line. */
void turn_reply_meet_voice(struct turn *turn, struct turn_actions *out)
{
    bool may_interrupt = turn->settings.barge_in && !turn->is_protected;
    if (!may_interrupt || !turn_caller_is_over(turn))
        return;
    turn->state = TURN_INTERRUPTED;
    turn_act(turn, out, TURN_ACTION_DUCK);
}

/* Held pieces may be spoken. */
void turn_reply_release(struct turn *turn, struct turn_actions *out)
{
    turn->holds_pieces = false;
    turn_act(turn, out, TURN_ACTION_SPEAK);
}

/* Once something is heard the rest need not wait for a pause. A voice that had begun by then is a voice over it. */
static void on_audio(struct turn *turn, struct turn_actions *out)
{
    if (turn->is_draft)
        return; /* nothing was asked for */
    turn->was_audible = true;
    if (turn->is_filling)
        turn_reply_hush(turn, out);
    if (turn->state != TURN_THINKING)
        return;
    turn->state = TURN_SPEAKING;
    if (turn->holds_pieces)
        turn_reply_release(turn, out);
    turn_reply_meet_voice(turn, out);
}

/* What providers and scripts report is handled alike in every state that has one. */
void turn_reply_event(
    struct turn *turn, struct turn_event event, uint64_t now_ms, struct turn_actions *out)
{
    switch (event.kind) {
    case TURN_EVENT_PROMPT_READY:
        start_model(turn, out);
        break;
    case TURN_EVENT_SCRIPT_PASSED:
        on_script_passed(turn, now_ms);
        break;
    case TURN_EVENT_SCRIPT_ANSWERED:
        on_script_answered(turn);
        break;
    case TURN_EVENT_TOOLS_DONE:
        on_tools_done(turn, event, now_ms, out);
        break;
    case TURN_EVENT_PIECE:
        on_piece(turn, event, out);
        break;
    case TURN_EVENT_MODEL_DONE:
        on_model_done(turn, event, now_ms, out);
        break;
    case TURN_EVENT_MODEL_RESTARTED:
        on_model_restarted(turn);
        break;
    case TURN_EVENT_MODEL_FAILED:
        if (turn->is_text_over) /* what it had to say is there */
            on_model_done(turn, (struct turn_event){.flag = false}, now_ms, out);
        else
            on_failure(turn, now_ms, out);
        break;
    case TURN_EVENT_PROMPT_FAILED:
    case TURN_EVENT_TTS_FAILED:
        on_failure(turn, now_ms, out);
        break;
    case TURN_EVENT_AUDIO:
        on_audio(turn, out);
        break;
    case TURN_EVENT_NO_WORDS:
        on_no_words(turn, now_ms, out);
        break;
    case TURN_EVENT_PROTECTED:
        turn->is_protected = event.flag;
        break;
    case TURN_EVENT_PLAYED:
        on_played(turn, event, now_ms, out);
        break;
    case TURN_EVENT_STARTED:
    case TURN_EVENT_LISTEN:
    case TURN_EVENT_SPEECH_STARTED:
    case TURN_EVENT_SPEECH_ENDED:
    case TURN_EVENT_COMMITTED:
    case TURN_EVENT_PARTIAL:
    case TURN_EVENT_FINAL:
    case TURN_EVENT_STT_FAILED:
    case TURN_EVENT_RULES:
    case TURN_EVENT_END_OF_TURN:
    case TURN_EVENT_SILENCE_ANSWERED:
    case TURN_EVENT_KEY_TYPED:
    case TURN_EVENT_KEY_TAKEN:
    case TURN_EVENT_SAY_ASKED:
    case TURN_EVENT_HANGUP_ASKED:
    case TURN_EVENT_STREAM_ENDED:
    case TURN_EVENT_TIME:
        break; /* the states' own */
    }
}

bool turn_reply_owns(enum turn_event_kind kind)
{
    return kind >= TURN_EVENT_PROMPT_READY && kind <= TURN_EVENT_PLAYED;
}

/* The caller was silent for long enough: the draft is the turn, and what it held back is done now. */
void turn_reply_confirm(struct turn *turn, uint64_t now_ms, struct turn_actions *out)
{
    enum turn_held held = turn->held;
    turn_reply_expect(turn, now_ms);
    turn->is_draft = false;
    turn->held = TURN_HELD_NOTHING;
    if (turn_caller_waits_ms(turn) > turn->quiet_since_ms)
        turn->quiet_since_ms = turn_caller_waits_ms(turn);
    turn_act(turn, out, TURN_ACTION_COMMIT_TURN);
    if (turn->holds_pieces)
        turn_reply_release(turn, out);
    if (held != TURN_HELD_NOTHING)
        end_round(turn, held == TURN_HELD_TOOLS, now_ms, out);
}

uint64_t turn_answer_due_ms(const struct turn *turn)
{
    bool waits = turn->state == TURN_THINKING;
    return waits ? turn->quiet_since_ms + turn->settings.answer_ms : 0;
}

/* When waiting for this phase of the reply has lasted too long. */
static uint64_t give_up_ms(const struct turn *turn)
{
    bool is_tools = turn->phase == REPLY_TOOLS;
    return turn->quiet_since_ms + (is_tools ? turn->settings.tools_ms : turn->settings.answer_ms);
}

/* When the next filler comes; never over the caller, nor before what waits for the caller's pause. */
static uint64_t fill_ms(const struct turn *turn)
{
    if (turn->fill_due_ms == NEVER || turn->is_filling || turn->holds_pieces || turn->is_speech)
        return NEVER;
    uint64_t after_noise_ms = turn->speech_ended_ms + turn->settings.fill_ms;
    return turn->fill_due_ms > after_noise_ms ? turn->fill_due_ms : after_noise_ms;
}

uint64_t turn_reply_deadline_ms(const struct turn *turn)
{
    uint64_t fill = fill_ms(turn);
    uint64_t give_up = give_up_ms(turn);
    return fill < give_up ? fill : give_up;
}

void turn_reply_wait(struct turn *turn, uint64_t now_ms, struct turn_actions *out)
{
    if (now_ms >= give_up_ms(turn) && turn->holds_pieces) {
        turn_reply_release(turn, out); /* a pause may never come: the line may just be noisy */
        turn->quiet_since_ms = now_ms;
        turn_reply_expect(turn, now_ms);
    } else if (now_ms >= give_up_ms(turn)) {
        turn_fail(turn, now_ms, false, out);
    } else if (now_ms >= fill_ms(turn)) {
        turn->is_filling = true;
        turn->fills++;
        turn->fill_due_ms = NEVER;
        turn_act(turn, out, TURN_ACTION_FILL);
    }
}
