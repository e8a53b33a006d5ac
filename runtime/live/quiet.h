/* How long nobody spoke in a call, and how long the caller waited for us: sums for the record. Pure; told at each change of the
   engine's state, which is where all of that begins and ends.

   QUIET_NONE     the caller speaks, or the reply is heard
   QUIET_SILENCE  nobody speaks, and it is the caller's turn
   QUIET_HOLD     the caller is silent and waits: from the end of the turn, or the call's beginning, until the reply is heard;
                  what fills the time (one moment, the sound of typing) counts as waiting */
#pragma once

#include "callflow/turn.h"

enum quiet_kind { QUIET_NONE, QUIET_SILENCE, QUIET_HOLD, QUIET_KINDS };

struct quiet {
    enum quiet_kind kind;
    uint64_t since_ms; /* 0: the call has not begun */
    uint64_t sums_ms[QUIET_KINDS];
};

enum quiet_kind quiet_kind_of(const struct turn *turn);
void quiet_tell(struct quiet *quiet, enum quiet_kind kind, uint64_t now_ms);
uint64_t quiet_ms(const struct quiet *quiet, enum quiet_kind kind, uint64_t now_ms);
