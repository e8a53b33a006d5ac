#include "callflow/turn_internal.h"

#include <assert.h>
#include <stddef.h>

#define FAILURES_MAX 2       /* in a row, then the call ends */
#define MODEL_LEAST_MS 1000  /* for the first audio, however late the transcript was */
#define SCRIPT_LEAST_MS 2000 /* where a script that may wait comes before it */
#define LATE_MS 1200         /* after the voice: a later transcript puts off no filler */
#define SETTLE_STEPS 4       /* each does what was due; more have never been seen */
#define ENDING_MAX_MS 10000  /* for last words to play */

const struct turn_settings turn_defaults = {
    .early_ms = 250,
    .silence_ms = 500,
    .stall_ms = 600,
    .patience_ms = 400,
    .min_utterance_ms = 350,
    .max_utterance_ms = 8000,
    .insist_ms = 350,
    .pause_ms = 350,
    .cut_ms = 1000,
    .verdict_ms = 800,
    .interrupt_words = 1,
    .fill_ms = 800,
    .fill_again_ms = 4000,
    .fills_max = 3,
    .max_sentences = 2,
    .answer_ms = 2800,
    .tools_ms = 10000,
    .transcript_ms = 2800,
    .idle_ms = 8000,
    .idle_nudges = 2,
    .ask_ms = 20,
    .silence_answer_ms = 200,
    .more_ms = 2000,
    .keys_ms = 2000,
    .barge_in = true,
};

void turn_init(struct turn *turn, const struct turn_settings *settings)
{
    *turn = (struct turn){.settings = *settings, .state = TURN_LISTENING};
}

void turn_act(struct turn *turn, struct turn_actions *out, enum turn_action_kind kind)
{
    assert(out->count < TURN_ACTIONS_MAX);
    out->list[out->count++] = (struct turn_action){
        .kind = kind, .epoch = turn->epoch, .question = turn->question, .reason = turn->end_reason};
}

void turn_enter_listening(struct turn *turn, uint64_t now_ms)
{
    turn->listening_ms = now_ms;
    turn->state = TURN_LISTENING;
    turn->phase = REPLY_NONE;
}

/* The caller's silence counts from the end of the caller's own speech, but a late transcript leaves the model its time. */
static uint64_t heard_nothing_since(const struct turn *turn, uint64_t waits_ms, uint64_t now_ms)
{
    if (turn->is_speech || waits_ms > now_ms)
        return now_ms;
    uint64_t give_up_ms = waits_ms + turn->settings.answer_ms;
    uint32_t least_ms = turn->settings.script_first ? SCRIPT_LEAST_MS : MODEL_LEAST_MS;
    bool is_late = give_up_ms < now_ms + least_ms;
    return waits_ms + (is_late ? now_ms + least_ms - give_up_ms : 0);
}

/* Of what fills the wait. */
static uint64_t expects_since(const struct turn *turn, uint64_t waits_ms, uint64_t now_ms)
{
    uint64_t since_ms = waits_ms + LATE_MS;
    if (since_ms < turn->listening_ms) /* a reply was heard until then */
        since_ms = turn->listening_ms;
    return since_ms < now_ms ? since_ms : now_ms;
}

static void enter_thinking(
    struct turn *turn, bool is_draft, uint64_t now_ms, struct turn_actions *out)
{
    assert(turn->state == TURN_LISTENING);
    uint64_t waits_ms = turn_caller_waits_ms(turn);
    turn->nudges = 0;
    turn->reopened_item = turn->turn_item;
    turn_caller_forget(turn);
    turn_reply_begin(turn, REPLY_PROMPT, now_ms);
    turn->hangup_asked = false; /* the caller has more to say */
    turn->quiet_since_ms = heard_nothing_since(turn, waits_ms, now_ms);
    turn->state = TURN_THINKING;
    turn->is_draft = is_draft;
    if (!is_draft)
        turn_reply_expect(turn, expects_since(turn, waits_ms, now_ms));
    turn_act(turn, out, is_draft ? TURN_ACTION_DRAFT_TURN : TURN_ACTION_COMMIT_TURN);
}

static void turn_enter_ending(struct turn *turn, enum turn_end_reason reason, uint64_t now_ms)
{
    turn->state = TURN_ENDING;
    turn->end_reason = reason;
    turn->ending_deadline_ms = now_ms + ENDING_MAX_MS;
}

