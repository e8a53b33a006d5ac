#include "script/host.h"

#include <lauxlib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "observe/log.h"
#include "observe/metrics.h"
#include "script/agent_table.h"
#include "script/answer.h"
#include "script/json.h"
#include "script/runner.h"
#include "script/strict.h"
#include "script/tenant.h"

#define TOOLS_A_TURN 8
#define TOOLS_A_CALL 64

struct script_host {
    struct mailbox mailbox;
    char *scripts_path;
    struct runner runner;
    struct tenant *tenants;
    struct script_call *calls;
};

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
    memcpy(call->phase, job->phase, sizeof call->phase);
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

static void end_call(struct script_host *host, struct script_call *call)
{
    runner_drop_call(&host->runner, call);
    HASH_DEL(host->calls, call);
    call_drop_object(call);
    version_release(call->version);
    free(call->utterance);
    json_decref(call->knowledge);
    free(call->state_json);
    free(call->incoming_json);
    labels_clear(&call->labels);
    history_clear(&call->history);
    free(call);
}

static void on_call_over(void *owner, struct script_call *call)
{
    end_call(owner, call);
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
        end_call(host, call);
}

static struct tenant *find_tenant(struct script_host *host, const char *id)
{
    struct tenant *tenant;
    LL_FOREACH(host->tenants, tenant)
    {
        if (strcmp(tenant->id, id) == 0)
            return tenant;
    }
    return NULL;
}

/* The version the next turn runs on: the tenant's current one. */
static bool pin_current(struct script_host *host, struct script_call *call)
{
    struct tenant *tenant = find_tenant(host, call->facts.tenant_id);
    if (!tenant || !tenant->version)
        return false;
    struct version *old = call->version;
    call->version = version_hold(tenant->version);
    version_release(old);
    return true;
}

/* False: there is no version to begin it on. */
static bool begin_turn(struct script_host *host, struct script_call *call, struct script_job *job)
{
    bool is_pinned = job->is_turn_begun && call->version;
    if (!is_pinned && !pin_current(host, call))
        return false;
    if (job->turn != call->turn)
        call->tools_this_turn = 0;
    call->turn = job->turn;
    free(call->utterance);
    call->utterance = job->utterance;
    job->utterance = NULL;
    return true;
}

static void on_prompt(struct script_host *host, struct script_job *job)
{
    struct script_call *call = make_call(host, job);
    if (!call || !begin_turn(host, call, job)) {
        answer_refuse(job, call, SCRIPT_ERROR, NULL,
            call ? "no version of this tenant is live" : "no memory");
        return;
    }
    runner_start(&host->runner, call, NULL, job);
}

/* Arguments the tenant's own schema accepts, in an array; else the text the model reads. */
static json_t *check_arguments(
    const struct script_call *call, const struct script_job *job, char **text)
{
    char why[160];
    json_t *arguments = NULL;
    enum err err = script_json_parse(
        &arguments, slice_from(job->arguments && job->arguments[0] ? job->arguments : "{}"), why);
    if (!err && !json_is_object(arguments)) {
        snprintf(why, sizeof why, "arguments must be an object");
        err = ERR_BAD;
    }
    if (!err)
        err = strict_check(arguments, json_object_get(call->version->schemas, job->tool_name), why);
    json_t *values = err ? NULL : json_pack("[O]", arguments);
    json_decref(arguments);
    if (values)
        return values;
    *text = answer_error_text("bad_arguments", why);
    return NULL;
}

