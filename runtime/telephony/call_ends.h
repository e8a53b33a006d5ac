/* The calls this process ended by plan, so that a caller who is redirected back to the webhook afterwards is hung up
   on and not answered anew. Who came back from a transfer since is no such caller: what counts is the end of a stream of
   the same ten attempts (stream_token.h), or of a later one. The process's memory of what Postgres knows for all nodes. Any thread. */
#pragma once

#include <stdbool.h>

#include "base/slice.h"

/* At 16 384 calls the oldest goes. Without memory it is not kept. */
void call_ends_note(struct slice call_sid, unsigned attempt);
bool call_ends_has(struct slice call_sid, unsigned attempt);
