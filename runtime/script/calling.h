/* What calls ask a script host for: prompts, tools and hooks, each on the version that is the call's; and the table of calls. */
#pragma once

#include "script/hosting.h"

/* SCRIPT_PROMPT, SCRIPT_TOOL, SCRIPT_HOOK, SCRIPT_CALL_END. Takes the job. */
void calling_job(struct script_host *host, struct script_job *job);
/* Runs the prompt or hook that the job asks for on the call's version. Takes the job. */
void calling_go(struct script_host *host, struct script_call *call, struct script_job *job);
/* The call is no more, whatever runs. */
void calling_end(struct script_host *host, struct script_call *call);
