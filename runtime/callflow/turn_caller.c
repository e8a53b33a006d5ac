/* The caller's side of a turn: what was heard since the last one, and when it is decided on. */
#include "callflow/turn_internal.h"

#define ANSWERING_MS                                                                               \
    500 /* from words that are taken as they are to a sound, before the silence is too long */
#define PAUSE_MAX_MS 3000 /* that a reply stands still for voices without words */

bool turn_caller_has_words(const struct turn *turn)
{
    return turn->has_settled_words || turn->words.count > 0;
}

/* The caller's side starts anew: what was said so far is used up. */
void turn_caller_forget(struct turn *turn)
{
    turn->turn_item = turn->last_item;
    turn->has_speech = turn->is_speech;
    turn->is_forced = false;
    turn->is_over_reply = false;
    turn->typed_ms = 0;
    turn->has_settled_words = false;
    turn->words = (struct turn_words){0};
    turn->speech_ms = 0;
}

static void note_words(struct turn *turn, struct turn_event event, uint64_t now_ms)
{
    if (event.item > turn->last_item)
        turn->last_item = event.item;
    if (event.item <= turn->turn_item)
        return;
    bool is_final = event.kind == TURN_EVENT_FINAL;
    if (event.words.count > turn->words.count || is_final)
        turn->opinion = OPINION_UNASKED;
    if (event.words.count > turn->words.count || event.item != turn->words_item)
        turn->words_ms = now_ms;
    if (event.words.count || event.item == turn->words_item) {
        turn->words = event.words;
        turn->words_item = event.item;
    }
    turn->has_speech |= event.words.count > 0;
    turn->has_settled_words |= is_final && event.words.count > 0;
}

static void take_rules(struct turn *turn)
{
    if (!turn->has_next_rules)
        return;
    const struct turn_rules *rules = &turn->next_rules;
    turn->has_next_rules = false;
    turn->settings.silence_ms = rules->silence_ms;
    turn->settings.stall_ms = rules->stall_ms;
    turn->settings.patience_ms = rules->patience_ms;
    turn->settings.min_utterance_ms = rules->min_utterance_ms;
    turn->settings.max_utterance_ms = rules->max_utterance_ms;
    turn->settings.asks_script = rules->asks_script;
    turn->settings.script_first = rules->script_first;
    turn->settings.asks_on_silence = rules->asks_on_silence;
}

/* Keys count as words that are final. Before the call has begun nobody asked for any. */
static void note_key(struct turn *turn, struct turn_event event, uint64_t now_ms)
{
    if (turn->state == TURN_LISTENING && !turn->listening_ms)
        return;
    turn->key_ms = now_ms;
    turn->nudges = 0;
    turn->silence_asked_ms = 0;
    if (event.kind != TURN_EVENT_KEY_TYPED)
        return;
    turn->typed_ms = now_ms + (event.flag ? 0 : turn->settings.keys_ms);
    turn->has_speech = true;
    turn->has_settled_words = true;
    turn->opinion = OPINION_UNASKED;
}

void turn_caller_note(
    struct turn *turn, struct turn_event event, uint64_t now_ms, struct turn_actions *out)
{
    if (event.kind == TURN_EVENT_SPEECH_STARTED) {
        turn->is_speech = true;
        turn->has_speech = true;
        turn->is_over_reply = false;
        turn->early_failed = false;
        turn->opinion = OPINION_UNASKED;
        take_rules(turn);
        turn->speech_started_ms = now_ms - event.lag_ms;
    } else if (event.kind == TURN_EVENT_SPEECH_ENDED && turn->is_speech) {
        turn->is_speech = false;
        turn->speech_told_ms = now_ms;
        turn->speech_ended_ms = now_ms - event.lag_ms;
        if (turn->speech_ended_ms > turn->speech_started_ms)
            turn->speech_ms += (uint32_t)(turn->speech_ended_ms - turn->speech_started_ms);
        turn_act(turn, out, TURN_ACTION_COMMIT_SPEECH);
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
    } else if (event.kind == TURN_EVENT_RULES) {
        turn->next_rules = event.rules;
        turn->has_next_rules = true;
    } else if (event.kind == TURN_EVENT_END_OF_TURN) {
        turn_ask_answered(turn, event, now_ms);
    } else if (event.kind == TURN_EVENT_KEY_TYPED || event.kind == TURN_EVENT_KEY_TAKEN) {
        note_key(turn, event, now_ms);
    }
    if (turn->has_speech)
        turn->silence_asked_ms = 0; /* it is none */
}