void turn_end_call(struct turn *turn, enum turn_end_reason reason, struct turn_actions *out)
{
    if (turn->is_ended)
        return;
    if (turn->state != TURN_ENDING)
        turn->end_reason = reason;
    turn->state = TURN_ENDING;
    turn->is_ended = true;
    turn_act(turn, out, TURN_ACTION_END_CALL);
}

/* What was said is kept, whatever becomes of its answer. */
static void keep_draft(struct turn *turn, struct turn_actions *out)
{
    if (turn->is_draft)
        turn_act(turn, out, TURN_ACTION_COMMIT_TURN);
    turn->is_draft = false;
}

/* A vendor failed this turn: apologise and go on, or end after the second time in a row. */
void turn_fail(struct turn *turn, uint64_t now_ms, bool is_final, struct turn_actions *out)
{
    if (turn->state == TURN_ENDING)
        return;
    keep_draft(turn, out);
    turn->failures = is_final ? FAILURES_MAX : turn->failures + 1;
    turn->owes_apology = false;
    if (turn->is_filling)
        turn_reply_hush(turn, out);
    else if (turn->was_audible && turn->phase != REPLY_NONE)
        turn_act(turn, out, TURN_ACTION_CLEAR);
    turn_reply_cancel(turn, out);
    if (turn->state == TURN_LISTENING) {
        turn_caller_forget(turn);
        turn_act(turn, out, TURN_ACTION_DISCARD_SPEECH);
    }
    turn_reply_begin(turn, REPLY_APOLOGY, now_ms);
    turn->state = TURN_THINKING;
    turn_act(turn, out, TURN_ACTION_APOLOGISE);
    if (turn->failures >= FAILURES_MAX)
        turn_enter_ending(turn, TURN_END_FAILURE, now_ms);
}

/* A reply is alive, to words that were heard: it is the better answer, and who says nothing misses nothing. */
static bool is_missed_by_nobody(const struct turn *turn)
{
    return turn->state != TURN_LISTENING && turn->state != TURN_ENDING && !turn->has_speech;
}

/* Nobody hears. Who is speaking would not hear the apology: it comes behind the words, or when they do not end. */
static void fail_to_hear(
    struct turn *turn, bool is_final, uint64_t now_ms, struct turn_actions *out)
{
    turn->open_items = 0; /* who hears next knows of none */
    turn->is_deaf |= is_final;
    if (!is_final && is_missed_by_nobody(turn))
        return;
    turn->owes_apology = turn->state == TURN_LISTENING && turn->is_speech;
    if (!turn->owes_apology)
        turn_fail(turn, now_ms, turn->is_deaf, out);
}

/* Nobody speaks: asks whether the caller is there, or ends the call. */
static void break_silence(struct turn *turn, uint64_t now_ms, struct turn_actions *out)
{
    bool is_last = turn->nudges++ >= turn->settings.idle_nudges;
    turn_reply_begin(turn, REPLY_COMPLETE, now_ms);
    turn->state = TURN_THINKING;
    turn->is_unasked = true;
    turn->is_farewell = is_last;
    turn_act(turn, out, is_last ? TURN_ACTION_FAREWELL : TURN_ACTION_NUDGE);
}

/* A script that wants to is asked what to say; its answer is not waited for longer than silence_answer_ms. */
static void meet_silence(struct turn *turn, uint64_t now_ms, struct turn_actions *out)
{
    bool is_nudge = turn->nudges < turn->settings.idle_nudges;
    if (turn->settings.asks_on_silence && is_nudge && !turn->silence_asked_ms)
        turn_ask_silence(turn, now_ms, out);
    else
        break_silence(turn, now_ms, out);
}

static void on_silence_answered(
    struct turn *turn, struct turn_event event, uint64_t now_ms, struct turn_actions *out)
{
    if (!turn->silence_asked_ms || event.item != turn->question)
        return;
    if (!event.flag) {
        break_silence(turn, now_ms, out);
        return;
    }
    turn->nudges++;
    turn->silence_asked_ms = 0;
    turn->listening_ms = now_ms;
}

/* The script speaks of its own accord. */
static void say(struct turn *turn, uint64_t now_ms, struct turn_actions *out)
{
    if (!turn->listening_ms || turn->has_speech)
        return;
    turn_reply_begin(turn, REPLY_COMPLETE, now_ms);
    turn->state = TURN_THINKING;
    turn->is_unasked = true;
    turn_act(turn, out, TURN_ACTION_SAY);
}

