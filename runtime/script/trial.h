/* A version that is built waits here while its tests run on another thread (options.try_version): until they have passed it does
   not go live, and a version whose tests fail, or do not end, never does. */
#pragma once

#include "script/hosting.h"

/* It has tests, and somebody runs them. A tenant that has nothing yet is not kept waiting when the process starts, and what
   answered before need not be tried again. */
bool trial_is_due(
    const struct script_host *host, const struct tenant *tenant, const struct version *version);
/* In place of one that is under way; `version` is borrowed. */
void trial_begin(struct script_host *host, struct tenant *tenant, struct version *version);
/* How they ended; of a version that nobody waits for nothing comes but time for the others. */
void trial_end(struct script_host *host, struct tenant *tenant, const char *version, bool is_ok,
    const char *why);
/* Nobody waits any more. */
void trial_drop(struct tenant *tenant);
void trial_on_timer(void *host);