static uint64_t later(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

bool turn_caller_is_over(const struct turn *turn)
{
    return turn->is_speech && turn->speech_started_ms > turn->turn_ms;
}

/* When speech that began after the turn has lasted so long; NEVER without it. */
static uint64_t lasts_ms(const struct turn *turn, uint32_t length_ms)
{
    return length_ms && turn_caller_is_over(turn) ? turn->speech_started_ms + length_ms : NEVER;
}

/* The caller means to speak: it lasts, there is a word that is more than "mm-hmm", or keys are pressed. */
bool turn_caller_insists(const struct turn *turn, uint64_t now_ms)
{
    bool says_something = turn->words.count > 0 && !turn->words.is_backchannel;
    return says_something || turn->typed_ms || now_ms >= turn_caller_insist_ms(turn);
}

uint64_t turn_caller_insist_ms(const struct turn *turn)
{
    return lasts_ms(turn, turn->settings.insist_ms);
}

bool turn_caller_interrupts(const struct turn *turn)
{
    bool is_enough = turn->words.count >= turn->settings.interrupt_words;
    return turn->words.is_command || turn->typed_ms ||
           (turn->words.count > 0 && is_enough && !turn->words.is_backchannel);
}

uint64_t turn_caller_pause_ms(const struct turn *turn)
{
    return lasts_ms(turn, turn->settings.pause_ms);
}

uint64_t turn_caller_cut_ms(const struct turn *turn)
{
    return lasts_ms(turn, turn->settings.cut_ms);
}

/* Noise in bursts does not hold a reply for ever. */
uint64_t turn_caller_verdict_ms(const struct turn *turn)
{
    uint64_t verdict = turn->speech_ended_ms + turn->settings.verdict_ms;
    uint64_t longest = later(turn->paused_ms + PAUSE_MAX_MS, turn->speech_ended_ms);
    return verdict < longest ? verdict : longest;
}

static uint32_t wished_silence_ms(const struct turn *turn)
{
    return turn->settings.silence_ms + (turn->words.is_hanging ? turn->settings.patience_ms : 0);
}

/* When silence has lasted long enough, by what is known now. */
static uint64_t silence_over_ms(const struct turn *turn)
{
    if (turn->is_forced)
        return turn->speech_ended_ms + 1; /* COMMITTED comes first */
    if (turn->is_speech)
        return NEVER;
    /* COMMITTED comes first, however short the silence that is wished for. */
    return later(turn->speech_ended_ms + wished_silence_ms(turn), turn->speech_told_ms + 1);
}

static uint64_t decision_by_rules_ms(const struct turn *turn)
{
    uint64_t silence_over = silence_over_ms(turn);
    if (silence_over == NEVER)
        return turn->speech_started_ms + turn->settings.max_utterance_ms;
    if (turn->open_items == 0)
        return silence_over;
    /* Words that end in the middle are not all that was said: the final is worth more than a stalled partial. */
    if (turn_caller_has_words(turn) && !turn->words.is_hanging)
        return later(
            silence_over, later(turn->words_ms, turn->speech_ended_ms) + turn->settings.stall_ms);
    uint64_t final_by_ms = turn->speech_ended_ms + turn->settings.transcript_ms;
    return later(silence_over, final_by_ms - (turn_caller_has_words(turn) ? ANSWERING_MS : 0));
}

/* When the pending speech is decided on: committed, discarded or given up. */
uint64_t turn_caller_decision_ms(const struct turn *turn)
{
    if (!turn->has_speech)
        return NEVER;
    uint64_t by_rules = decision_by_rules_ms(turn);
    return later(turn_ask_decision_ms(turn, by_rules), turn->typed_ms);
}

/* All that was said is final and sounds whole: it is probably the turn. */
uint64_t turn_caller_candidate_ms(const struct turn *turn)
{
    bool is_whole = turn->has_speech && !turn->is_speech && turn->open_items == 0 &&
                    turn_caller_has_words(turn) && !turn->words.is_hanging;
    if (!turn->settings.early_ms || turn->settings.script_first || !is_whole ||
        turn->early_failed || turn->typed_ms || turn_caller_is_noise(turn))
        return NEVER;
    return turn->speech_ended_ms + turn->settings.early_ms;
}

uint64_t turn_caller_idle_ms(const struct turn *turn)
{
    if (!turn->settings.idle_ms || !turn->listening_ms || turn->has_speech)
        return NEVER;
    if (turn->silence_asked_ms)
        return turn->silence_asked_ms + turn->settings.silence_answer_ms;
    uint64_t since = later(turn->listening_ms, later(turn->speech_ended_ms, turn->key_ms));
    return since + turn->settings.idle_ms;
}

uint64_t turn_caller_confirm_ms(const struct turn *turn)
{
    return turn_ask_decision_ms(turn, turn->speech_ended_ms + turn->settings.silence_ms);
}

/* Silence that a phase's rules or the script wished for, beyond the usual, is no waiting for an answer. */
uint64_t turn_caller_waits_ms(const struct turn *turn)
{
    uint32_t wished_ms = turn->opinion == OPINION_MORE  ? turn->settings.more_ms
                         : turn->opinion == OPINION_END ? 0
                                                        : wished_silence_ms(turn);
    uint32_t usual_ms = turn_defaults.silence_ms;
    uint64_t excess_ms = wished_ms > usual_ms ? wished_ms - usual_ms : 0;
    return later(turn->speech_ended_ms + excess_ms, turn->typed_ms);
}

/* Shorter than an utterance, and speech-to-text heard nothing in it. */
bool turn_caller_is_too_short(const struct turn *turn)
{
    return turn->speech_ms < turn->settings.min_utterance_ms && !turn->is_forced;
}

bool turn_caller_is_noise(const struct turn *turn)
{
    bool is_backchannel = turn->is_over_reply && turn->words.is_backchannel;
    return !turn_caller_has_words(turn) || (is_backchannel && !turn->typed_ms);
}