void turn_decide(struct turn *turn, uint64_t now_ms, struct turn_actions *out)
{
    bool is_over = !turn->is_speech || now_ms >= turn_caller_decision_ms(turn);
    if (turn->owes_apology && is_over) {
        turn_fail(turn, now_ms, turn->is_deaf, out);
        return;
    }
    if (now_ms >= turn_ask_due_ms(turn))
        turn_ask(turn, now_ms, out);
    if (now_ms < turn_caller_decision_ms(turn)) {
        if (now_ms >= turn_caller_candidate_ms(turn))
            enter_thinking(turn, true, now_ms, out);
        else if (now_ms >= turn_caller_idle_ms(turn))
            meet_silence(turn, now_ms, out);
        return;
    }
    if (turn->is_speech && !turn->is_forced) {
        turn->is_forced = true;
        turn->speech_started_ms = now_ms;
        turn->speech_ended_ms = now_ms; /* stall and transcript waits count from here */
        turn_act(turn, out, TURN_ACTION_COMMIT_SPEECH);
    } else if (!turn_caller_has_words(turn) && turn->open_items &&
               !turn_caller_is_too_short(turn)) {
        turn_fail(turn, now_ms, false, out);
    } else if (turn_caller_is_noise(turn)) {
        turn_caller_forget(turn);
        turn_act(turn, out, TURN_ACTION_DISCARD_SPEECH);
        if (turn->hangup_asked) /* mere noise cut the last words off */
            turn_end_call(turn, TURN_END_AGENT, out);
    } else {
        enter_thinking(turn, false, now_ms, out);
    }
}

static void in_listening(
    struct turn *turn, struct turn_event event, uint64_t now_ms, struct turn_actions *out)
{
    switch (event.kind) {
    case TURN_EVENT_STARTED:
        turn_reply_begin(turn, event.flag ? REPLY_COMPLETE : REPLY_PROMPT, now_ms);
        turn->state = TURN_THINKING;
        turn_act(turn, out, event.flag ? TURN_ACTION_GREET : TURN_ACTION_COMMIT_TURN);
        break;
    case TURN_EVENT_LISTEN:
        turn_enter_listening(turn, now_ms);
        break;
    case TURN_EVENT_HANGUP_ASKED:
        turn_end_call(turn, TURN_END_AGENT, out);
        break;
    case TURN_EVENT_SAY_ASKED:
        say(turn, now_ms, out);
        break;
    case TURN_EVENT_SILENCE_ANSWERED:
        on_silence_answered(turn, event, now_ms, out);
        break;
    case TURN_EVENT_RULES: /* in turn_caller_note */
        break;
    case TURN_EVENT_END_OF_TURN:
    case TURN_EVENT_KEY_TYPED:
    case TURN_EVENT_KEY_TAKEN:
    case TURN_EVENT_SPEECH_STARTED:
    case TURN_EVENT_SPEECH_ENDED:
    case TURN_EVENT_COMMITTED:
    case TURN_EVENT_PARTIAL:
    case TURN_EVENT_FINAL:
    case TURN_EVENT_TIME:
        turn_decide(turn, now_ms, out);
        break;
    case TURN_EVENT_STT_FAILED:
    case TURN_EVENT_STREAM_ENDED: /* in turn_step */
    case TURN_EVENT_PROMPT_READY:
    case TURN_EVENT_PROMPT_FAILED:
    case TURN_EVENT_SCRIPT_PASSED:
    case TURN_EVENT_SCRIPT_ANSWERED:
    case TURN_EVENT_PIECE:
    case TURN_EVENT_MODEL_DONE:
    case TURN_EVENT_MODEL_RESTARTED:
    case TURN_EVENT_MODEL_FAILED:
    case TURN_EVENT_TOOLS_DONE:
    case TURN_EVENT_AUDIO:
    case TURN_EVENT_TTS_FAILED:
    case TURN_EVENT_NO_WORDS:
    case TURN_EVENT_PROTECTED:
    case TURN_EVENT_PLAYED:
        break; /* no reply is alive */
    }
}

