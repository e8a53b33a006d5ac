/* One tenant of a scripts folder, loaded as `serve` would load it, for commands. */
#pragma once

#include "main/workbench.h"
#include "script/version.h"

struct local_tenant {
    struct workbench workbench;
    struct sources *sources; /* what was read, also when it does not load; NULL: nothing */
    struct version *version; /* NULL: it does not load */
};

/* `why`: "file:line: message". Close it in every case. `wants_database`: the workbench has one. */
must_use enum err local_tenant_load(struct local_tenant *tenant, const struct settings *settings,
    const char *scripts_path, const char *tenant_id, bool wants_database, char why[512]);
void local_tenant_close(struct local_tenant *tenant);
