#include "main/local_tenant.h"

#include <stdio.h>

#include "observe/log.h"
#include "script/build.h"

static enum err build(struct local_tenant *tenant, char why[512])
{
    struct script_library library = bindings_library(tenant->workbench.bindings);
    struct version *version;
    enum err err = build_sources(&version, NULL, sources_hold(tenant->sources), &library, why);
    if (err)
        return err;
    err = build_finish(version, why);
    if (err)
        version_release(version);
    else
        tenant->version = version;
    return err;
}

enum err local_tenant_load(struct local_tenant *tenant, const struct settings *settings,
    const char *scripts_path, const char *tenant_id, bool wants_database, char why[512])
{
    *tenant = (struct local_tenant){0};
    snprintf(why, 512, "no memory");
    log_set_level(LOG_ERROR);
    enum err err = workbench_open(&tenant->workbench, settings, wants_database);
    if (!err)
        err = sources_open(&tenant->sources, scripts_path, tenant_id, why);
    return err ? err : build(tenant, why);
}

void local_tenant_close(struct local_tenant *tenant)
{
    version_release(tenant->version);
    sources_release(tenant->sources);
    workbench_close(&tenant->workbench);
}
