#include "script/admin.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "script/answer.h"
#include "script/bundle.h"
#include "script/rollout.h"
#include "script/shelf.h"
#include "script/trial.h"
#include "script/versions_json.h"

/* --- answers --- */

static void answer_value(struct script_job *job, json_t *value_take)
{
    char *text = value_take ? json_dumps(value_take, JSON_COMPACT) : NULL;
    json_decref(value_take);
    answer_job(job, text ? SCRIPT_DONE : SCRIPT_ERROR, text, text ? NULL : "no memory");
}

static void refuse(struct script_job *job, const char *why)
{
    answer_job(job, SCRIPT_ERROR, answer_error_text(why, NULL), why);
}

/* "": it concerns all. */
static bool concerns(const struct script_job *job, const struct tenant *tenant)
{
    return !job->facts.tenant_id[0] || strcmp(job->facts.tenant_id, tenant->id) == 0;
}

static bool is_settled(const struct script_host *host, const struct script_job *job)
{
    const struct tenant *tenant;
    LL_FOREACH(host->tenants, tenant)
    {
        if (concerns(job, tenant) && !tenant_is_settled(tenant))
            return false;
    }
    return true;
}

static void answer_outcomes(const struct script_host *host, struct script_job *job)
{
    const struct tenant *tenant;
    json_t *list = json_array();
    LL_FOREACH(host->tenants, tenant)
    {
        if (concerns(job, tenant))
            json_array_append_new(list, outcome_json(tenant));
    }
    answer_value(job, json_pack("{s:o}", "tenants", list));
}

void admin_settled(struct script_host *host)
{
    struct letter *letter, *next;
    LL_FOREACH_SAFE(host->asked, letter, next)
    {
        struct script_job *job = (struct script_job *)letter;
        if (!is_settled(host, job))
            continue;
        LL_DELETE(host->asked, letter);
        answer_outcomes(host, job);
    }
}

/* Now, or when the tenants it concerns are settled. */
static void answer_when_settled(struct script_host *host, struct script_job *job)
{
    if (job->reply)
        LL_APPEND(host->asked, &job->letter);
    else
        script_job_free(job);
    admin_settled(host); /* others may have waited for what is no more to be tried */
}

void admin_end(struct script_host *host)
{
    struct letter *letter, *next;
    LL_FOREACH_SAFE(host->asked, letter, next)
    {
        script_job_free((struct script_job *)letter);
    }
    host->asked = NULL;
}

/* --- what is asked for --- */

static void know_one(void *owner, const char *id)
{
    host_know_tenant(owner, id);
}

/* Asked for by name, a version that was refused is tried once more although nothing changed. */
static void reload(struct script_host *host, struct script_job *job)
{
    struct tenant *tenant;
    bool is_one = job->facts.tenant_id[0] != 0;
    if (tenant_list(host->options.scripts_path, know_one, host)) {
        refuse(job, "the folder of tenants cannot be read");
        return;
    }
    if (is_one && !host_find_tenant(host, job->facts.tenant_id)) {
        refuse(job, "there is no such tenant");
        return;
    }
    LL_FOREACH(host->tenants, tenant)
    {
        if (!concerns(job, tenant))
            continue;
        if (is_one && tenant->refusal[0])
            tenant_forget_files(tenant);
        tenant->is_stale = true;
    }
    answer_when_settled(host, job);
}

static void publish(struct script_host *host, struct script_job *job)
{
    char why[256];
    struct sources *sources;
    if (sources_from_bundle(&sources, slice_from(job->bundle ? job->bundle : ""),
            host->options.scripts_path, why)) {
        refuse(job, why);
        return;
    }
    struct tenant *tenant = host_know_tenant(host, sources->tenant_id);
    if (!tenant || job->canary_percent > 99 ||
        (job->facts.tenant_id[0] && !concerns(job, tenant))) {
        sources_release(sources);
        refuse(job, !tenant                    ? "no memory"
                    : job->canary_percent > 99 ? "a canary gets 1 to 99 percent of calls"
                                               : "the bundle is another tenant's");
        return;
    }
    memcpy(job->facts.tenant_id, tenant->id, sizeof job->facts.tenant_id);
    if (job->is_wanted)
        tenant->banned[0] = 0;
    tenant_want(tenant, sources, VERSION_FROM_BUNDLE, job->canary_percent);
    answer_when_settled(host, job);
}

