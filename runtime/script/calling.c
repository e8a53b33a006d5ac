#include "script/calling.h"

#include <lauxlib.h>
#include <stdlib.h>
#include <string.h>

#include "observe/log_call.h"
#include "script/answer.h"
#include "script/moving.h"
#include "script/room.h"

#define TOOLS_A_TURN 8
#define TOOLS_A_CALL 64

static struct script_call *find_call(struct script_host *host, const char *call_id)
{
    struct script_call *call;
    HASH_FIND_STR(host->calls, call_id, call);
    return call;
}

static struct script_call *new_call(struct script_host *host, struct script_job *job)
{
    struct script_call *call = calloc(1, sizeof *call);
    if (!call)
        return NULL;
    call->facts = job->facts;
    call->call_key = job->call_key;
    call->object_ref = LUA_NOREF;
    HASH_ADD_STR(host->calls, facts.call_id, call);
    if (!call->hh.tbl) {
        free(call);
        return NULL;
    }
    call->log = log_call_make();
    log_call_name(call->log, &(struct log_call_facts){.call_id = call->facts.call_id,
                                 .call_sid = call->facts.call_sid,
                                 .tenant_id = call->facts.tenant_id,
                                 .caller = call->facts.caller,
                                 .called = call->facts.called});
    memcpy(call->phase, job->phase, sizeof call->phase);
    memcpy(call->began_with, job->version, sizeof call->began_with);
    call->state_json = job->state_json;
    job->state_json = NULL;
    call->incoming_json = job->incoming_json;
    job->incoming_json = NULL;
    labels_move(&call->labels, &job->labels);
    return call;
}

/* The job's call, made when this is its first; NULL: no memory. */
static struct script_call *make_call(struct script_host *host, struct script_job *job)
{
    struct script_call *call = find_call(host, job->facts.call_id);
    if (!call)
        call = new_call(host, job);
    if (call)
        history_take(&call->history, job->history_first, job->history_json);
    return call;
}

void calling_end(struct script_host *host, struct script_call *call)
{
    struct tenant *tenant = host_find_tenant(host, call->facts.tenant_id);
    runner_drop_call(&host->runner, call);
    HASH_DEL(host->calls, call);
    moving_forget(call);
    if (tenant)
        tenant_rest(tenant);
    free(call->utterance);
    json_decref(call->knowledge);
    json_decref(call->business);
    free(call->state_json);
    free(call->incoming_json);
    labels_clear(&call->labels);
    history_clear(&call->history);
    log_call_release(call->log);
    free(call);
}

static bool is_asked_last(const struct script_call *call)
{
    const struct script_run *run = call->runs;
    return run && run->kind == SCRIPT_HOOK && run->hook == HOOK_ON_CALL_END;
}

/* Whatever runs ends with the call, but for its last hook, with which the call ends. */
static void on_call_end(struct script_host *host, struct script_call *call)
{
    call->is_over = true;
    if (!is_asked_last(call))
        calling_end(host, call);
}

static bool pin(struct script_host *host, struct script_call *call)
{
    struct tenant *tenant = host_find_tenant(host, call->facts.tenant_id);
    return tenant && moving_pin(host, tenant, call);
}

/* On the call's version, for which there is room or will be. */
static void start(
    struct script_host *host, struct script_call *call, json_t *values, struct script_job *job)
{
    struct tenant *tenant = host_find_tenant(host, call->facts.tenant_id);
    room_make_for(host, tenant, call->version);
    runner_start(&host->runner, call, values, job);
}

static void on_tool(struct script_host *host, struct script_job *job)
{
    struct script_call *call = make_call(host, job);
    if (!call || !pin(host, call)) {
        answer_refuse(job, call, SCRIPT_ERROR, answer_failure_text(job, SCRIPT_ERROR),
            call ? "no version of this tenant is live" : "no memory");
        return;
    }
    if (call->tools_this_turn >= TOOLS_A_TURN || call->tools_in_all >= TOOLS_A_CALL) {
        answer_refuse(job, call, SCRIPT_ERROR, answer_error_text("too_many_calls", NULL),
            "more tools than a turn or a call may use");
        return;
    }
    json_t *values;
    char *text;
    enum err err = version_tool_values(
        &values, &text, call->version, job->tool_name, slice_from(job->arguments));
    if (err) {
        answer_refuse(
            job, call, SCRIPT_DONE, text, err == ERR_NOT_FOUND ? "unknown tool" : "bad arguments");
        return;
    }
    call->tools_this_turn++;
    call->tools_in_all++;
    start(host, call, values, job);
    json_decref(values);
}

/* What a hook is told beside its call; to end_of_turn's signals belongs the phase as it is now. */
static json_t *hook_values(const struct script_call *call, const struct script_job *job)
{
    json_t *values = json_loads(job->arguments ? job->arguments : "[]", 0, NULL);
    if (job->hook == HOOK_END_OF_TURN && call->phase[0])
        json_object_set_new(json_array_get(values, 0), "phase", json_string(call->phase));
    return values;
}

/* A reload took it away: that is no failure. */
static bool is_hook_gone(const struct script_call *call, enum script_hook hook)
{
    return hook == HOOK_ON_USER_TURN && !call->version->agent->has_hook[hook];
}

void calling_go(struct script_host *host, struct script_call *call, struct script_job *job)
{
    bool is_hook = job->kind == SCRIPT_HOOK;
    json_t *values = is_hook ? hook_values(call, job) : NULL;
    if (is_hook && is_hook_gone(call, job->hook))
        answer_refuse(
            job, call, SCRIPT_DONE, slice_dup(SLICE("null")), "it is not in this version");
    else if (is_hook && !values)
        answer_refuse(job, call, SCRIPT_ERROR, NULL, "no memory");
    else
        start(host, call, values, job);
    json_decref(values);
}

/* A prompt, or the hook before it. */
static void begin_turn(struct script_host *host, struct tenant *tenant, struct script_call *call,
    struct script_job *job)
{
    if (job->turn != call->turn)
        call->tools_this_turn = 0;
    call->turn = job->turn;
    free(call->utterance);
    call->utterance = job->utterance;
    job->utterance = NULL;
    if (job->is_turn_begun && call->version)
        calling_go(host, call, job);
    else
        moving_begin_turn(host, tenant, call, job);
}

/* What begins a turn may move its call; another hook runs on the version of the last prompt. */
static void on_prompt_or_hook(struct script_host *host, struct script_job *job)
{
    struct script_call *call = make_call(host, job);
    struct tenant *tenant = call ? host_find_tenant(host, call->facts.tenant_id) : NULL;
    bool is_hook = job->kind == SCRIPT_HOOK;
    if (call && is_hook && job->hook == HOOK_ON_CALL_END)
        runner_drop_call(&host->runner, call);
    if (tenant && (!is_hook || job->hook == HOOK_ON_USER_TURN))
        begin_turn(host, tenant, call, job);
    else if (tenant && moving_pin(host, tenant, call))
        calling_go(host, call, job);
    else
        answer_refuse(job, call, SCRIPT_ERROR, NULL,
            call ? "no version of this tenant is live" : "no memory");
}

void calling_job(struct script_host *host, struct script_job *job)
{
    bool is_end = job->kind == SCRIPT_CALL_END;
    struct script_call *call = is_end ? find_call(host, job->facts.call_id) : NULL;
    if (job->kind == SCRIPT_TOOL)
        on_tool(host, job);
    else if (!is_end)
        on_prompt_or_hook(host, job);
    else if (call)
        on_call_end(host, call);
    if (is_end)
        script_job_free(job);
}
