/* What script/port.h keeps from its users: how an answer is made. */
#pragma once

#include "script/port.h"

/* An answer to `job` with its names moved over (the job keeps kind, call_key, epoch and turn). NULL: no memory,
   and the job is as it was. */
struct script_result *script_result_make_take(struct script_job *job);
/* The job again without what a run needs, for a second answer. NULL: no memory. */
struct script_job *script_job_copy_names(const struct script_job *job);
