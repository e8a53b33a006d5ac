#include "script/answer.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "observe/log.h"
#include "observe/metrics.h"
#include "script/letters.h"

/* A full mailbox loses the answer: whoever waits has a deadline of its own. */
static void post(struct script_job *job, struct script_result *result)
{
    if (job->reply && mailbox_put(job->reply, &result->letter) == ERR_OK)
        return;
    metric_add(METRIC_QUEUE_SCRIPT_RESULTS, 1);
    log_error("script.answer_lost", "call=%s why=%s", job->facts.call_id, "mailbox full");
    script_result_free(result);
}

/* Takes `text`. NULL: no memory. */
static struct script_result *make(struct script_job *job, enum script_ending ending,
    char *text_take, const char *why, struct agent *agent, const struct script_call *call,
    uint64_t started_us)
{
    struct script_result *result = script_result_make_take(job);
    if (!result) {
        free(text_take);
        log_error("script.answer_lost", "call=%s why=%s", job->facts.call_id, "no memory");
        return NULL;
    }
    result->ending = ending;
    result->text = text_take;
    result->why = why && why[0] ? slice_dup(slice_from(why)) : NULL;
    result->agent = agent ? agent_hold(agent) : NULL;
    result->state_json = call && call->state_json ? slice_dup(slice_from(call->state_json)) : NULL;
    memcpy(result->phase, call ? call->phase : job->phase, sizeof result->phase);
    labels_copy(&result->labels, call ? &call->labels : &job->labels);
    result->elapsed_us = (uint32_t)(clock_us() - started_us);
    return result;
}

static struct script_result *make_for_run(
    struct script_run *run, enum script_ending ending, char *text_take, const char *why)
{
    return make(run->job, ending, text_take, why, run->version->agent, run->call, run->started_us);
}

char *answer_error_text(const char *error, const char *message)
{
    json_t *value = json_pack("{s:s, s:s*}", "error", error, "message", message);
    char *text = value ? json_dumps(value, JSON_COMPACT) : NULL;
    json_decref(value);
    return text;
}

char *answer_failure_text(const struct script_job *job, enum script_ending ending)
{
    return job->kind == SCRIPT_TOOL ? answer_error_text(script_ending_name(ending), NULL) : NULL;
}

void answer_refuse(struct script_job *job, const struct script_call *call,
    enum script_ending ending, char *text_take, const char *why)
{
    log_warn("script.not_run", "call=%s tenant=%s tool=%s why=%s", job->facts.call_id,
        job->facts.tenant_id, job->tool_name ? job->tool_name : "", why);
    answer_not_run(job, call, ending, text_take, why);
}

void answer_not_run(struct script_job *job, const struct script_call *call,
    enum script_ending ending, char *text_take, const char *why)
{
    struct agent *agent = call && call->version ? call->version->agent : NULL;
    struct script_result *result = make(job, ending, text_take, why, agent, call, clock_us());
    if (result)
        post(job, result);
    script_job_free(job);
}

void answer_job(struct script_job *job, enum script_ending ending, char *text_take, const char *why)
{
    struct script_result *result =
        job->reply ? make(job, ending, text_take, why, NULL, NULL, clock_us()) : NULL;
    if (result)
        post(job, result);
    else if (!job->reply)
        free(text_take);
    script_job_free(job);
}

/* What is said when the run's tool is late; NULL: nothing. */
static char *failure_words(const struct script_run *run)
{
    const struct program_tool *tool = program_find_tool(run->program, run->tool_name);
    const char *words =
        tool && tool->failure_text[0] ? tool->failure_text : run->version->agent->failure_text;
    return words[0] ? slice_dup(slice_from(words)) : NULL;
}

void answer_run(struct script_run *run, enum script_ending ending, char *text_take, const char *why)
{
    assert(!run->is_answered);
    run->is_answered = true;
    bool may_follow = ending == SCRIPT_TIMEOUT && run->tool_name[0];
    struct script_job *job = run->job;
    struct script_job *later = may_follow ? script_job_copy_names(job) : NULL;
    char *text = text_take ? text_take : answer_failure_text(job, ending);
    struct script_result *result = make_for_run(run, ending, text, why);
    if (result && may_follow)
        result->failure_text = failure_words(run);
    if (result)
        post(job, result);
    script_job_free(job);
    run->job = later;
}

void answer_late(
    struct script_run *run, enum script_ending ending, char *text_take, const char *why)
{
    if (!run->job) { /* there was no memory to keep its names */
        free(text_take);
        return;
    }
    char *text = text_take ? text_take : answer_failure_text(run->job, ending);
    struct script_result *result = make_for_run(run, ending, text, why);
    if (!result)
        return;
    result->is_late = true;
    post(run->job, result);
}