/* Without a version: the canary when there is one, else the current one, for the one before it. */
static void roll_back(struct script_host *host, struct tenant *tenant, struct script_job *job)
{
    struct version *last = tenant->canary ? tenant->canary : tenant->current;
    if (!last || (last == tenant->current && !tenant->previous))
        refuse(job, "there is no version to go back to");
    else if (!rollout_take_back(host, tenant, last, tenant->previous, "by hand"))
        refuse(job, tenant->refusal);
    else
        answer_when_settled(host, job);
}

/* That version and no other: it may have gone by itself meanwhile. */
static void drop_canary(struct script_host *host, struct tenant *tenant, struct script_job *job)
{
    struct version *canary = tenant->canary;
    if (!canary || strcmp(canary->agent->version, job->version) != 0)
        refuse(job, "that version is no canary");
    else if (!rollout_take_back(host, tenant, canary, NULL, "by hand"))
        refuse(job, tenant->refusal);
    else
        answer_when_settled(host, job);
}

/* To one that is still in memory, or on the shelf. */
static void go_to(struct script_host *host, struct tenant *tenant, struct script_job *job)
{
    char why[256] = "there is no such version";
    struct sources *sources;
    struct version *version = version_find(&tenant->versions, job->version);
    if (version && version == tenant->current) {
        refuse(job, "that version is current");
    } else if (version && version != tenant->trying && tenant->current) {
        if (rollout_take_back(host, tenant, tenant->current, version, "by hand"))
            answer_when_settled(host, job);
        else
            refuse(job, tenant->refusal);
    } else if (!host->options.shelf || shelf_read(host->options.shelf, &sources, tenant->id,
                                           job->version, host->options.scripts_path, why)) {
        refuse(job, why);
    } else {
        tenant_want(tenant, sources, VERSION_FROM_SHELF, 0);
        answer_when_settled(host, job);
    }
}

static void give_sources(struct script_host *host, struct tenant *tenant, struct script_job *job)
{
    char why[256] = "there is no such version", *bundle = NULL;
    const char *id = job->version[0]   ? job->version
                     : tenant->current ? tenant->current->agent->version
                                       : "";
    const struct version *version = version_find(&tenant->versions, id);
    struct sources *sources = version ? sources_hold(version->sources) : NULL;
    if (!sources && (!host->options.shelf || shelf_read(host->options.shelf, &sources, tenant->id,
                                                 id, host->options.scripts_path, why))) {
        refuse(job, why);
        return;
    }
    enum err err = sources_to_bundle(&bundle, sources);
    sources_release(sources);
    if (err)
        refuse(job, "its files are too large for a bundle");
    else
        answer_job(job, SCRIPT_DONE, bundle, NULL);
}

static void of_tenant(struct script_host *host, struct tenant *tenant, struct script_job *job)
{
    if (job->kind == SCRIPT_VERSIONS)
        answer_value(job, versions_json(host, tenant));
    else if (job->kind == SCRIPT_SOURCES)
        give_sources(host, tenant, job);
    else if (job->kind == SCRIPT_ROLLBACK && job->version[0])
        go_to(host, tenant, job);
    else if (job->kind == SCRIPT_ROLLBACK)
        roll_back(host, tenant, job);
    else if (job->kind == SCRIPT_DROP_CANARY)
        drop_canary(host, tenant, job);
    else if (rollout_promote(host, tenant))
        answer_when_settled(host, job);
    else
        refuse(job, tenant->canary ? tenant->refusal : "there is no canary");
}

void admin_job(struct script_host *host, struct script_job *job)
{
    struct tenant *tenant = host_find_tenant(host, job->facts.tenant_id);
    if (job->kind == SCRIPT_RELOAD) {
        reload(host, job);
    } else if (job->kind == SCRIPT_PUBLISH) {
        publish(host, job);
    } else if (!tenant) {
        refuse(job, "there is no such tenant");
    } else if (job->kind == SCRIPT_TRIED) {
        trial_end(host, tenant, job->version, job->is_ok, job->why);
        script_job_free(job);
    } else {
        of_tenant(host, tenant, job);
    }
}
