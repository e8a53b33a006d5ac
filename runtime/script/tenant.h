/* A tenant folder and the version that answers for it. Script thread only. */
#pragma once

#include <stdbool.h>

#include "script/runner.h"

struct tenant {
    struct tenant *next;
    char id[TENANT_ID_SIZE];
    struct version *version;      /* the last good one; NULL: none ever */
    struct version *next_version; /* being built; NULL: none is */
    bool is_stale;                /* files changed again meanwhile */
    uint64_t build_started_ms;
    char refusal[512]; /* why the newest files are not it; "" when they are */
};

/* Looks at the files again: begins a new version when they changed. */
void tenant_refresh(struct tenant *tenant, const char *scripts_path, struct runner *runner);
/* How next_version's build ended (NULL: good): publishes it, or says (once) why not and keeps the old one. */
void tenant_built(
    struct tenant *tenant, const char *why, const char *scripts_path, struct runner *runner);
/* Builds next_version to its end now, if there is one. */
void tenant_finish(struct tenant *tenant, const char *scripts_path, struct runner *runner);
void tenant_destroy(struct tenant *tenant);
/* Calls `fn` for each folder below scripts_path/tenants with a good name, in order of name. ERR_SYSTEM: the folder
   cannot be read. */
must_use enum err tenant_list(
    const char *scripts_path, void (*fn)(void *owner, const char *id), void *owner);
