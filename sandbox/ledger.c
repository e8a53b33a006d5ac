#include "ledger.h"

#include <string.h>

#define MAX_ENTRIES 200

static const char *const tally_names[TALLY_COUNT] = {
    [TALLY_STT_SESSIONS] = "stt_sessions",
    [TALLY_STT_OPEN] = "stt_open",
    [TALLY_STT_ITEMS] = "stt_items",
    [TALLY_STT_FILES] = "stt_files",
    [TALLY_STT_ERRORS] = "stt_errors",
    [TALLY_CHATS] = "chats",
    [TALLY_CHAT_ERRORS] = "chat_errors",
    [TALLY_CHATS_CANCELLED] = "chats_cancelled",
    [TALLY_TTS_SESSIONS] = "tts_sessions",
    [TALLY_TTS_OPEN] = "tts_open",
    [TALLY_TTS_CONTEXTS] = "tts_contexts",
    [TALLY_TTS_CHARACTERS] = "tts_characters",
    [TALLY_TTS_ERRORS] = "tts_errors",
    [TALLY_MESSAGES] = "messages",
    [TALLY_CALL_UPDATES] = "call_updates",
    [TALLY_UNAUTHORIZED] = "unauthorized",
    [TALLY_FAULTS] = "faults",
};

static const char *const list_names[LEDGER_LISTS] = {
    [LEDGER_MESSAGES] = "messages",
    [LEDGER_CALLS] = "calls",
    [LEDGER_CHATS] = "chats",
    [LEDGER_HEARD] = "heard",
    [LEDGER_SPOKEN] = "spoken",
};

enum err ledger_init(struct ledger *ledger)
{
    *ledger = (struct ledger){0};
    for (int i = 0; i < LEDGER_LISTS; i++) {
        ledger->lists[i] = json_array();
        if (!ledger->lists[i])
            return ERR_NOMEM;
    }
    return ERR_OK;
}

void ledger_free(struct ledger *ledger)
{
    for (int i = 0; i < LEDGER_LISTS; i++)
        json_decref(ledger->lists[i]);
    *ledger = (struct ledger){0};
}

void ledger_clear(struct ledger *ledger)
{
    for (int i = 0; i < LEDGER_LISTS; i++)
        json_array_clear(ledger->lists[i]);
    for (int i = 0; i < TALLY_COUNT; i++)
        if (i != TALLY_STT_OPEN && i != TALLY_TTS_OPEN)
            ledger->counts[i] = 0;
}

void ledger_count(struct ledger *ledger, enum tally tally, int change)
{
    ledger->counts[tally] += change;
}

void ledger_note_take(struct ledger *ledger, enum ledger_list list, json_t *entry)
{
    json_t *entries = ledger->lists[list];
    if (json_array_size(entries) >= MAX_ENTRIES)
        json_array_remove(entries, 0);
    json_array_append_new(entries, entry);
}

json_t *ledger_state(const struct ledger *ledger)
{
    json_t *counts = json_object();
    for (int i = 0; i < TALLY_COUNT; i++)
        json_object_set_new(counts, tally_names[i], json_integer(ledger->counts[i]));
    json_t *state = json_pack("{s:o}", "counts", counts);
    for (int i = 0; i < LEDGER_LISTS; i++)
        json_object_set_new(state, list_names[i], json_deep_copy(ledger->lists[i]));
    return state;
}
