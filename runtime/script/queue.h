/* Who runs next on a script thread. Programs with work (a build, or runs that are ready) take turns of a slice: one of the
   tenant that has used the least time is next, so who was idle comes before who never ends, however many VMs that one
   has. A tenant's own take turns; within a program the first run goes on until it ends or waits. What calls wait for goes before the building of new versions, which has
   a slice every QUEUE_BUILD_WAIT_US all the same: fifty tenants reloaded at once delay no prompt by more than that slice. */
#pragma once

#include "script/run.h"

#define QUEUE_BUILD_WAIT_US 25000

struct queue_share;

struct run_queue {
    struct program *ready;      /* by next_ready; each counted */
    struct queue_share *shares; /* a tenant each, until the queue is cleared */
    uint64_t floor_us; /* what the last one taken had used: nobody saves up time by being idle */
    uint64_t build_waits_since_us; /* 0: none does */
};

void run_queue_add(
    struct run_queue *queue, struct script_run *run); /* READY, to the end of its program's line */
void run_queue_drop(struct script_run *run);          /* also when it is not in a line */
/* There is work for this program. */
void run_queue_wake(struct run_queue *queue, struct program *program);
/* The next program with work, to be given back. NULL: none. */
struct program *run_queue_take(struct run_queue *queue, uint64_t now_us);
/* After its turn: back into the queue when there is more to do, released otherwise. */
void run_queue_give_back(struct run_queue *queue, struct program *program, uint64_t took_us);
/* The first run of a program's line leaves it; NULL: none. */
struct script_run *run_queue_first(struct program *program);
/* Put aside after a slice: first of its program's line again. */
void run_queue_put_back(struct script_run *run);
void run_queue_clear(struct run_queue *queue);
