#include "script/tenant.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "base/clock.h"
#include "observe/log.h"
#include "script/admin.h"
#include "script/agent_table.h"
#include "script/build.h"
#include "script/rollout.h"
#include "script/room.h"
#include "script/shelf.h"
#include "script/trial.h"

/* --- beginning --- */

static void set_wish(struct tenant *tenant, struct tenant_wish wish_take)
{
    sources_release(tenant->wish.sources);
    tenant->wish = wish_take;
}

/* What finds no room stays wanted. */
static void begin(struct script_host *host, struct tenant *tenant, struct tenant_wish wish_take)
{
    char why[512];
    struct tenant_wish kept = {.sources = NULL};
    tenant->is_crowded = !room_make(host, tenant);
    if (tenant->is_crowded && wish_take.origin != VERSION_FROM_FILES) {
        kept = wish_take;
        sources_hold(kept.sources);
    }
    set_wish(tenant, kept);
    tenant->lacks_number = false;
    tenant->build_started_ms = clock_ms();
    enum err err = build_sources(&tenant->next_version, &tenant->versions, wish_take.sources,
        &host->runner.lua_library, why);
    if (err) {
        tenant_refuse(tenant, why);
        return;
    }
    tenant->next_version->origin = wish_take.origin;
    tenant->next_version->canary_percent = wish_take.percent;
    runner_build(&host->runner, tenant->next_version);
}

static void set_files(struct tenant *tenant, struct sources *sources)
{
    struct sources *old = tenant->files;
    tenant->files = sources ? sources_hold(sources) : NULL;
    sources_release(old);
}

void tenant_forget_files(struct tenant *tenant)
{
    set_files(tenant, NULL);
}

/* The files are back to what answers already: nothing newer is wanted. */
static void settle(struct script_host *host, struct tenant *tenant)
{
    set_files(tenant, tenant->current->sources);
    trial_drop(tenant);
    if (tenant->refusal[0] || tenant->canary)
        rollout_restore(tenant);
}

static void expect_nothing(struct tenant *tenant)
{
    tenant->outcome = TENANT_UNCHANGED;
    tenant->outcome_version[0] = 0;
}

static bool is_shut(const struct script_host *host, const struct tenant *tenant)
{
    return host->options.keeps_published && tenant->current &&
           tenant->current->origin != VERSION_FROM_FILES;
}

static void rest_version(struct version *version)
{
    bool has_calls = version && version->pins > 1; /* one is the tenant's own */
    if (version && version->program && !version->program->build && !has_calls)
        version_discard_program(version);
}

void tenant_rest(struct tenant *tenant)
{
    if (!tenant->is_withdrawn)
        return;
    rest_version(tenant->current);
    rest_version(tenant->canary);
}

/* Whoever was refused for a number that another tenant had: it may be free now. */
static void try_for_numbers(struct script_host *host)
{
    struct tenant *tenant;
    LL_FOREACH(host->tenants, tenant)
    {
        if (!tenant->lacks_number)
            continue;
        tenant->lacks_number = false;
        tenant_forget_files(tenant);
        tenant->is_stale = true;
    }
}

static void withdraw(struct script_host *host, struct tenant *tenant)
{
    log_info("script.withdrawn", "tenant=%s", tenant->id);
    trial_drop(tenant);
    tenant_forget_files(tenant); /* a canary that comes back with the folder enters anew */
    tenant->lacks_number = false;
    tenant_rest(tenant);
    try_for_numbers(host); /* they are looked at after this one is gone from the table */
}

/* A tenant whose folder was deleted gets no new calls, and those it has go on; when the folder is back it answers again. What
   was published needs no folder. */
static void follow_folder(struct script_host *host, struct tenant *tenant)
{
    bool was_withdrawn = tenant->is_withdrawn;
    bool is_published = tenant->current && tenant->current->origin == VERSION_FROM_BUNDLE;
    tenant->is_withdrawn =
        !is_published && tenant_is_deleted(host->options.scripts_path, tenant->id);
    if (tenant->is_withdrawn && !was_withdrawn)
        withdraw(host, tenant);
    if (tenant->is_withdrawn) {
        tenant->refusal[0] = 0;
        agent_table_withdraw(tenant->id); /* an error in a last call may have put it back */
    } else if (was_withdrawn && tenant->current) {
        rollout_restore(tenant);
    }
}

static void look_at_files(struct script_host *host, struct tenant *tenant)
{
    char why[512];
    struct sources *sources;
    expect_nothing(tenant);
    tenant->is_crowded = tenant->is_crowded && tenant->wish.sources;
    if (is_shut(host, tenant))
        return;
    follow_folder(host, tenant);
    if (tenant->is_withdrawn || (tenant->files && !sources_changed(tenant->files)))
        return;
    if (tenant->current && !sources_changed(tenant->current->sources)) {
        settle(host, tenant);
        return;
    }
    set_files(tenant, NULL);
    if (sources_open(&sources, host->options.scripts_path, tenant->id, why))
        tenant_refuse(tenant, why);
    else
        begin(host, tenant, (struct tenant_wish){sources, VERSION_FROM_FILES, 0});
}

bool tenant_is_due(const struct tenant *tenant)
{
    bool has_wish = tenant->wish.sources && !tenant->is_crowded;
    return !tenant->next_version && (tenant->is_stale || has_wish);
}

