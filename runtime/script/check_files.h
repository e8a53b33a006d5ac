/* Looks at each file of a folder of scripts, whether anything loads it or not: whether it compiles, which names it takes
   for granted, whether a sound can be played. */
#pragma once

#include <stdbool.h>

#include "script/check_globals.h"

struct files_check {
    struct findings *findings;
    const struct globals *globals;
    const char *scripts_path;
    const char *tenant_id; /* "": what tenants share */
    size_t *count;         /* of files looked at */
};

void check_tenant_files(const struct files_check *check);
void check_shared_files(const struct files_check *check); /* tools/ and prompts/ */
bool check_has_ending(const char *name, const char *ending);
