#include "callflow/turn.h"

#include <assert.h>
#include <stddef.h>

#define NEVER UINT64_MAX
#define FAILURES_MAX 2           /* in a row, then the call ends */
#define OVER_REPLY_MARGIN_MS 600 /* words this close to a reply's end may answer it */
#define ENDING_MAX_MS 10000      /* for last words to play */

const struct turn_settings turn_defaults = {
    .silence_ms = 500,
    .stall_ms = 600,
    .patience_ms = 400,
    .min_utterance_ms = 350,
    .max_utterance_ms = 8000,
    .barge_in_ms = 350,
    .fill_ms = 1400,
    .answer_ms = 2600,
    .tools_ms = 10000,
    .transcript_ms = 2600,
    .barge_in = true,
};

void turn_init(struct turn *turn, const struct turn_settings *settings)
{
    *turn = (struct turn){.settings = *settings, .state = TURN_LISTENING};
}

static void act(struct turn *turn, struct turn_actions *out, enum turn_action_kind kind)
{
    assert(out->count < TURN_ACTIONS_MAX);
    out->list[out->count++] =
        (struct turn_action){.kind = kind, .epoch = turn->epoch, .reason = turn->end_reason};
}

static bool has_words(const struct turn *turn)
{
    return turn->has_settled_words || turn->words.count > 0;
}

/* The caller's side starts anew: what was said so far is used up. */
static void forget_speech(struct turn *turn)
{
    turn->turn_item = turn->last_item;
    turn->has_speech = turn->is_speech;
    turn->is_forced = false;
    turn->is_over_reply = false;
    turn->has_settled_words = false;
    turn->words = (struct turn_words){0};
    turn->speech_ms = 0;
}

static void be_quiet(struct turn *turn, uint64_t now_ms)
{
    turn->quiet_since_ms = now_ms;
    turn->has_filled = false;
}

/* ---- ways into a state ---- */

static void begin_reply(struct turn *turn, enum reply_phase phase, uint64_t now_ms)
{
    turn->epoch++;
    turn->phase = phase;
    turn->turn_ms = now_ms;
    turn->was_audible = false;
    turn->has_acted = false;
    turn->holds_pieces = false;
    be_quiet(turn, now_ms);
}

static void enter_listening(struct turn *turn)
{
    turn->state = TURN_LISTENING;
    turn->phase = REPLY_NONE;
}

static void enter_thinking(struct turn *turn, uint64_t now_ms, struct turn_actions *out)
{
    assert(turn->state == TURN_LISTENING);
    turn->reopened_item = turn->turn_item;
    forget_speech(turn);
    begin_reply(turn, REPLY_PROMPT, now_ms);
    turn->state = TURN_THINKING;
    act(turn, out, TURN_ACTION_COMMIT_TURN);
}

static void enter_ending(struct turn *turn, enum turn_end_reason reason, uint64_t now_ms)
{
    turn->state = TURN_ENDING;
    turn->end_reason = reason;
    turn->ending_deadline_ms = now_ms + ENDING_MAX_MS;
}

static void end_call(struct turn *turn, enum turn_end_reason reason, struct turn_actions *out)
{
    if (turn->is_ended)
        return;
    if (turn->state != TURN_ENDING)
        turn->end_reason = reason;
    turn->state = TURN_ENDING;
    turn->is_ended = true;
    act(turn, out, TURN_ACTION_END_CALL);
}

static void cancel_reply(struct turn *turn, struct turn_actions *out)
{
    if (turn->phase != REPLY_NONE)
        act(turn, out, TURN_ACTION_CANCEL_REPLY);
    turn->phase = REPLY_NONE;
}

/* A vendor failed this turn: apologise and go on, or end after the second time in a row. */
static void fail(struct turn *turn, uint64_t now_ms, bool is_final, struct turn_actions *out)
{
    if (turn->state == TURN_ENDING)
        return;
    turn->failures = is_final ? FAILURES_MAX : turn->failures + 1;
    if (turn->was_audible && turn->phase != REPLY_NONE)
        act(turn, out, TURN_ACTION_CLEAR);
    cancel_reply(turn, out);
    if (turn->state == TURN_LISTENING) {
        forget_speech(turn);
        act(turn, out, TURN_ACTION_DISCARD_SPEECH);
    }
    begin_reply(turn, REPLY_APOLOGY, now_ms);
    turn->state = TURN_THINKING;
    act(turn, out, TURN_ACTION_APOLOGISE);
    if (turn->failures >= FAILURES_MAX)
        enter_ending(turn, TURN_END_FAILURE, now_ms);
}

