/* What a script may do to its call. Filled in by `live`; called on the script thread; each posts to the call's media
   thread and returns at once. `from`: a tool's words belong to the reply that asked for the tool, a hook's to none. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"
#include "script/port.h"

struct call_ops {
    must_use enum err (*say)(void *owner, const struct script_call_facts *facts, uint64_t call_key,
        enum script_job_kind from, struct slice text,
        bool is_protected); /* protected: nothing interrupts it */
    must_use enum err (*hangup)(void *owner, const struct script_call_facts *facts,
        uint64_t call_key, enum script_job_kind from); /* after the last word */
    must_use enum err (*transfer)(
        void *owner, const struct script_call_facts *facts, uint64_t call_key, struct slice number);
};
