/* Carries runs from start to answer: slices by turns, deadlines by the clock, endings into answers and logs. */
#pragma once

#include "script/host.h"
#include "script/queue.h"

struct runner {
    struct net_loop *loop;
    struct net_wake *wake; /* runner_go is to be called again */
    struct script_library lua_library;
    const struct script_knowledge *knowledge; /* NULL: nothing is searched */
    const struct script_business *business;   /* NULL: nothing is known */
    struct run_queue queue;
    void (*on_built)(void *owner, struct version *version, const char *why); /* NULL why: good */
    /* The last run of a call that is over ended: the owner frees it. */
    void (*on_call_over)(void *owner, struct script_call *call);
    /* Hears of each run that came to its own end (not of one that was late), before it is answered; `text` (borrowed) is the
       answer when it is done. True: its job was taken (run->job is NULL), and so is the answering. */
    bool (*on_ended)(void *owner, struct script_run *run, enum script_ending ending,
        const char *text, const char *why);
    void *owner;
};

/* What the database says of that tenant will be wanted. */
void runner_learn(struct runner *runner, const char *tenant_id);
/* Starts what the job asks for, with `values` (an array, borrowed, NULL: none) after `call`, on the version pinned by the call. The job is taken and gets its
   one answer: from the run, when its time is over, or at once when it cannot start. */
void runner_start(
    struct runner *runner, struct script_call *call, json_t *values, struct script_job *job);
/* migrate(values…) of `version`, before the prompt that the job asks for; `on_ended` takes the job. */
void runner_migrate(struct runner *runner, struct script_call *call, struct version *version,
    json_t *values, struct script_job *job);
/* A version's build is to go on whenever it is its turn; `on_built` of the runner hears how it ends when it is a new
   version's. */
void runner_build(struct runner *runner, struct version *version);
/* Steps ready runs for about 5 ms, or a new version's build for a slice (calls may ask for something meanwhile), then asks to be
   woken again if there is more. */
void runner_go(struct runner *runner);
/* The call's runs are no more; no answers. */
void runner_drop_call(struct runner *runner, struct script_call *call);
/* Nothing runs any more. Before tenants and their versions go. */
void runner_end(struct runner *runner);
