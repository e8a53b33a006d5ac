/* Makes a version's program, in slices between which other programs go on: agent.lua and what it requires run, what
   agent.lua returned is read, and for a new version the prompt must render for a made-up caller before anyone hears of
   it. 50 ms of CPU time for loading, 50 ms for the prompt. */
#pragma once

#include "script/version.h"

#define BUILD_LOAD_US 50000
#define BUILD_TRY_US 50000

enum build_progress { BUILD_GOES_ON, BUILD_DONE, BUILD_FAILED };

struct build;

/* Of these files. `list` (NULL: none) is the tenant's, which may have VERSION_PROGRAMS_MAX VMs: ERR_FULL. */
must_use enum err build_sources(struct version **out, struct version_list *list,
    struct sources *sources_take, const struct script_library *library, char why[512]);
/* Reads what is on disk now; `*out` (one reference) gets its agent when the build is done. `why` is
   "file:line: message". */
must_use enum err build_new(struct version **out, const char *scripts_path, const char *tenant_id,
    const struct script_library *library, char why[512]);
/* The program again, from the kept files. The version must have none. */
must_use enum err build_again(
    struct version *version, const struct script_library *library, char why[512]);
/* One slice of version->program->build. After BUILD_DONE and BUILD_FAILED there is no build any more; failed, the
   version has no program either. */
enum build_progress build_step(struct version *version, uint64_t slice_us, char why[512]);
/* Of a program that has a build: the version it is made for, and whether that has been good before. */
struct version *build_version(const struct program *program);
bool build_is_rebuild(const struct program *program);
/* Gives up. */
void build_cancel(struct version *version);
/* All slices at once: for the start of the process and for tools. */
must_use enum err build_finish(struct version *version, char why[512]);
