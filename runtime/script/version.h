/* One version of a tenant: its files, what the rest of the program may know of it (struct agent), and its code in a VM.
   The VM may be thrown away and rebuilt from the kept files; the version stays the same. Script thread only. */
#pragma once

#include <jansson.h>

#include "script/program.h"

#define VERSION_PROGRAMS_MAX 8 /* VMs of one tenant, of all its versions */
#define VERSION_ERRORS_MAX 3   /* in live calls, of a version on probation: then it is taken back */
#define VERSION_WHY_SIZE 512

/* What became of it, beside being current, a canary or what was before (script/rollout.h). */
enum version_fate { VERSION_FINE, VERSION_ROLLED_BACK, VERSION_REFUSED };
enum version_origin {
    VERSION_FROM_FILES,
    VERSION_FROM_BUNDLE, /* published */
    VERSION_FROM_SHELF,  /* answered before */
};

/* All versions of a tenant that anything still holds. */
struct version_list {
    struct version *first;  /* by next, newest first */
    unsigned program_count; /* VMs alive, also those whose version has another by now */
};

struct version {
    size_t references;
    size_t pins; /* of these, the ones that run it: being current or canary, and live calls */
    struct version *next, *prev;
    struct version_list *list; /* NULL: of no tenant (a test, a tool) */
    struct sources *sources;
    struct agent *agent;                /* NULL: still being made */
    json_t *schemas;                    /* tool name → its parameters as written */
    size_t prompt_bytes, prompt_tokens; /* of the prompt that was tried */
    struct program
        *program; /* NULL: to be rebuilt at the next use; its `build` says whether that goes on */
    enum version_fate fate;
    enum version_origin origin;
    unsigned canary_percent; /* of new calls, when it is to enter beside the current one; 0: not */
    uint64_t live_order;     /* later ones went live later; 0: never did */
    uint64_t live_since_ms;  /* its probation began */
    uint64_t since_wall_ms;  /* it is what it is */
    uint64_t used_ms;        /* it was last asked for its program */
    uint64_t runs;           /* in live calls that went well, since live_since_ms */
    unsigned errors;         /* and that did not */
    char why[VERSION_WHY_SIZE]; /* the errors; or why it was refused or rolled back */
};

/* Without agent and program: script/build.h makes them. `list` may be NULL. */
must_use enum err version_create(
    struct version **out, struct version_list *list, struct sources *sources_take);
struct version *version_hold(struct version *version);
void version_release(struct version *version); /* NULL is fine */
/* Holds it, and keeps its VM warm. */
struct version *version_pin(struct version *version);
void version_unpin(struct version *version); /* and releases it; NULL is fine */
/* Without a pin it needs no VM, but for the runs under way. */
void version_rest(struct version *version);
/* The code to run: as it is, or (when it was discarded, or its memory is nearly full) a new program with the build that
   makes it. Borrowed. */
must_use enum err version_program(struct program **out, struct version *version,
    const struct script_library *library, char why[512]);
/* What follows `call` when a model asks for one of the version's tools: an array of its arguments, accepted by the tool's own
   schema. ERR_NOT_FOUND: no such tool, ERR_BAD: not what the schema wants; `*refusal` (heap) is then what the model reads. */
must_use enum err version_tool_values(json_t **out, char **refusal, const struct version *version,
    const char *tool_name, struct slice text);
/* Runs that are under way keep the old VM until they end. */
void version_discard_program(struct version *version);
/* The newest of the list that has that id; NULL: none. */
struct version *version_find(const struct version_list *list, const char *id);