static void on_tool(struct script_host *host, struct script_job *job)
{
    struct script_call *call = make_call(host, job);
    if (!call || (!call->version && !pin_current(host, call))) {
        answer_refuse(job, call, SCRIPT_ERROR, answer_failure_text(job, SCRIPT_ERROR),
            call ? "no version of this tenant is live" : "no memory");
        return;
    }
    if (call->tools_this_turn >= TOOLS_A_TURN || call->tools_in_all >= TOOLS_A_CALL) {
        answer_refuse(job, call, SCRIPT_ERROR, answer_error_text("too_many_calls", NULL),
            "more tools than a turn or a call may use");
        return;
    }
    char *text = NULL;
    bool is_known = job->tool_name && json_object_get(call->version->schemas, job->tool_name);
    json_t *values = is_known ? check_arguments(call, job, &text) : NULL;
    if (!values) {
        answer_refuse(job, call, SCRIPT_DONE, text ? text : answer_error_text("unknown_tool", NULL),
            text ? "bad arguments" : "unknown tool");
        return;
    }
    call->tools_this_turn++;
    call->tools_in_all++;
    runner_start(&host->runner, call, values, job);
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

/* A hook runs on the version of the call's last prompt, but the one that begins a turn. */
static void on_hook(struct script_host *host, struct script_job *job)
{
    struct script_call *call = make_call(host, job);
    json_t *values = call ? hook_values(call, job) : NULL;
    bool begins = job->hook == HOOK_ON_USER_TURN;
    bool has_version =
        call && (begins ? begin_turn(host, call, job) : call->version || pin_current(host, call));
    if (call && job->hook == HOOK_ON_CALL_END)
        runner_drop_call(&host->runner, call);
    if (values && has_version && is_hook_gone(call, job->hook))
        answer_refuse(
            job, call, SCRIPT_DONE, slice_dup(SLICE("null")), "it is not in this version");
    else if (values && has_version)
        runner_start(&host->runner, call, values, job);
    else
        answer_refuse(job, call, SCRIPT_ERROR, NULL,
            values ? "no version of this tenant is live" : "no memory");
    json_decref(values);
}

/* Folders come and may come back: a tenant once known stays. */
static void know_tenant(void *owner, const char *id)
{
    struct script_host *host = owner;
    if (find_tenant(host, id))
        return;
    struct tenant *tenant = calloc(1, sizeof *tenant);
    if (!tenant)
        return;
    slice_copy(slice_from(id), tenant->id, sizeof tenant->id);
    LL_APPEND(host->tenants, tenant);
}

/* Begins to build what changed. */
static void refresh(struct script_host *host)
{
    struct tenant *tenant;
    if (tenant_list(host->scripts_path, know_tenant, host))
        return;
    LL_FOREACH(host->tenants, tenant)
    {
        tenant_refresh(tenant, host->scripts_path, &host->runner);
    }
}

static void on_built(void *owner, struct version *version, const char *why)
{
    struct script_host *host = owner;
    struct tenant *tenant;
    LL_FOREACH(host->tenants, tenant)
    {
        if (tenant->next_version != version)
            continue;
        tenant_built(tenant, why, host->scripts_path, &host->runner);
        return;
    }
}

static void on_job(struct script_host *host, struct script_job *job)
{
    struct script_call *call;
    switch (job->kind) {
    case SCRIPT_PROMPT:
        on_prompt(host, job);
        return;
    case SCRIPT_TOOL:
        on_tool(host, job);
        return;
    case SCRIPT_HOOK:
        on_hook(host, job);
        return;
    case SCRIPT_CALL_END:
        call = find_call(host, job->facts.call_id);
        if (call)
            on_call_end(host, call);
        break;
    case SCRIPT_RELOAD:
        refresh(host);
        break;
    }
    script_job_free(job);
}

static void on_wake(void *owner)
{
    struct script_host *host = owner;
    struct letter *letter = mailbox_take_all(&host->mailbox);
    while (letter) {
        struct script_job *job = (struct script_job *)letter;
        letter = letter->next;
        on_job(host, job);
    }
    runner_go(&host->runner);
}

static void wake_host(void *owner)
{
    struct script_host *host = owner;
    net_wake_send(host->runner.wake);
}

enum err script_host_create(
    struct script_host **out, struct net_loop *loop, const struct script_host_options *options)
{
    struct script_host *host = calloc(1, sizeof *host);
    if (!host)
        return ERR_NOMEM;
    host->runner.loop = loop;
    host->runner.lua_library = options->lua_library;
    host->runner.knowledge = options->knowledge;
    host->runner.on_built = on_built;
    host->runner.on_call_over = on_call_over;
    host->runner.owner = host;
    host->scripts_path = slice_dup(slice_from(options->scripts_path));
    enum err err =
        host->scripts_path ? net_wake_create(&host->runner.wake, loop, on_wake, host) : ERR_NOMEM;
    if (err) {
        free(host->scripts_path);
        free(host);
        return err;
    }
    mailbox_init(&host->mailbox, options->mailbox_capacity ? options->mailbox_capacity : 4096,
        wake_host, host);
    *out = host;
    return ERR_OK;
}

enum err script_host_send(struct script_host *host, struct script_job *job)
{
    enum err err = mailbox_put(&host->mailbox, &job->letter);
    if (err != ERR_OK)
        metric_add(METRIC_QUEUE_SCRIPT_JOBS, 1);
    return err;
}

size_t script_host_load(struct script_host *host)
{
    struct tenant *tenant;
    size_t live = 0;
    refresh(host);
    LL_FOREACH(host->tenants, tenant)
    {
        while (tenant->next_version)
            tenant_finish(tenant, host->scripts_path, &host->runner);
        live += tenant->version != NULL;
    }
    return live;
}

void script_host_destroy(struct script_host *host)
{
    struct script_call *call, *next_call;
    struct tenant *tenant, *next_tenant;
    struct letter *letter = mailbox_take_all(&host->mailbox);
    while (letter) {
        struct script_job *job = (struct script_job *)letter;
        letter = letter->next;
        script_job_free(job);
    }
    mailbox_destroy(&host->mailbox);
    HASH_ITER(hh, host->calls, call, next_call)
    {
        end_call(host, call);
    }
    runner_end(&host->runner);
    LL_FOREACH_SAFE(host->tenants, tenant, next_tenant)
    {
        tenant_destroy(tenant);
    }
    net_wake_destroy(host->runner.wake);
    free(host->scripts_path);
    free(host);
}
