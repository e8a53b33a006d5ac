/* Before a prompt is built, what the tenant knows is searched with the caller's words, so that the prompt reads
   `call.knowledge`. The search is someone else's (bindings asks Postgres); it is asked while the caller's silence still
   passes, and waited for no longer than KNOWLEDGE_WAIT_MS: the prompt is built without it then, and that is counted. */
#pragma once

#include "script/run.h"

#define KNOWLEDGE_WAIT_MS 40

/* `pieces`: [{"title", "text", "score"}], best first (a reference); NULL: the search failed. */
typedef void script_found_fn(void *owner, enum err err, json_t *pieces_take);

/* Filled in by the upper layer. */
struct script_knowledge {
    /* Calls `found` once, never during the call, after `timeout_ms` at the latest (ERR_TIMEOUT). */
    enum err (*search)(void **search, void *owner, const struct agent *agent, struct slice words,
        unsigned timeout_ms, script_found_fn *found, void *found_owner);
    void (*cancel)(void *search); /* `found` is not called */
    void *owner;
};

/* For a prompt's run that is not begun. True: it is on hold, and its on_ready is called when what is known is in its
   call. False: there is nothing to search, with or for. */
bool knowledge_hold_run(struct script_run *run, const struct script_knowledge *knowledge);
