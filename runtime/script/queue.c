#include "script/queue.h"

#include <assert.h>
#include <utlist.h>

static void mark_ready(struct run_queue *queue, struct program *program)
{
    if (program->is_ready)
        return;
    program->is_ready = true;
    DL_APPEND2(queue->ready, program, prev_ready, next_ready);
}

static void unmark_ready(struct run_queue *queue, struct program *program)
{
    if (!program->is_ready || program->runs)
        return;
    program->is_ready = false;
    DL_DELETE2(queue->ready, program, prev_ready, next_ready);
}

void run_queue_add(struct run_queue *queue, struct script_run *run)
{
    assert(run->state == RUN_READY);
    DL_APPEND(run->program->runs, run);
    mark_ready(queue, run->program);
}

void run_queue_drop(struct run_queue *queue, struct script_run *run)
{
    if (run->state != RUN_READY)
        return;
    DL_DELETE(run->program->runs, run);
    unmark_ready(queue, run->program);
}

struct script_run *run_queue_take(struct run_queue *queue)
{
    struct program *program = queue->ready;
    if (!program)
        return NULL;
    struct script_run *run = program->runs;
    DL_DELETE(program->runs, run);
    program->is_ready = false;
    DL_DELETE2(queue->ready, program, prev_ready, next_ready);
    if (program->runs)
        mark_ready(queue, program);
    return run;
}

void run_queue_put_back(struct run_queue *queue, struct script_run *run)
{
    DL_PREPEND(run->program->runs, run);
    mark_ready(queue, run->program);
}
