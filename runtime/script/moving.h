/* How a live call gets from one version to another: at the beginning of a turn, with call.state as it is or as the new version's
   migrate makes it; and back, with call.state as it was, when the new version is taken back. */
#pragma once

#include "script/hosting.h"

/* What a turn begins with, its prompt or the hook before that: on the version that is the call's now, after migrate where there
   is one. Takes the job. */
void moving_begin_turn(struct script_host *host, struct tenant *tenant, struct script_call *call,
    struct script_job *job);
/* A tool or hook: on the version of the last prompt, or the one a first prompt would get. False: none is live. */
bool moving_pin(struct script_host *host, struct tenant *tenant, struct script_call *call);
/* A migrate that moving_begin_turn began came to its end; takes the run's job. `text` is the new state, NULL: as it is. */
void moving_migrated(struct script_host *host, struct tenant *tenant, struct script_run *run,
    enum script_ending ending, const char *text);
/* The prompt of this run failed: again on the version that the call comes from, or that others are answered by. Takes the
   run's job; false: there is no such version, and the job is still the run's. */
bool moving_retry(struct script_host *host, struct tenant *tenant, struct script_run *run);
/* At the call's end. */
void moving_forget(struct script_call *call);
