/* One version of a tenant: its files, what the rest of the program may know of it (struct agent), and its code in a VM.
   The VM may be thrown away and rebuilt from the kept files; the version stays the same. Script thread only. */
#pragma once

#include <jansson.h>

#include "script/program.h"

struct version {
    size_t references;
    struct sources *sources;
    struct agent *agent; /* NULL: still being made */
    json_t *schemas;     /* tool name → its parameters as written */
    struct program
        *program; /* NULL: to be rebuilt at the next use; its `build` says whether that goes on */
};

/* Without agent and program: script/build.h makes them. */
must_use enum err version_create(
    struct version **out, const char *scripts_path, const char *tenant_id);
struct version *version_hold(struct version *version);
void version_release(struct version *version); /* NULL is fine */
/* The code to run: as it is, or (when it was discarded, or its memory is nearly full) a new program with the build that
   makes it. Borrowed. */
must_use enum err version_program(struct program **out, struct version *version,
    const struct script_library *library, char why[512]);
/* Runs that are under way keep the old VM until they end. */
void version_discard_program(struct version *version);
