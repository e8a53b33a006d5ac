#include "script/trial.h"

#include <stdio.h>
#include <string.h>
#include <utlist.h>

#include "base/clock.h"
#include "observe/log.h"
#include "script/admin.h"
#include "script/bundle.h"

bool trial_is_due(
    const struct script_host *host, const struct tenant *tenant, const struct version *version)
{
    bool is_first = host->is_loading && !tenant->current;
    return host->options.try_version && !is_first && version->origin != VERSION_FROM_SHELF &&
           sources_find(version->sources, SOURCE_TESTS);
}

static void set_timer(struct script_host *host)
{
    const struct tenant *tenant;
    uint64_t first_ms = 0;
    LL_FOREACH(host->tenants, tenant)
    {
        if (tenant->trying && (!first_ms || tenant->trial_end_ms < first_ms))
            first_ms = tenant->trial_end_ms;
    }
    if (first_ms)
        net_timer_set(host->trial_timer, first_ms);
}

void trial_begin(struct script_host *host, struct tenant *tenant, struct version *version)
{
    char *bundle;
    if (sources_to_bundle(&bundle, version->sources)) {
        tenant_refuse_version(
            tenant, version, "agent_test.lua:1: its files are too large to be tried");
        return;
    }
    if (tenant->trying != version) {
        version_hold(version);
        trial_drop(tenant);
        tenant->trying = version;
    }
    tenant->trial_end_ms = clock_ms() + host->options.trial_timeout_ms;
    set_timer(host);
    log_info("script.trying", "tenant=%s version=%s", tenant->id, version->agent->version);
    host->options.try_version(host->options.try_owner, tenant->id, version->agent->version, bundle);
}

void trial_drop(struct tenant *tenant)
{
    struct version *tried = tenant->trying;
    tenant->trying = NULL;
    if (tried)
        version_rest(tried);
    version_release(tried);
}

static void settle(struct script_host *host, struct tenant *tenant, const char *version, bool is_ok,
    const char *why)
{
    struct version *tried = tenant->trying;
    if (!tried || strcmp(tried->agent->version, version) != 0)
        return;
    tenant->trying = NULL;
    if (is_ok)
        tenant_admit(host, tenant, tried);
    else
        tenant_refuse_version(
            tenant, tried, why && why[0] ? why : "agent_test.lua:1: its tests failed");
    version_rest(tried);
    version_release(tried);
    admin_settled(host);
}

/* They run one after the other, so an answer shows that all behind it are still to come: their time begins anew. */
static void give_time(struct script_host *host)
{
    struct tenant *tenant;
    uint64_t end_ms = clock_ms() + host->options.trial_timeout_ms;
    LL_FOREACH(host->tenants, tenant)
    {
        if (tenant->trying)
            tenant->trial_end_ms = end_ms;
    }
    set_timer(host);
}

void trial_end(struct script_host *host, struct tenant *tenant, const char *version, bool is_ok,
    const char *why)
{
    settle(host, tenant, version, is_ok, why);
    give_time(host);
}

void trial_on_timer(void *owner)
{
    struct script_host *host = owner;
    struct tenant *tenant;
    uint64_t now_ms = clock_ms();
    LL_FOREACH(host->tenants, tenant)
    {
        if (tenant->trying && tenant->trial_end_ms <= now_ms)
            settle(host, tenant, tenant->trying->agent->version, false,
                "agent_test.lua:1: its tests did not end");
    }
    set_timer(host);
}
