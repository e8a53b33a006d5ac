#include "script/port.h"

#include <stdlib.h>

#include "base/slice.h"
#include "script/letters.h"

const char *script_ending_name(enum script_ending ending)
{
    switch (ending) {
    case SCRIPT_DONE:
        return "done";
    case SCRIPT_OUT_OF_TIME:
        return "out_of_time";
    case SCRIPT_OUT_OF_MEMORY:
        return "out_of_memory";
    case SCRIPT_ERROR:
        return "error";
    case SCRIPT_TIMEOUT:
        return "timeout";
    }
    return "unknown";
}

const char *call_channel_name(enum call_channel channel)
{
    switch (channel) {
    case CHANNEL_PHONE:
        return "phone";
    case CHANNEL_SMS:
        return "sms";
    }
    return "phone";
}

struct script_job *script_job_make(enum script_job_kind kind)
{
    struct script_job *job = calloc(1, sizeof *job);
    if (job)
        job->kind = kind;
    return job;
}

void script_job_free(struct script_job *job)
{
    if (!job)
        return;
    free(job->utterance);
    free(job->tool_name);
    free(job->tool_call_id);
    free(job->arguments);
    free(job->state_json);
    labels_clear(&job->labels);
    free(job->incoming_json);
    free(job->history_json);
    free(job->bundle);
    free(job->why);
    free(job);
}

static char *copy(const char *text)
{
    return text ? slice_dup(slice_from(text)) : NULL;
}

struct script_job *script_job_copy_names(const struct script_job *job)
{
    struct script_job *names = malloc(sizeof *names);
    if (!names)
        return NULL;
    *names = *job;
    names->utterance = names->state_json = names->history_json = names->incoming_json = NULL;
    names->labels = (struct call_labels){0};
    names->bundle = names->why = NULL;
    names->tool_name = copy(job->tool_name);
    names->tool_call_id = copy(job->tool_call_id);
    names->arguments = copy(job->arguments);
    return names;
}

struct script_result *script_result_make_take(struct script_job *job)
{
    struct script_result *result = calloc(1, sizeof *result);
    if (!result)
        return NULL;
    result->kind = job->kind;
    result->hook = job->hook;
    result->call_key = job->call_key;
    result->epoch = job->epoch;
    result->turn = job->turn;
    result->span = job->span;
    result->tool_name = job->tool_name;
    result->tool_call_id = job->tool_call_id;
    result->arguments = job->arguments;
    job->tool_name = job->tool_call_id = job->arguments = NULL;
    return result;
}

void script_result_free(struct script_result *result)
{
    if (!result)
        return;
    free(result->text);
    free(result->why);
    free(result->failure_text);
    free(result->tool_name);
    free(result->tool_call_id);
    free(result->arguments);
    free(result->state_json);
    labels_clear(&result->labels);
    agent_release(result->agent);
    free(result);
}
