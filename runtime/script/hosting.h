/* What the parts of a script host share: host.c has the loop, calling.c answers jobs of calls, tenant.c makes versions, trial.c has them tried,
   rollout.c says which one answers, moving.c takes calls from one to the other, room.c keeps VMs few, admin.c tells people. */
#pragma once

#include "script/runner.h"
#include "script/tenant.h"

struct script_host {
    struct mailbox mailbox;
    struct script_host_options options; /* defaults filled in; scripts_path is owned */
    struct runner runner;
    struct tenant *tenants;
    struct script_call *calls;
    struct net_timer *trial_timer; /* the next end of a trial's time */
    struct letter *asked;          /* jobs of administration whose tenants are still at it */
    bool is_loading;               /* script_host_load */
};

struct tenant *host_find_tenant(const struct script_host *host, const char *id);
/* Folders come and may come back: a tenant once known stays. NULL: no memory. */
struct tenant *host_know_tenant(struct script_host *host, const char *id);
