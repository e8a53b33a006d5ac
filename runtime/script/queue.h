/* Who runs next on a script thread: programs with ready runs take turns, a slice each; within a program the first run
   goes on until it ends or waits. */
#pragma once

#include "script/run.h"

struct run_queue {
    struct program *ready; /* by next_ready */
};

void run_queue_add(
    struct run_queue *queue, struct script_run *run); /* READY, to the end of its program's line */
void run_queue_drop(
    struct run_queue *queue, struct script_run *run); /* also when it is not in it */
/* The next run to step; it leaves the queue. NULL: none. */
struct script_run *run_queue_take(struct run_queue *queue);
/* Put aside after a slice: first of its program's line again, its program last of all. */
void run_queue_put_back(struct run_queue *queue, struct script_run *run);
