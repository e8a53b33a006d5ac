/* What the events of a reply follow from: the model's words from its start, sound from words that were handed on, the end of
   sound from its beginning. One bookkeeping for the recorded call, where it says what followed how late, and for the simulated
   one, where it says what is to follow now. Pure.

   BEGIN ─► prompt, or the script's answer        MODEL n ─► pieces, its end
   TOOLS n ─► their results                       VOICE n ─► the first sound
   PLAY n ─► all was heard                        FILL n ─► the filler was */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "callflow/turn.h"

enum cause {
    CAUSE_BEGIN, /* of the reply: always the first */
    CAUSE_MODEL, /* it is asked, for the n-th time */
    CAUSE_TOOLS,
    CAUSE_VOICE, /* words are handed to synthesis while nothing is heard nor on its way */
    CAUSE_PLAY,  /* sound begins */
    CAUSE_FILL,
    CAUSE_FINISH, /* a round's last words are known */
};
#define CAUSES (CAUSE_FINISH + 1)

struct cause_id {
    enum cause cause;
    unsigned ordinal; /* from 1 */
};

/* A reply that is alive. */
struct causes {
    bool is_alive;
    uint32_t epoch;
    unsigned count[CAUSES];
    uint64_t at_ms[CAUSES]; /* the newest of each */
    bool is_voice_due;      /* words were handed on, no sound yet */
    bool is_playing;
    bool is_filling;
    uint64_t paused_at_ms; /* 0: it is not */
    uint64_t paused_ms;    /* since the sound began */
};

bool causes_owns(enum turn_event_kind kind); /* it is told of a reply, by its epoch */
/* Whether words of a turn's own model answer it: of the reply that this action begins. */
bool causes_is_turn(enum turn_action_kind kind);
/* The action begins another reply: not so for the commit of a draft. */
bool causes_begins(const struct causes *causes, const struct turn_action *action);
/* What the action causes; false: nothing that others follow from. */
bool causes_action(struct causes *causes, const struct turn_action *action, uint64_t now_ms,
    struct cause_id *caused);
/* What the event follows from, and how long after; false: from nothing here. */
bool causes_of(const struct causes *causes, const struct turn_event *event, uint64_t now_ms,
    struct cause_id *from, uint32_t *after_ms);
/* The event happens: sound begins, or ends. True: and it is a cause. */
bool causes_event(struct causes *causes, const struct turn_event *event, uint64_t now_ms,
    struct cause_id *caused);
