/* A script's word on whether the caller's turn is over: asked once about what was heard so far, while the silence passes.
   Whatever it says or fails to say, a turn ends. */
#include "callflow/turn_internal.h"

/* As early as a draft may begin; where a final is awaited, just before the words are taken without it. */
uint64_t turn_ask_due_ms(const struct turn *turn)
{
    bool may_ask = turn->settings.asks_script && turn->opinion == OPINION_UNASKED &&
                   turn->has_speech && !turn->is_speech && !turn->is_forced && !turn->typed_ms;
    if (!may_ask || turn_caller_is_noise(turn))
        return NEVER;
    uint64_t due = turn_caller_decision_ms(turn);
    due -= due < turn->settings.ask_ms ? due : turn->settings.ask_ms;
    uint32_t early_ms = turn->settings.early_ms ? turn->settings.early_ms : turn_defaults.early_ms;
    uint64_t early = turn->speech_ended_ms + early_ms;
    return turn->open_items == 0 && early < due ? early : due;
}

void turn_ask(struct turn *turn, uint64_t now_ms, struct turn_actions *out)
{
    turn->question++;
    turn->opinion = OPINION_ASKED;
    turn->asked_ms = now_ms;
    turn->asked_speech_ms =
        turn->speech_ms; /* a draft begins at the same moment, and counts anew */
    turn_act(turn, out, TURN_ACTION_ASK_END_OF_TURN);
}

void turn_ask_silence(struct turn *turn, uint64_t now_ms, struct turn_actions *out)
{
    turn->question++;
    turn->silence_asked_ms = now_ms;
    turn_act(turn, out, TURN_ACTION_ASK_SILENCE);
}

void turn_ask_answered(struct turn *turn, struct turn_event event, uint64_t now_ms)
{
    bool is_awaited = turn->opinion == OPINION_ASKED && event.item == turn->question;
    bool is_late = now_ms > turn->asked_ms + turn->settings.ask_ms;
    bool is_answer = event.opinion > OPINION_ASKED;
    if (is_awaited && is_answer && !is_late)
        turn->opinion = event.opinion;
}

uint64_t turn_ask_decision_ms(const struct turn *turn, uint64_t by_rules_ms)
{
    uint64_t at_ms = by_rules_ms;
    switch (turn->opinion) {
    case OPINION_UNASKED:
    case OPINION_DEFAULT:
        return by_rules_ms;
    case OPINION_END:
        return turn->speech_ended_ms;
    case OPINION_ASKED:
        at_ms = turn->asked_ms + turn->settings.ask_ms;
        break;
    case OPINION_MORE:
        at_ms = turn->speech_ended_ms + turn->settings.more_ms;
        break;
    }
    return at_ms > by_rules_ms ? at_ms : by_rules_ms;
}
