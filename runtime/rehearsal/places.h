/* Where conversations and their steps stand in the text of agent_test.lua, so that errors can say file and line: Lua tables
   do not know. Pure; a reading of braces, strings and comments, no more. */
#pragma once

#include <stddef.h>

#include "base/slice.h"

/* The line of the table that has name = "…" with that name; 1 when there is none. `steps`: the lines of the tables that
   stand in it without a key, in order; those that are not found get the conversation's line. */
unsigned places_find(struct slice text, struct slice name, unsigned *steps, size_t step_count);
