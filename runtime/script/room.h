/* A tenant has at most VERSION_PROGRAMS_MAX VMs, whatever the number of its versions in calls. What calls keep (call.state) is the
   host's, so an old version that has nothing under way can go without a VM until a call of it speaks again. */
#pragma once

#include "script/hosting.h"

/* Takes VMs from versions that have been idle longest until there is room for one more. False: all are at work. */
bool room_make(struct script_host *host, struct tenant *tenant);
/* When that version has no VM and is about to run. */
void room_make_for(struct script_host *host, struct tenant *tenant, const struct version *version);
