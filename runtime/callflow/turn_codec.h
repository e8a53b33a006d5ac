/* The engine's events, actions and settings as bytes and names, for captures and their replay. Pure.

   A step is everything that turn_step was given and what it said: two engines agree on a call when their steps are equal, byte
   for byte. Numbers are varints; fields stand in the order of the structs in turn.h; kinds are numbers of this build, which
   the dictionary of a capture translates (turn_codec_names). */
#pragma once

#include "base/strbuf.h"
#include "callflow/turn.h"

/* Appends event · state afterwards · epoch · actions · deadline relative to now (0: none). */
void turn_step_encode(struct strbuf *out, const struct turn_event *event, const struct turn *after,
    const struct turn_actions *actions, uint64_t now_ms);