/* Alike wherever a reply is alive: what belongs to it, and a hang-up that waits for its end. */
static bool take_for_reply(
    struct turn *turn, struct turn_event event, uint64_t now_ms, struct turn_actions *out)
{
    if (event.kind == TURN_EVENT_HANGUP_ASKED)
        turn->hangup_asked = true;
    if (turn_reply_owns(event.kind))
        turn_reply_event(turn, event, now_ms, out);
    bool is_about_caller_too = event.kind == TURN_EVENT_PROTECTED;
    return event.kind == TURN_EVENT_HANGUP_ASKED ||
           (turn_reply_owns(event.kind) && !is_about_caller_too);
}

/* The caller goes on before anything was heard, or may interrupt between two parts of what is. */
static bool may_be_withdrawn(const struct turn *turn)
{
    return !turn->is_protected && (turn->settings.barge_in || !turn->was_audible);
}

static void in_thinking(
    struct turn *turn, struct turn_event event, uint64_t now_ms, struct turn_actions *out)
{
    if (take_for_reply(turn, event, now_ms, out))
        return;
    bool goes_on = turn->is_draft && (turn->is_speech || turn->words.count > 0);
    bool insists =
        turn->is_scripted ? turn_caller_interrupts(turn) : turn_caller_insists(turn, now_ms);
    if (goes_on || (may_be_withdrawn(turn) && insists)) {
        turn_reply_withdraw(turn, now_ms, out);
    } else if (turn->is_draft) {
        if (now_ms >= turn_caller_confirm_ms(turn))
            turn_reply_confirm(turn, now_ms, out);
    } else if (turn->holds_pieces && !turn->is_speech) {
        if (turn->quiet_since_ms < turn->speech_ended_ms)
            turn->quiet_since_ms = turn->speech_ended_ms; /* nobody waits while speaking */
        turn_reply_release(turn, out);
    } else if (event.kind == TURN_EVENT_TIME) {
        turn_reply_wait(turn, now_ms, out);
    }
}

/* A key is no accident: it needs no more than to be pressed. But who is told goodbye is not kept by one. */
static bool is_stopped_by_key(const struct turn *turn, struct turn_event event)
{
    bool is_heard = turn->state == TURN_SPEAKING || turn->state == TURN_INTERRUPTED ||
                    turn->state == TURN_PAUSED;
    bool may_interrupt = turn->settings.barge_in && !turn->is_protected && !turn->hangup_asked;
    return event.kind == TURN_EVENT_KEY_TAKEN && is_heard && may_interrupt;
}

static void speak_on(struct turn *turn, struct turn_actions *out)
{
    turn->state = TURN_SPEAKING;
    turn_act(turn, out, TURN_ACTION_RESUME);
}

static void in_speaking(
    struct turn *turn, struct turn_event event, uint64_t now_ms, struct turn_actions *out)
{
    if (take_for_reply(turn, event, now_ms, out))
        return;
    bool is_voice_over =
        event.kind == TURN_EVENT_SPEECH_STARTED || event.kind == TURN_EVENT_PROTECTED;
    if (!turn->settings.barge_in || turn->is_protected) {
        return;
    } else if (turn_caller_interrupts(turn)) {
        turn_reply_interrupt(turn, now_ms, out);
    } else if (is_voice_over) {
        turn_reply_meet_voice(turn, out);
    }
}

static void in_interrupted(
    struct turn *turn, struct turn_event event, uint64_t now_ms, struct turn_actions *out)
{
    if (take_for_reply(turn, event, now_ms, out))
        return;
    if (turn->is_protected) {
        speak_on(turn, out);
    } else if (turn_caller_interrupts(turn)) {
        turn_reply_interrupt(turn, now_ms, out);
    } else if (event.kind == TURN_EVENT_SPEECH_ENDED) {
        speak_on(turn, out);
    } else if (now_ms >= turn_caller_pause_ms(turn)) {
        turn->state = TURN_PAUSED;
        turn->paused_ms = now_ms;
        turn_act(turn, out, TURN_ACTION_PAUSE);
    }
}

