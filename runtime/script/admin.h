/* The jobs of administration. An answer is JSON in the result's text; SCRIPT_ERROR: `why` says what is wrong, and so does
   {"error":…} in the text.

     SCRIPT_RELOAD, SCRIPT_PUBLISH, SCRIPT_ROLLBACK, SCRIPT_PROMOTE, SCRIPT_DROP_CANARY, when all of it is settled (built, tried, live or not):
       {"tenants":[{"tenant","outcome","version","error"}]}; outcome: unchanged, applied, canary, refused, rolled_back
     SCRIPT_VERSIONS: {"tenant","versions":[{"version","state","calls","since","runs","errors","why","percent"}]}; state as
       rollout_state says, or "kept": it is only on the shelf, and can be gone back to
     SCRIPT_SOURCES: a bundle (script/bundle.h) */
#pragma once

#include "script/hosting.h"

/* Takes the job. */
void admin_job(struct script_host *host, struct script_job *job);
/* A tenant may have settled: answers who waited for it. */
void admin_settled(struct script_host *host);
/* Nobody is answered any more. */
void admin_end(struct script_host *host);
