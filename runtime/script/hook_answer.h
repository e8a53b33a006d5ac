/* What a hook returned, as its row in hook_rules allows it. */
#pragma once

#include "script/run.h"

/* After VM_DONE: the answer as JSON (heap). ERR_BAD with `why` ("agent.lua:7: on_dtmf must return …") when it is none. */
must_use enum err hook_take_answer(struct script_run *run, char **text, char why[512]);
