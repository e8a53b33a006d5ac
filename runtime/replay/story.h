/* What happened in a captured call, for people and for pictures: one JSON object, the timeline.

     "call"       who, when, which version, how it ended
     "turns"      [{"who":"caller"|"agent","number","from_ms","to_ms","text","ending"?}] ; ending "interrupted": of what the
                  agent was given to say the caller heard the beginning
     "voice"      [{"from_ms","to_ms"}]             the caller's, as voice activity heard it
     "states"     [{"state","from_ms","to_ms"}]     the engine's
     "decisions"  [{"at_ms","what","why"}]          of the engine, and the reason
     "spans"      [{"at_ms","name","turn","epoch","detail"}]
     "asked"      [{"at_ms","whom","what","text"}]  providers and scripts, as they were asked and answered
     "notes"      [{"at_ms", …}]

   Lists have bounds (STORY_LIST_MAX); what is past them is counted in "cut". */
#pragma once

#include <jansson.h>

#include "replay/head.h"

#define STORY_LIST_MAX 20000
#define STORY_TEXT_MAX_BYTES 4000 /* of one text */

/* Up to the end of what can be read; NULL: no memory, or the file has no head. */
json_t *story_of(const struct replay_file *file);
