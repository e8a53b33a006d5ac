/* A script thread: its loop, its tenants' VMs, its mailbox. Each tenant version is one VM; a version is never loaded
   into a live VM. Files below `scripts_path` are looked at on SCRIPT_RELOAD (and once at start); what changed is built in
   slices beside the runs of others, and goes live by the rules of docs/reload.md. */
#pragma once

#include "base/err.h"
#include "net/loop.h"
#include "script/port.h"

struct lua_State;
struct script_run;
struct script_knowledge;
struct script_business;

/* What the upper layer (bindings) puts into each new VM: host functions. Called in protected mode at load time. */
struct script_library {
    void (*install)(struct lua_State *lua, void *owner);
    void *owner;
};

struct script_host_options {
    const char *scripts_path;
    struct script_library lua_library;
    const struct script_knowledge
        *knowledge; /* searched before prompts (script/knowledge.h); NULL: nothing is */
    const struct script_business
        *business; /* what `call.business` is (script/business.h); NULL: nothing is known */
    size_t mailbox_capacity; /* 4096 */
    struct shelf *shelf;     /* where versions outlive the process; NULL: they do not */
    bool keeps_published;    /* files do not replace what was published, here or before a restart */
    /* Runs the tests of a version that is built; SCRIPT_TRIED tells how they ended. NULL: versions go live untried. */
    void (*try_version)(
        void *owner, const char *tenant_id, const char *version, char *bundle_json_take);
    void *try_owner;
    /* 0 of the following: what is in brackets */
    unsigned trial_timeout_ms; /* [30000] for that, since the last of them answered */
    unsigned probation_runs;   /* [200] good ones, and */
    unsigned probation_ms;     /* [600000] end a version's probation */
};

struct script_host;
must_use enum err script_host_create(
    struct script_host **out, struct net_loop *loop, const struct script_host_options *options);
/* Any thread. ERR_FULL: the job is still the caller's (free it, treat as a failure). The end of a call is never refused: there
   are no more of them than calls, and a call whose end is lost would keep its version for good. */
must_use enum err script_host_send(struct script_host *host, struct script_job *job);
/* Loads every tenant now, to the end, from the shelf and from its folder; returns how many are live. On the script thread or
   before it runs. */
size_t script_host_load(struct script_host *host);
void script_host_destroy(struct script_host *host);
