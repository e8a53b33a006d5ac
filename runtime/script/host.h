/* A script thread: its loop, its tenants' VMs, its mailbox. Each tenant version is one VM; a version is never loaded
   into a live VM. Files below `scripts_path` are looked at on SCRIPT_RELOAD (and once at start); what changed is built in
   slices beside the runs of others. */
#pragma once

#include "base/err.h"
#include "net/loop.h"
#include "script/port.h"

struct lua_State;
struct script_run;
struct script_knowledge;

/* What the upper layer (bindings) puts into each new VM: host functions. Called in protected mode at load time. */
struct script_library {
    void (*install)(struct lua_State *lua, void *owner);
    void *owner;
};

struct script_host_options {
    const char *scripts_path;
    struct script_library lua_library;
    const struct script_knowledge
        *knowledge;          /* searched before prompts (script/knowledge.h); NULL: nothing is */
    size_t mailbox_capacity; /* 4096 */
};

struct script_host;
must_use enum err script_host_create(
    struct script_host **out, struct net_loop *loop, const struct script_host_options *options);
/* Any thread. ERR_FULL: the job is still the caller's (free it, treat as a failure). */
must_use enum err script_host_send(struct script_host *host, struct script_job *job);
/* Loads every tenant folder now, to the end; returns how many are live. On the script thread or before it runs. */
size_t script_host_load(struct script_host *host);
void script_host_destroy(struct script_host *host);