/* Silence has lasted for a verdict: a caller who meant to speak has said a word by now. */
static void in_paused(
    struct turn *turn, struct turn_event event, uint64_t now_ms, struct turn_actions *out)
{
    if (take_for_reply(turn, event, now_ms, out))
        return;
    bool is_all_final = event.kind == TURN_EVENT_FINAL && turn->open_items == 0;
    if (turn->is_protected)
        speak_on(turn, out);
    else if (turn_caller_interrupts(turn) || now_ms >= turn_caller_cut_ms(turn))
        turn_reply_interrupt(turn, now_ms, out);
    else if (!turn->is_speech && (is_all_final || now_ms >= turn_caller_verdict_ms(turn)))
        speak_on(turn, out);
}

static void in_ending(
    struct turn *turn, struct turn_event event, uint64_t now_ms, struct turn_actions *out)
{
    bool is_played = event.kind == TURN_EVENT_PLAYED && event.flag;
    bool is_late = event.kind == TURN_EVENT_TIME && now_ms >= turn->ending_deadline_ms;
    if (is_played)
        turn_act(turn, out, TURN_ACTION_CLOSE_REPLY);
    if (is_played || is_late)
        turn_end_call(turn, turn->end_reason, out);
}

static bool is_stale(const struct turn *turn, struct turn_event event)
{
    return turn_reply_owns(event.kind) && (event.epoch != turn->epoch || turn->phase == REPLY_NONE);
}

static void in_state(
    struct turn *turn, struct turn_event event, uint64_t now_ms, struct turn_actions *out)
{
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
    case TURN_PAUSED:
        in_paused(turn, event, now_ms, out);
        break;
    case TURN_ENDING:
        in_ending(turn, event, now_ms, out);
        break;
    }
}

static uint64_t next_ms(const struct turn *turn)
{
    switch (turn->state) {
    case TURN_LISTENING: {
        uint64_t decision = turn_caller_decision_ms(turn);
        uint64_t candidate = turn_caller_candidate_ms(turn);
        uint64_t idle = turn_caller_idle_ms(turn);
        uint64_t ask = turn_ask_due_ms(turn);
        uint64_t first = candidate < decision ? candidate : decision;
        first = ask < first ? ask : first;
        return idle < first ? idle : first;
    }
    case TURN_THINKING: {
        if (turn->is_draft)
            return turn_caller_confirm_ms(turn);
        bool may_insist = may_be_withdrawn(turn) && !turn->is_scripted;
        uint64_t insist = may_insist ? turn_caller_insist_ms(turn) : NEVER;
        uint64_t answer = turn_reply_deadline_ms(turn);
        return insist < answer ? insist : answer;
    }
    case TURN_SPEAKING:
        return NEVER;
    case TURN_INTERRUPTED:
        return turn_caller_pause_ms(turn);
    case TURN_PAUSED:
        return turn->is_speech ? turn_caller_cut_ms(turn) : turn_caller_verdict_ms(turn);
    case TURN_ENDING:
        return turn->is_ended ? NEVER : turn->ending_deadline_ms;
    }
    return NEVER;
}

/* What falls due by what an event changed is done with it: noise that is discarded, say, after a silence that has lasted
   too long. So no deadline is ever in the past. */
static void settle(struct turn *turn, uint64_t now_ms, struct turn_actions *out)
{
    const struct turn_event time = {.kind = TURN_EVENT_TIME};
    for (unsigned n = 0; n < SETTLE_STEPS && !turn->is_ended && next_ms(turn) <= now_ms; n++)
        in_state(turn, time, now_ms, out);
}

void turn_step(
    struct turn *turn, struct turn_event event, uint64_t now_ms, struct turn_actions *out)
{
    out->count = 0;
    if (turn->is_ended || is_stale(turn, event))
        return;
    if (event.kind == TURN_EVENT_STREAM_ENDED) {
        keep_draft(turn, out);
        turn_reply_cancel(turn, out);
        turn_end_call(turn, TURN_END_CALLER, out);
        return;
    }
    if (event.kind == TURN_EVENT_STT_FAILED) {
        fail_to_hear(turn, event.flag, now_ms, out);
        settle(turn, now_ms, out);
        return;
    }
    if (turn->state != TURN_ENDING)
        turn_caller_note(turn, event, now_ms, out);
    if (is_stopped_by_key(turn, event))
        turn_reply_interrupt(turn, now_ms, out);
    else
        in_state(turn, event, now_ms, out);
    settle(turn, now_ms, out);
}

uint64_t turn_deadline(const struct turn *turn)
{
    uint64_t next = next_ms(turn);
    return next == NEVER ? 0 : next ? next : 1;
}
