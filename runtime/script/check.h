/* What `moonline check` finds in a folder of scripts beyond what loading says: everything at once, with file and line,
   without running a tool or touching anything outside. A tenant that does not load is looked at as far as its files can
   be read. */
#pragma once

#include "script/check_globals.h"
#include "script/findings.h"
#include "script/host.h"

struct check_options {
    const char *scripts_path;
    const char *tenant_id; /* NULL: all of them, and what they share */
    struct script_library lua_library;
    const struct deprecated_name *deprecated;
    /* Whether the operator set up a provider of that name for "hear", "think" or "speak". NULL: that is not known. */
    bool (*has_provider)(void *owner, const char *slot, const char *name);
    void *provider_owner;
};

struct check_counts {
    size_t tenants, files;
};

/* ERR_NOT_FOUND: no such tenant, or no folder of tenants. */
must_use enum err check_scripts(
    struct findings *findings, struct check_counts *counts, const struct check_options *options);
