/* The check of steps: each recorded event through the engine of this build; state, epoch, actions and deadline must come out
   as they are recorded. */
#pragma once

#include "callflow/turn_codec.h"
#include "replay/head.h"
#include "replay/held.h"

/* Times of the engine: a call does not begin at 0, which means "never" there. */
#define REPLAY_BEGAN_MS 1000000000ull

struct steps_check {
    struct held held;
    struct turn turn;
    struct turn_step step;       /* the newest, as recorded */
    struct turn before;          /* the engine before it, */
    struct turn_actions actions; /* and what it said to it now */
};

void steps_check_init(struct steps_check *check, const struct turn_settings *settings);
/* A STEP record. ERR_BAD: it is none. `held.differs` afterwards: the engine is not what it was. */
must_use enum err steps_check_take(struct steps_check *check, const struct capture_record *record,
    uint64_t number, const struct turn_dictionary *dictionary);
