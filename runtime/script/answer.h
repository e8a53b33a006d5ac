/* The answer a job gets (a late tool a second one), and the texts a model reads when there is no result. */
#pragma once

#include "script/run.h"

/* {"error":…,"message":…} on the heap; NULL: no memory. */
char *answer_error_text(const char *error, const char *message);
/* The text for a job that ended so; NULL for a prompt, which has none. */
char *answer_failure_text(const struct script_job *job, enum script_ending ending);
/* Answers and frees a job for which nothing was started. `call` may be NULL; takes `text`. */
void answer_refuse(struct script_job *job, const struct script_call *call,
    enum script_ending ending, char *text_take, const char *why);
/* The same, and nobody is told: of a call that is only rehearsed. */
void answer_not_run(struct script_job *job, const struct script_call *call,
    enum script_ending ending, char *text_take, const char *why);
/* Answers and frees a job that is no call's; takes `text`. Nobody hears of it when the job names nobody. */
void answer_job(
    struct script_job *job, enum script_ending ending, char *text_take, const char *why);
/* Answers a run that has not been answered; takes `text` (NULL: the failure's own). After SCRIPT_TIMEOUT a tool may go on
   and answer once more. */
void answer_run(
    struct script_run *run, enum script_ending ending, char *text_take, const char *why);
/* The answer that was late; takes `text`. */
void answer_late(
    struct script_run *run, enum script_ending ending, char *text_take, const char *why);
