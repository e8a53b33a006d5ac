#include "script/host.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "base/clock.h"
#include "observe/log.h"
#include "observe/metrics.h"
#include "script/admin.h"
#include "script/calling.h"
#include "script/moving.h"
#include "script/rollout.h"
#include "script/room.h"
#include "script/shelf.h"
#include "script/trial.h"

#define TRIAL_TIMEOUT_MS 30000
#define PROBATION_RUNS 200
#define PROBATION_MS 600000
#define STEPS_US 1000 /* of tenants' steps before calls are looked at again */

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

static void on_call_over(void *owner, struct script_call *call)
{
    calling_end(owner, call);
}

static void on_job(struct script_host *host, struct script_job *job)
{
    switch (job->kind) {
    case SCRIPT_PROMPT:
    case SCRIPT_HOOK:
    case SCRIPT_TOOL:
    case SCRIPT_CALL_END:
        calling_job(host, job);
        return;
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
    if (job->kind == SCRIPT_CALL_END) {
        mailbox_force(&host->mailbox, &job->letter);
        return ERR_OK;
    }
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
        calling_end(host, call);
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
