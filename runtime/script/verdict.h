/* What on_incoming answers of a call that rings:

     nothing, true                     an agent takes it: null
     { reject = "busy" | "rejected" }  it is not answered at all
     { redirect = "+15550100099" }     another telephone rings, which is none of the agent's own
     { voicemail = "Please leave…" }   words, then a message is recorded
     { say = "We are closed today." }  words, then the end */
#pragma once

#include <jansson.h>
#include <lua.h>

#include "base/err.h"
#include "script/agent.h"

#define VERDICT_WORDS_MAX_BYTES 500

/* The answer at `index`, as the object above or null. ERR_BAD with `why`: none of these. May raise before it takes
   anything. */
must_use enum err verdict_read(
    json_t **out, lua_State *lua, int index, const struct agent *agent, char why[160]);
