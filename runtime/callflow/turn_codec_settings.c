/* The engine's settings by name. */
#include <stddef.h>

#include "callflow/turn_codec.h"

#define NUMBER(field)                                                                              \
    {                                                                                              \
#field, offsetof(struct turn_settings, field), false                                       \
    }
#define FLAG(field)                                                                                \
    {                                                                                              \
#field, offsetof(struct turn_settings, field), true                                        \
    }

static const struct setting {
    const char *name;
    size_t offset;
    bool is_flag;
} table[] = {
    NUMBER(early_ms),
    NUMBER(silence_ms),
    NUMBER(stall_ms),
    NUMBER(patience_ms),
    NUMBER(min_utterance_ms),
    NUMBER(max_utterance_ms),
    NUMBER(insist_ms),
    NUMBER(pause_ms),
    NUMBER(cut_ms),
    NUMBER(verdict_ms),
    NUMBER(interrupt_words),
    NUMBER(fill_ms),
    NUMBER(fill_again_ms),
    NUMBER(fills_max),
    NUMBER(max_sentences),
    NUMBER(answer_ms),
    NUMBER(tools_ms),
    NUMBER(transcript_ms),
    NUMBER(idle_ms),
    NUMBER(idle_nudges),
    NUMBER(ask_ms),
    NUMBER(silence_answer_ms),
    NUMBER(more_ms),
    NUMBER(keys_ms),
    FLAG(asks_script),
    FLAG(script_first),
    FLAG(asks_on_silence),
    FLAG(barge_in),
};

unsigned turn_settings_count(void)
{
    return sizeof table / sizeof *table;
}

const char *turn_setting_name(unsigned number)
{
    return table[number].name;
}

bool turn_setting_is_flag(unsigned number)
{
    return table[number].is_flag;
}

uint32_t turn_setting_get(const struct turn_settings *settings, unsigned number)
{
    const char *at = (const char *)settings + table[number].offset;
    return table[number].is_flag ? *(const bool *)at : *(const uint32_t *)(const void *)at;
}

enum err turn_setting_set(struct turn_settings *settings, struct slice name, uint32_t value)
{
    for (unsigned i = 0; i < turn_settings_count(); i++) {
        if (!slice_is(name, table[i].name))
            continue;
        char *at = (char *)settings + table[i].offset;
        if (table[i].is_flag && value > 1)
            return ERR_BAD;
        if (table[i].is_flag)
            *(bool *)at = value;
        else
            *(uint32_t *)(void *)at = value;
        return ERR_OK;
    }
    return ERR_NOT_FOUND;
}
