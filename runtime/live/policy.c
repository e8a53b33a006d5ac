#include "live/policy.h"

#include "text/words.h"

static void set_barge_in(struct turn_settings *settings, enum agent_barge_in barge_in)
{
    settings->barge_in = barge_in != AGENT_BARGE_IN_OFF;
    if (barge_in == AGENT_BARGE_IN_LOW) {
        settings->pause_ms = 0;
        settings->interrupt_words = 2;
    } else if (barge_in == AGENT_BARGE_IN_HIGH) {
        settings->pause_ms = 200;
        settings->cut_ms = 500;
    }
}

struct turn_settings policy_settings(const struct agent *agent)
{
    struct turn_settings settings = turn_defaults;
    set_barge_in(&settings, agent->turn.barge_in);
    if (!agent->turn.early)
        settings.early_ms = 0;
    settings.idle_ms = agent->turn.idle_ms;
    settings.idle_nudges = agent->turn.idle_nudges;
    settings.asks_on_silence = agent->has_hook[HOOK_ON_SILENCE];
    settings.max_sentences = agent->turn.max_sentences;
    settings.fill_ms = agent->filler.kind == AGENT_FILLER_NONE ? 0 : agent->filler.after_ms;
    return settings;
}

struct turn_rules policy_rules(const struct agent *agent, const char *phase)
{
    const struct agent_turn_numbers *numbers = agent_turn_numbers(agent, phase);
    return (struct turn_rules){.silence_ms = numbers->silence_ms,
        .stall_ms = numbers->stall_ms,
        .patience_ms = numbers->patience_ms,
        .min_utterance_ms = numbers->min_utterance_ms,
        .max_utterance_ms = numbers->max_utterance_ms,
        .asks_script = agent->has_hook[HOOK_END_OF_TURN],
        .script_first = agent->has_hook[HOOK_ON_USER_TURN],
        .asks_on_silence = agent->has_hook[HOOK_ON_SILENCE]};
}

static bool is_any_of(struct slice text, const struct agent_phrases *phrases,
    bool (*fits)(struct slice, struct slice))
{
    for (size_t i = 0; i < phrases->count; i++)
        if (fits(text, slice_from(phrases->text[i])))
            return true;
    return false;
}

struct turn_words policy_words(const struct agent *agent, struct slice text)
{
    return policy_words_of(&agent->turn, text);
}

struct turn_words policy_words_of(const struct agent_turn_policy *policy, struct slice text)
{
    struct words_signals signals;
    words_look(&signals, text);
    unsigned count = signals.word_count < UINT16_MAX ? signals.word_count : UINT16_MAX;
    return (struct turn_words){.count = (uint16_t)count,
        .is_backchannel =
            signals.is_backchannel || is_any_of(text, &policy->never_interrupts, words_are),
        .is_command = is_any_of(text, &policy->always_interrupts, words_contain),
        .is_hanging = signals.is_hanging || signals.is_spelling};
}
