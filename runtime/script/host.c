#include "script/host.h"

#include <lauxlib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "base/clock.h"
#include "observe/log.h"
#include "observe/metrics.h"
#include "script/admin.h"
#include "script/answer.h"
#include "script/moving.h"
#include "script/rollout.h"
#include "script/room.h"
#include "script/shelf.h"
#include "script/trial.h"

#define TOOLS_A_TURN 8
#define TOOLS_A_CALL 64
#define TRIAL_TIMEOUT_MS 30000
#define PROBATION_RUNS 200
#define PROBATION_MS 600000
#define STEPS_US 1000 /* of tenants' steps before calls are looked at again */

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

static void end_call(struct script_host *host, struct script_call *call)
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

struct tenant *host_find_tenant(const struct script_host *host, const char *id)
{
    struct tenant *tenant;
    LL_FOREACH(host->tenants, tenant)
    {
        if (strcmp(tenant->id, id) == 0)
            return tenant;
    }
    return NULL;
}

struct tenant *host_know_tenant(struct script_host *host, const char *id)
{
    struct tenant *tenant = host_find_tenant(host, id);
    if (tenant)
        return tenant;
    tenant = calloc(1, sizeof *tenant);
    if (!tenant)
        return NULL;
    slice_copy(slice_from(id), tenant->id, sizeof tenant->id);
    LL_APPEND(host->tenants, tenant);
    return tenant;
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

void host_go(struct script_host *host, struct script_call *call, struct script_job *job)
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
        host_go(host, call, job);
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
        host_go(host, call, job);
    else
        answer_refuse(job, call, SCRIPT_ERROR, NULL,
            call ? "no version of this tenant is live" : "no memory");
}

/* A version that all VMs were at work for may have one now. */
static void try_crowded(struct script_host *host)
{
    struct tenant *tenant;
    LL_FOREACH(host->tenants, tenant)
    {
        if (tenant->is_crowded && room_make(host, tenant))
            tenant_try_again(tenant);
    }
}

/* A file that many tenants share is one save: what calls ask for meanwhile waits for one of them, or a few that are quick. */
static void step_tenants(struct script_host *host)
{
    struct tenant *tenant;
    uint64_t end_us = clock_us() + STEPS_US;
    bool is_over = false, has_stepped = false;
    LL_FOREACH(host->tenants, tenant)
    {
        if (!tenant_is_due(tenant))
            continue;
        if (is_over) {
            net_wake_send(host->runner.wake);
            break;
        }
        tenant_step(host, tenant);
        has_stepped = true;
        is_over = clock_us() >= end_us;
    }
    if (has_stepped)
        admin_settled(host);
}

static void on_built(void *owner, struct version *version, const char *why)
{
    struct script_host *host = owner;
    struct tenant *tenant;
    LL_FOREACH(host->tenants, tenant)
    {
        if (tenant->next_version != version)
            continue;
        tenant_built(host, tenant, why);
        return;
    }
}

static bool on_ended(void *owner, struct script_run *run, enum script_ending ending,
    const char *text, const char *why)
{
    struct script_host *host = owner;
    struct tenant *tenant = host_find_tenant(host, run->call->facts.tenant_id);
    if (run->kind == SCRIPT_MIGRATE) {
        moving_migrated(host, tenant, run, ending, text);
        return true;
    }
    if (run->thread) /* what never began, a hook that this version has not, says nothing of it */
        rollout_note_run(host, tenant, run->version, ending, why);
    return run->kind == SCRIPT_PROMPT && ending != SCRIPT_DONE && moving_retry(host, tenant, run);
}

static void on_job(struct script_host *host, struct script_job *job)
{
    struct script_call *call;
    switch (job->kind) {
    case SCRIPT_PROMPT:
    case SCRIPT_HOOK:
        on_prompt_or_hook(host, job);
        return;
    case SCRIPT_TOOL:
        on_tool(host, job);
        return;
    case SCRIPT_CALL_END:
        call = find_call(host, job->facts.call_id);
        if (call)
            on_call_end(host, call);
        break;
    case SCRIPT_RELOAD:
    case SCRIPT_VERSIONS:
    case SCRIPT_ROLLBACK:
    case SCRIPT_PROMOTE:
    case SCRIPT_DROP_CANARY:
    case SCRIPT_PUBLISH:
    case SCRIPT_SOURCES:
    case SCRIPT_TRIED:
        admin_job(host, job);
        return;
    case SCRIPT_MIGRATE:
        break; /* is no job */
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
    try_crowded(host);
    step_tenants(host);
}

static void wake_host(void *owner)
{
    struct script_host *host = owner;
    net_wake_send(host->runner.wake);
}

static struct script_host_options with_defaults(const struct script_host_options *options)
{
    struct script_host_options full = *options;
    if (!full.mailbox_capacity)
        full.mailbox_capacity = 4096;
    if (!full.trial_timeout_ms)
        full.trial_timeout_ms = TRIAL_TIMEOUT_MS;
    if (!full.probation_runs)
        full.probation_runs = PROBATION_RUNS;
    if (!full.probation_ms)
        full.probation_ms = PROBATION_MS;
    full.scripts_path = slice_dup(slice_from(options->scripts_path));
    return full;
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
    host->runner.business = options->business;
    host->runner.on_built = on_built;
    host->runner.on_ended = on_ended;
    host->runner.on_call_over = on_call_over;
    host->runner.owner = host;
    host->options = with_defaults(options);
    enum err err = host->options.scripts_path
                       ? net_timer_create(&host->trial_timer, loop, trial_on_timer, host)
                       : ERR_NOMEM;
    if (!err)
        err = net_wake_create(&host->runner.wake, loop, on_wake, host);
    if (err) {
        net_timer_destroy(host->trial_timer);
        free((char *)host->options.scripts_path);
        free(host);
        return err;
    }
    mailbox_init(&host->mailbox, host->options.mailbox_capacity, wake_host, host);
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

/* What answered before the process ended answers first; files that are newer follow. */
static void load_from_shelf(struct script_host *host, struct tenant *tenant)
{
    char version[VERSION_SIZE], why[256];
    struct sources *sources;
    struct shelf *shelf = host->options.shelf;
    if (!shelf || tenant->current || !shelf_applied(shelf, tenant->id, version))
        return;
    if (shelf_read(shelf, &sources, tenant->id, version, host->options.scripts_path, why)) {
        log_warn("script.not_kept", "tenant=%s version=%s why=%s", tenant->id, version, why);
        return;
    }
    tenant_want(tenant, sources, VERSION_FROM_SHELF, 0);
    tenant_finish(host, tenant);
}

static void know_one(void *owner, const char *id)
{
    host_know_tenant(owner, id);
}

size_t script_host_load(struct script_host *host)
{
    struct tenant *tenant;
    size_t live = 0;
    bool is_there = tenant_list(host->options.scripts_path, know_one, host) == ERR_OK;
    if (host->options.keeps_published && host->options.shelf)
        shelf_tenants(host->options.shelf, know_one, host);
    host->is_loading = true;
    LL_FOREACH(host->tenants, tenant)
    {
        load_from_shelf(host, tenant);
        tenant->is_stale = is_there;
        tenant_finish(host, tenant);
    }
    LL_FOREACH(host->tenants, tenant)
    {
        tenant_finish(host, tenant); /* for numbers that others gave up */
        live += tenant->current != NULL;
    }
    host->is_loading = false;
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
    admin_end(host);
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
    net_timer_destroy(host->trial_timer);
    free((char *)host->options.scripts_path);
    free(host);
}
