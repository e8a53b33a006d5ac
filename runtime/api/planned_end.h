/* Whether the stream before this attempt (or a later one) ended by plan, so that its caller is hung up on and not answered anew: Postgres
   knows it for all nodes, and the journals of this machine know what Postgres has not been told yet. Private to voice.c. */
#pragma once

#include "api/ringing.h"
#include "store/unsent.h"

/* Both are asked; how many were. The answers come to the voice's mailboxes with the ringing's key. */
unsigned planned_end_ask(struct ringing *ringing);
bool planned_end_is_in(const struct unsent_question *answer, unsigned attempt);
