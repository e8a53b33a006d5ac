/* Which of a tenant's versions answers whom.

     built ──go_live──► current ──another goes live──► previous ──► held by calls ──► gone
       │                   │ ▲ └──3 errors, or by hand──► rolled back        ▲
       └─enter_canary─► canary ┘ promote                                     │
                           └──3 errors, or by hand──► rolled back   the previous is current again

   A version is on probation from the time it goes live until it has made options.probation_runs good runs and is
   options.probation_ms old; a canary is for as long as it is one. The third error of a version on probation (prompt, tool or
   hook that raised, ran out of time or out of memory) takes it back, when there is one to go back to. */
#pragma once

#include "script/hosting.h"

/* Each publishes in script/agent_table.h what new calls begin with. False: the tenant is refused (a number that another one
   has), and all is as it was. `version` is borrowed. */
bool rollout_go_live(struct script_host *host, struct tenant *tenant, struct version *version);
bool rollout_enter_canary(struct script_host *host, struct tenant *tenant, struct version *version);
/* The canary becomes current. False: there is none, or it is refused. */
bool rollout_promote(struct script_host *host, struct tenant *tenant);
/* The current version, or the canary, answers no more; calls that moved to it go back. For the current one `target` takes its
   place. False: `target` is NULL, or refused. */
bool rollout_take_back(struct script_host *host, struct tenant *tenant, struct version *version,
    struct version *target, const char *why);
/* The files are back to what is current: a canary made of files goes without blame. */
void rollout_restore(struct tenant *tenant);
bool rollout_is_on_probation(
    const struct script_host *host, const struct tenant *tenant, const struct version *version);
/* A run in a live call came to its end. */
void rollout_note_run(struct script_host *host, struct tenant *tenant, struct version *version,
    enum script_ending ending, const char *why);
/* The version this call's next turn runs on; NULL: none is live. */
struct version *rollout_choose(const struct tenant *tenant, const struct script_call *call);
/* "current", "canary", "previous", "held", "rolled_back", "refused", "trying", "building". */
const char *rollout_state(const struct tenant *tenant, const struct version *version);
