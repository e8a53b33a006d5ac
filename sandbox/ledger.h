/* What the sandbox received: counters, the text messages and call updates of the Twilio side, the last
   chat requests and what was heard and spoken. Shown by the control port. Pure; lists keep the newest
   200 entries. */
#pragma once

#include <jansson.h>
#include <stdbool.h>

#include "base/err.h"

enum tally {
    TALLY_STT_SESSIONS,
    TALLY_STT_OPEN,
    TALLY_STT_ITEMS,
    TALLY_STT_FILES,
    TALLY_STT_ERRORS,
    TALLY_CHATS,
    TALLY_CHAT_ERRORS,
    TALLY_CHATS_CANCELLED,
    TALLY_TTS_SESSIONS,
    TALLY_TTS_OPEN,
    TALLY_TTS_CONTEXTS,
    TALLY_TTS_CHARACTERS,
    TALLY_TTS_ERRORS,
    TALLY_MESSAGES,
    TALLY_CALL_UPDATES,
    TALLY_UNAUTHORIZED,
    TALLY_FAULTS,
};
#define TALLY_COUNT (TALLY_FAULTS + 1)

enum ledger_list { LEDGER_MESSAGES, LEDGER_CALLS, LEDGER_CHATS, LEDGER_HEARD, LEDGER_SPOKEN };
#define LEDGER_LISTS 5

struct ledger {
    json_int_t counts[TALLY_COUNT];
    json_t *lists[LEDGER_LISTS];
};

must_use enum err ledger_init(struct ledger *ledger);
void ledger_free(struct ledger *ledger);
void ledger_clear(struct ledger *ledger); /* all but what is open now */
void ledger_count(struct ledger *ledger, enum tally tally, int change);
/* Takes the reference; the oldest entry goes when the list is full. */
void ledger_note_take(struct ledger *ledger, enum ledger_list list, json_t *entry);
json_t *ledger_state(const struct ledger *ledger); /* {"counts":{…},"messages":[…],…} */