/* ---- the caller's side, in every state ---- */

static void note_words(struct turn *turn, struct turn_event event, uint64_t now_ms)
{
    if (event.item > turn->last_item)
        turn->last_item = event.item;
    if (event.item <= turn->turn_item)
        return;
    bool is_final = event.kind == TURN_EVENT_FINAL;
    if (event.words.count > turn->words.count || event.item != turn->words_item)
        turn->words_ms = now_ms;
    if (event.words.count || event.item == turn->words_item) {
        turn->words = event.words;
        turn->words_item = event.item;
    }
    turn->has_speech |= event.words.count > 0;
    turn->has_settled_words |= is_final && event.words.count > 0;
}

static void note_caller(
    struct turn *turn, struct turn_event event, uint64_t now_ms, struct turn_actions *out)
{
    if (event.kind == TURN_EVENT_SPEECH_STARTED) {
        turn->is_speech = true;
        turn->has_speech = true;
        turn->is_over_reply = false;
        turn->speech_started_ms = now_ms - event.lag_ms;
    } else if (event.kind == TURN_EVENT_SPEECH_ENDED && turn->is_speech) {
        turn->is_speech = false;
        turn->speech_ended_ms = now_ms - event.lag_ms;
        if (turn->speech_ended_ms > turn->speech_started_ms)
            turn->speech_ms += (uint32_t)(turn->speech_ended_ms - turn->speech_started_ms);
        act(turn, out, TURN_ACTION_COMMIT_SPEECH);
    } else if (event.kind == TURN_EVENT_COMMITTED) {
        turn->open_items++;
        if (event.item > turn->last_item)
            turn->last_item = event.item;
    } else if (event.kind == TURN_EVENT_PARTIAL) {
        note_words(turn, event, now_ms);
    } else if (event.kind == TURN_EVENT_FINAL) {
        if (turn->open_items)
            turn->open_items--;
        note_words(turn, event, now_ms);
    }
}

/* The caller means to speak: it lasts, or there is a word that is more than "mm-hmm". */
static bool insists(const struct turn *turn, uint64_t now_ms)
{
    bool lasts = turn->is_speech && turn->speech_started_ms > turn->turn_ms &&
                 now_ms >= turn->speech_started_ms + turn->settings.barge_in_ms;
    bool says_something = turn->words.count > 0 && !turn->words.is_backchannel;
    return lasts || says_something;
}

/* ---- LISTENING ---- */

