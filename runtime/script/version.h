/* One version of a tenant: its files, what the rest of the program may know of it (struct agent), and its code in a VM.
   The VM may be thrown away and rebuilt from the kept files; the version stays the same. Script thread only. */
#pragma once

#include <jansson.h>

#include "script/program.h"

struct version {
    size_t references;
    struct sources *sources;
    struct agent *agent;
    json_t *schemas;         /* tool name → its parameters as written */
    struct program *program; /* NULL: to be rebuilt at the next use */
};

/* Reads, checks and tries out (the prompt must render) what is on disk now. `why` is "file:line: message". */
must_use enum err version_load(struct version **out, const char *scripts_path,
    const char *tenant_id, const struct script_library *library, char why[512]);
struct version *version_hold(struct version *version);
void version_release(struct version *version); /* NULL is fine */
/* The code to run: as it is, or rebuilt when it was discarded or its memory is nearly full. Borrowed. */
must_use enum err version_program(struct program **out, struct version *version,
    const struct script_library *library, char why[512]);
/* Runs that are under way keep the old VM until they end. */
void version_discard_program(struct version *version);
