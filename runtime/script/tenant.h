/* A tenant folder and the version that answers for it. Script thread only. */
#pragma once

#include <stdbool.h>

#include "script/version.h"

struct tenant {
    struct tenant *next;
    char id[TENANT_ID_SIZE];
    struct version *version; /* the last good one; NULL: none ever */
    char refusal[512];       /* why the newest files are not it; "" when they are */
};

/* Looks at the files again: loads and publishes a new version when they changed, or says (once) why not and keeps the
   old one. */
void tenant_refresh(
    struct tenant *tenant, const char *scripts_path, const struct script_library *library);
void tenant_destroy(struct tenant *tenant);
/* Calls `fn` for each folder below scripts_path/tenants with a good name, in order of name. ERR_SYSTEM: the folder
   cannot be read. */
must_use enum err tenant_list(
    const char *scripts_path, void (*fn)(void *owner, const char *id), void *owner);