static uint64_t later(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

/* When silence has lasted long enough, by what is known now. */
static uint64_t silence_over_ms(const struct turn *turn)
{
    if (turn->is_forced)
        return turn->speech_ended_ms + 1; /* COMMITTED comes first */
    if (turn->is_speech)
        return NEVER;
    uint32_t patience = turn->words.is_hanging ? turn->settings.patience_ms : 0;
    return turn->speech_ended_ms + turn->settings.silence_ms + patience;
}

/* When the pending speech is decided on: committed, discarded or given up. */
static uint64_t decision_ms(const struct turn *turn)
{
    if (!turn->has_speech)
        return NEVER;
    uint64_t silence_over = silence_over_ms(turn);
    if (silence_over == NEVER)
        return turn->speech_started_ms + turn->settings.max_utterance_ms;
    if (turn->open_items == 0)
        return silence_over;
    if (has_words(turn))
        return later(
            silence_over, later(turn->words_ms, turn->speech_ended_ms) + turn->settings.stall_ms);
    return later(silence_over, turn->speech_ended_ms + turn->settings.transcript_ms);
}

/* Shorter than an utterance, and speech-to-text heard nothing in it. */
static bool is_too_short(const struct turn *turn)
{
    return turn->speech_ms < turn->settings.min_utterance_ms && !turn->is_forced;
}

static bool is_noise(const struct turn *turn)
{
    bool is_backchannel = turn->is_over_reply && turn->words.is_backchannel;
    return !has_words(turn) || is_backchannel;
}

static void decide(struct turn *turn, uint64_t now_ms, struct turn_actions *out)
{
    if (now_ms < decision_ms(turn))
        return;
    if (turn->is_speech && !turn->is_forced) {
        turn->is_forced = true;
        turn->speech_started_ms = now_ms;
        turn->speech_ended_ms = now_ms; /* stall and transcript waits count from here */
        act(turn, out, TURN_ACTION_COMMIT_SPEECH);
    } else if (!has_words(turn) && turn->open_items && !is_too_short(turn)) {
        fail(turn, now_ms, false, out);
    } else if (is_noise(turn)) {
        forget_speech(turn);
        act(turn, out, TURN_ACTION_DISCARD_SPEECH);
    } else {
        enter_thinking(turn, now_ms, out);
    }
}

static void in_listening(
    struct turn *turn, struct turn_event event, uint64_t now_ms, struct turn_actions *out)
{
    switch (event.kind) {
    case TURN_EVENT_STARTED:
        begin_reply(turn, event.flag ? REPLY_COMPLETE : REPLY_PROMPT, now_ms);
        turn->state = TURN_THINKING;
        act(turn, out, event.flag ? TURN_ACTION_GREET : TURN_ACTION_COMMIT_TURN);
        break;
    case TURN_EVENT_HANGUP_ASKED:
        end_call(turn, TURN_END_AGENT, out);
        break;
    case TURN_EVENT_SPEECH_STARTED:
    case TURN_EVENT_SPEECH_ENDED:
    case TURN_EVENT_COMMITTED:
    case TURN_EVENT_PARTIAL:
    case TURN_EVENT_FINAL:
    case TURN_EVENT_TIME:
        decide(turn, now_ms, out);
        break;
    case TURN_EVENT_STT_FAILED:
    case TURN_EVENT_STREAM_ENDED: /* in turn_step */
    case TURN_EVENT_PROMPT_READY:
    case TURN_EVENT_PROMPT_FAILED:
    case TURN_EVENT_PIECE:
    case TURN_EVENT_MODEL_DONE:
    case TURN_EVENT_MODEL_FAILED:
    case TURN_EVENT_TOOLS_DONE:
    case TURN_EVENT_AUDIO:
    case TURN_EVENT_TTS_FAILED:
    case TURN_EVENT_PLAYED:
        break; /* no reply is alive */
    }
}

/* ---- the reply, while one is alive ---- */

/* The reply was heard to its end. */
static void close_reply(struct turn *turn, uint64_t now_ms, struct turn_actions *out)
{
    if (turn->phase != REPLY_APOLOGY)
        turn->failures = 0;
    act(turn, out, TURN_ACTION_CLOSE_REPLY);
    enter_listening(turn);
    if (turn->hangup_asked) {
        end_call(turn, TURN_END_AGENT, out);
        return;
    }
    turn->is_over_reply = turn->has_speech && !turn->is_speech &&
                          now_ms > turn->speech_ended_ms + OVER_REPLY_MARGIN_MS;
    decide(turn, now_ms, out);
}

static void on_played(
    struct turn *turn, struct turn_event event, uint64_t now_ms, struct turn_actions *out)
{
    if (!event.flag)
        return; /* a filler, or a pause of synthesis */
    if (turn->phase == REPLY_COMPLETE || turn->phase == REPLY_APOLOGY) {
        close_reply(turn, now_ms, out);
    } else {
        turn->state = TURN_THINKING;
        be_quiet(turn, now_ms);
    }
}

static void interrupt_reply(struct turn *turn, uint64_t now_ms, struct turn_actions *out)
{
    act(turn, out, TURN_ACTION_CLEAR);
    cancel_reply(turn, out);
    enter_listening(turn);
    decide(turn, now_ms, out);
}

/* The caller goes on before anything was said: the turn was cut too early, its words wait again. */
static void withdraw_turn(struct turn *turn, uint64_t now_ms, struct turn_actions *out)
{
    bool can_reopen = !turn->was_audible && !turn->has_acted && turn->phase != REPLY_APOLOGY;
    if (turn->has_filled)
        act(turn, out, TURN_ACTION_CLEAR);
    cancel_reply(turn, out);
    if (can_reopen) {
        act(turn, out, TURN_ACTION_REOPEN_TURN);
        turn->turn_item = turn->reopened_item;
        turn->has_settled_words = true;
        turn->has_speech = true;
    }
    enter_listening(turn);
    decide(turn, now_ms, out);
}

static void on_model_done(struct turn *turn, struct turn_event event, struct turn_actions *out)
{
    act(turn, out, TURN_ACTION_FINISH_SEGMENT);
    if (event.flag) {
        turn->phase = REPLY_TOOLS;
        turn->has_acted = true;
        act(turn, out, TURN_ACTION_RUN_TOOLS);
    } else {
        turn->phase = REPLY_COMPLETE;
    }
}

static void on_piece(struct turn *turn, struct turn_actions *out)
{
    if (turn->state == TURN_THINKING && turn->is_speech)
        turn->holds_pieces = true;
    else
        act(turn, out, TURN_ACTION_SPEAK);
}

/* What providers and scripts report is handled alike in THINKING, SPEAKING and INTERRUPTED. */
static void on_reply_event(
    struct turn *turn, struct turn_event event, uint64_t now_ms, struct turn_actions *out)
{
    switch (event.kind) {
    case TURN_EVENT_PROMPT_READY:
        turn->phase = REPLY_MODEL;
        act(turn, out, TURN_ACTION_START_MODEL);
        break;
    case TURN_EVENT_TOOLS_DONE:
        turn->phase = REPLY_MODEL;
        if (turn->state == TURN_THINKING)
            be_quiet(turn, now_ms);
        act(turn, out, TURN_ACTION_START_MODEL);
        break;
    case TURN_EVENT_PIECE:
        on_piece(turn, out);
        break;
    case TURN_EVENT_MODEL_DONE:
        on_model_done(turn, event, out);
        break;
    case TURN_EVENT_PROMPT_FAILED:
    case TURN_EVENT_MODEL_FAILED:
    case TURN_EVENT_TTS_FAILED:
        fail(turn, now_ms, false, out);
        break;
    case TURN_EVENT_AUDIO:
        turn->was_audible = true;
        if (turn->state == TURN_THINKING)
            turn->state = TURN_SPEAKING;
        break;
    case TURN_EVENT_PLAYED:
        on_played(turn, event, now_ms, out);
        break;
    case TURN_EVENT_STARTED:
    case TURN_EVENT_SPEECH_STARTED:
    case TURN_EVENT_SPEECH_ENDED:
    case TURN_EVENT_COMMITTED:
    case TURN_EVENT_PARTIAL:
    case TURN_EVENT_FINAL:
    case TURN_EVENT_STT_FAILED:
    case TURN_EVENT_HANGUP_ASKED:
    case TURN_EVENT_STREAM_ENDED:
    case TURN_EVENT_TIME:
        break; /* the states' own */
    }
}

static bool is_reply_event(enum turn_event_kind kind)
{
    return kind >= TURN_EVENT_PROMPT_READY && kind <= TURN_EVENT_PLAYED;
}

/* When waiting for this phase of the reply has lasted too long. */
static uint64_t give_up_ms(const struct turn *turn)
{
    bool is_tools = turn->phase == REPLY_TOOLS;
    return turn->quiet_since_ms + (is_tools ? turn->settings.tools_ms : turn->settings.answer_ms);
}

static uint64_t answer_deadline_ms(const struct turn *turn)
{
    uint64_t fill = turn->has_filled ? NEVER : turn->quiet_since_ms + turn->settings.fill_ms;
    uint64_t give_up = give_up_ms(turn);
    return fill < give_up ? fill : give_up;
}

static void wait_for_answer(struct turn *turn, uint64_t now_ms, struct turn_actions *out)
{
    if (now_ms >= give_up_ms(turn)) {
        fail(turn, now_ms, false, out);
    } else if (!turn->has_filled && now_ms >= turn->quiet_since_ms + turn->settings.fill_ms) {
        turn->has_filled = true;
        act(turn, out, TURN_ACTION_FILL);
    }
}

static void in_thinking(
    struct turn *turn, struct turn_event event, uint64_t now_ms, struct turn_actions *out)
{
    if (is_reply_event(event.kind)) {
        on_reply_event(turn, event, now_ms, out);
    } else if (event.kind == TURN_EVENT_HANGUP_ASKED) {
        turn->hangup_asked = true;
    } else if (insists(turn, now_ms)) {
        withdraw_turn(turn, now_ms, out);
    } else if (turn->holds_pieces && !turn->is_speech) {
        turn->holds_pieces = false;
        act(turn, out, TURN_ACTION_SPEAK);
    } else if (event.kind == TURN_EVENT_TIME) {
        wait_for_answer(turn, now_ms, out);
    }
}

static void in_speaking(
    struct turn *turn, struct turn_event event, uint64_t now_ms, struct turn_actions *out)
{
    if (is_reply_event(event.kind)) {
        on_reply_event(turn, event, now_ms, out);
    } else if (event.kind == TURN_EVENT_HANGUP_ASKED) {
        turn->hangup_asked = true;
    } else if (!turn->settings.barge_in) {
        return;
    } else if (insists(turn, now_ms)) {
        interrupt_reply(turn, now_ms, out);
    } else if (event.kind == TURN_EVENT_SPEECH_STARTED) {
        turn->state = TURN_INTERRUPTED; /* a duck goes here */
    }
}

static void in_interrupted(
    struct turn *turn, struct turn_event event, uint64_t now_ms, struct turn_actions *out)
{
    if (is_reply_event(event.kind)) {
        on_reply_event(turn, event, now_ms, out);
    } else if (event.kind == TURN_EVENT_HANGUP_ASKED) {
        turn->hangup_asked = true;
    } else if (insists(turn, now_ms)) {
        interrupt_reply(turn, now_ms, out);
    } else if (event.kind == TURN_EVENT_SPEECH_ENDED) {
        turn->state = TURN_SPEAKING; /* the resume from a duck goes here */
    }
}

static void in_ending(
    struct turn *turn, struct turn_event event, uint64_t now_ms, struct turn_actions *out)
{
    bool is_played = event.kind == TURN_EVENT_PLAYED && event.flag;
    bool is_late = event.kind == TURN_EVENT_TIME && now_ms >= turn->ending_deadline_ms;
    if (is_played)
        act(turn, out, TURN_ACTION_CLOSE_REPLY);
    if (is_played || is_late)
        end_call(turn, turn->end_reason, out);
}

/* ---- the funnel ---- */

static bool is_stale(const struct turn *turn, struct turn_event event)
{
    return is_reply_event(event.kind) && (event.epoch != turn->epoch || turn->phase == REPLY_NONE);
}

void turn_step(
    struct turn *turn, struct turn_event event, uint64_t now_ms, struct turn_actions *out)
{
    out->count = 0;
    if (turn->is_ended || is_stale(turn, event))
        return;
    if (event.kind == TURN_EVENT_STREAM_ENDED) {
        cancel_reply(turn, out);
        end_call(turn, TURN_END_CALLER, out);
        return;
    }
    if (event.kind == TURN_EVENT_STT_FAILED) {
        fail(turn, now_ms, true, out);
        return;
    }
    if (turn->state != TURN_ENDING)
        note_caller(turn, event, now_ms, out);
    switch (turn->state) {
    case TURN_LISTENING:
        in_listening(turn, event, now_ms, out);
        break;
    case TURN_THINKING:
        in_thinking(turn, event, now_ms, out);
        break;
    case TURN_SPEAKING:
        in_speaking(turn, event, now_ms, out);
        break;
    case TURN_INTERRUPTED:
        in_interrupted(turn, event, now_ms, out);
        break;
    case TURN_ENDING:
        in_ending(turn, event, now_ms, out);
        break;
    }
}

static uint64_t insist_ms(const struct turn *turn)
{
    bool may_interrupt = turn->state == TURN_THINKING || turn->settings.barge_in;
    if (!may_interrupt || !turn->is_speech || turn->speech_started_ms <= turn->turn_ms)
        return NEVER;
    return turn->speech_started_ms + turn->settings.barge_in_ms;
}

static uint64_t next_ms(const struct turn *turn)
{
    switch (turn->state) {
    case TURN_LISTENING:
        return decision_ms(turn);
    case TURN_THINKING: {
        uint64_t insist = insist_ms(turn);
        uint64_t answer = answer_deadline_ms(turn);
        return insist < answer ? insist : answer;
    }
    case TURN_SPEAKING:
    case TURN_INTERRUPTED:
        return insist_ms(turn);
    case TURN_ENDING:
        return turn->is_ended ? NEVER : turn->ending_deadline_ms;
    }
    return NEVER;
}

uint64_t turn_deadline(const struct turn *turn)
{
    uint64_t next = next_ms(turn);
    return next == NEVER ? 0 : next ? next : 1;
}
