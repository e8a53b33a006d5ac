/* A tenant and its versions: the one that answers, a canary beside it, the one before it, the one being made. What changed
   on disk or was published becomes a version here, is tried when it has tests, and then goes live (script/rollout.h).
   Script thread only. */
#pragma once

#include <stdbool.h>

#include "script/version.h"

#define TENANT_PAST_MAX 4

struct script_host;

/* What a version is to be made of instead of the files on disk. */
struct tenant_wish {
    struct sources *sources; /* NULL: nothing else is wanted */
    enum version_origin origin;
    unsigned percent;
};

/* What came of the newest change. */
enum tenant_outcome {
    TENANT_UNCHANGED,
    TENANT_APPLIED,
    TENANT_CANARY,
    TENANT_REFUSED,
    TENANT_ROLLED_BACK,
};

struct tenant {
    struct tenant *next;
    char id[TENANT_ID_SIZE];
    struct version_list versions;
    struct version *current;  /* the last good one; NULL: none ever; pinned, as the canary is */
    struct version *canary;   /* NULL: none */
    struct version *previous; /* good before the current one: where a rollback goes; NULL: none */
    struct version *trying;   /* built, its tests run; NULL: none */
    struct version *next_version;          /* being built; NULL: none is */
    struct version *past[TENANT_PAST_MAX]; /* refused by tests or rolled back, newest first */
    struct sources *files;     /* as they were built last; NULL: to be built whatever they are */
    struct tenant_wish wish;   /* to be begun, before the files are looked at */
    bool is_stale;             /* the files are to be looked at */
    bool is_withdrawn;         /* its folder was deleted: new calls find no such tenant */
    bool is_crowded;           /* all VMs were at work: wish or files wait until one is done */
    bool lacks_number;         /* its newest version wants one that another tenant has */
    char banned[VERSION_SIZE]; /* rolled back; not taken again until another one goes live */
    uint64_t last_order;       /* of going live */
    uint64_t build_started_ms;
    uint64_t trial_end_ms;
    char refusal[512]; /* why the newest files are not it; "" when they are */
    enum tenant_outcome outcome;
    char outcome_version[VERSION_SIZE]; /* "": of no version */
};

/* A step is due: nothing is being built, and there is something to begin or to look at. */
bool tenant_is_due(const struct tenant *tenant);
/* That step, a few milliseconds at most: begins what is wanted, or looks at the files and begins a version when they changed. */
void tenant_step(struct script_host *host, struct tenant *tenant);
/* When they are looked at next, the files are built whatever they are. */
void tenant_forget_files(struct tenant *tenant);
/* Wants a version from other files than those on disk. For VERSION_FROM_BUNDLE `percent` is of a canary (0: as it says itself). */
void tenant_want(struct tenant *tenant, struct sources *sources_take, enum version_origin origin,
    unsigned percent);
/* There is room again for what was crowded out. */
void tenant_try_again(struct tenant *tenant);
/* How next_version's build ended (NULL: good). */
void tenant_built(struct script_host *host, struct tenant *tenant, const char *why);
/* All steps and builds now. */
void tenant_finish(struct script_host *host, struct tenant *tenant);
/* A good version (borrowed) goes live, or beside the current one as a canary. */
void tenant_admit(struct script_host *host, struct tenant *tenant, struct version *version);
/* Says once why the newest change is not live. */
void tenant_refuse(struct tenant *tenant, const char *why);
/* Likewise of a version that was built (borrowed). */
void tenant_refuse_version(struct tenant *tenant, struct version *version, const char *why);
/* Remembers (and holds) a version that is neither live nor to be. */
void tenant_keep_past(struct tenant *tenant, struct version *version);
/* A withdrawn tenant keeps VMs only for the calls it still has. */
void tenant_rest(struct tenant *tenant);
/* Nothing is wanted, being made or tried. */
bool tenant_is_settled(const struct tenant *tenant);
void tenant_destroy(struct tenant *tenant);
/* The folder of tenants is there, and this tenant's is not. */
bool tenant_is_deleted(const char *scripts_path, const char *id);
/* Calls `fn` for each folder below scripts_path/tenants with a good name, in order of name. ERR_SYSTEM: the folder
   cannot be read. */
must_use enum err tenant_list(
    const char *scripts_path, void (*fn)(void *owner, const char *id), void *owner);