void tenant_step(struct script_host *host, struct tenant *tenant)
{
    struct tenant_wish wish = tenant->wish;
    if (wish.sources && !tenant->is_crowded) {
        tenant->wish.sources = NULL;
        begin(host, tenant, wish);
    } else {
        tenant->is_stale = false;
        look_at_files(host, tenant);
    }
}

void tenant_want(struct tenant *tenant, struct sources *sources_take, enum version_origin origin,
    unsigned percent)
{
    version_release(tenant->next_version); /* whatever it is, this is newer */
    tenant->next_version = NULL;
    tenant->is_stale = false;
    expect_nothing(tenant);
    tenant->is_withdrawn = false;
    tenant->is_crowded = false;
    set_wish(tenant, (struct tenant_wish){sources_take, origin, percent});
}

void tenant_try_again(struct tenant *tenant)
{
    tenant->is_crowded = false;
    tenant->is_stale = tenant->is_stale || !tenant->wish.sources;
}

/* --- ending --- */

static struct version *find_twin(const struct tenant *tenant, const struct version *version)
{
    struct version *twin;
    DL_FOREACH(tenant->versions.first, twin)
    {
        if (twin != version && twin->agent &&
            strcmp(twin->agent->version, version->agent->version) == 0)
            return twin;
    }
    return NULL;
}

/* The same files as an earlier version's are that version: calls that are on it need not move. */
static struct version *settle_twin(struct tenant *tenant, struct version *version_take)
{
    struct version *twin = find_twin(tenant, version_take);
    if (!twin)
        return version_take;
    twin->origin = version_take->origin;
    if (!twin->program) {
        twin->program = version_take->program;
        version_take->program = NULL;
    }
    if (twin != tenant->canary)
        twin->canary_percent = version_take->canary_percent;
    version_hold(twin);
    version_release(version_take);
    return twin;
}

static bool is_banned(
    const struct script_host *host, const struct tenant *tenant, const struct version *version)
{
    const char *id = version->agent->version;
    return version->origin != VERSION_FROM_SHELF &&
           (strcmp(tenant->banned, id) == 0 ||
               (host->is_loading && host->options.shelf &&
                   shelf_is_rolled_back(host->options.shelf, tenant->id, id)));
}

void tenant_admit(struct script_host *host, struct tenant *tenant, struct version *version)
{
    bool is_return = version->origin == VERSION_FROM_SHELF && tenant->current;
    bool is_live;
    if (is_return)
        is_live = rollout_take_back(host, tenant, tenant->current, version, "by hand");
    else if (version->canary_percent && tenant->current)
        is_live = rollout_enter_canary(host, tenant, version);
    else
        is_live = rollout_go_live(host, tenant, version);
    if (!is_live)
        return;
    log_info("script.loaded", "tenant=%s version=%s files=%zu tools=%zu elapsed_ms=%llu",
        tenant->id, version->agent->version, version->sources->count, version->agent->tool_count,
        (unsigned long long)(clock_ms() - tenant->build_started_ms));
    try_for_numbers(host);
}

/* A good version, and where it goes from here. */
static void consider(struct script_host *host, struct tenant *tenant, struct version *version_take)
{
    char why[512];
    unsigned percent = version_take->canary_percent;
    if (version_take->origin == VERSION_FROM_FILES)
        set_files(tenant, version_take->sources);
    if (!percent && version_take->origin != VERSION_FROM_SHELF)
        percent = version_take->agent->canary_percent;
    version_take->canary_percent = percent;
    struct version *version = settle_twin(tenant, version_take);
    if (version == tenant->current) {
        if (version->origin == VERSION_FROM_FILES)
            settle(host, tenant);
    } else if (version == tenant->canary && version->canary_percent == percent) {
        trial_drop(tenant);
    } else if (is_banned(host, tenant, version)) {
        memcpy(tenant->banned, version->agent->version, VERSION_SIZE);
        snprintf(why, sizeof why, "version %s was rolled back%s%.440s", version->agent->version,
            version->why[0] ? ": " : "", version->why);
        tenant_refuse_version(tenant, version, why);
    } else {
        version->canary_percent = percent;
        if (trial_is_due(host, tenant, version))
            trial_begin(host, tenant, version);
        else
            tenant_admit(host, tenant, version);
    }
    if (version != tenant->trying)
        version_rest(version);
    version_release(version);
}

void tenant_built(struct script_host *host, struct tenant *tenant, const char *why)
{
    struct version *version = tenant->next_version;
    tenant->next_version = NULL;
    if (why) {
        tenant_refuse(tenant, why);
        version_release(version);
    } else {
        consider(host, tenant, version);
    }
    admin_settled(host);
}

void tenant_finish(struct script_host *host, struct tenant *tenant)
{
    char why[512];
    while (tenant->next_version || tenant_is_due(tenant)) {
        if (!tenant->next_version) {
            tenant_step(host, tenant);
            continue;
        }
        enum err err = build_finish(tenant->next_version, why);
        tenant_built(host, tenant, err ? why : NULL);
    }
}

bool tenant_is_settled(const struct tenant *tenant)
{
    return !tenant->next_version && !tenant->trying && !tenant_is_due(tenant);
}

void tenant_destroy(struct tenant *tenant)
{
    for (size_t i = 0; i < TENANT_PAST_MAX; i++)
        version_release(tenant->past[i]);
    version_release(tenant->next_version);
    version_release(tenant->trying);
    version_release(tenant->previous);
    version_unpin(tenant->canary);
    version_unpin(tenant->current);
    sources_release(tenant->files);
    sources_release(tenant->wish.sources);
    free(tenant);
}
