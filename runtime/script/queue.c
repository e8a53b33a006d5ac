#include "script/queue.h"

#include <assert.h>
#include <stdlib.h>
#include <utlist.h>

#include "script/build.h"

struct queue_share {
    UT_hash_handle hh;
    uint64_t used_us; /* of the thread */
    char tenant_id[TENANT_ID_SIZE];
};

/* NULL: no memory. */
static struct queue_share *share_of(struct run_queue *queue, const char *tenant_id)
{
    struct queue_share *share;
    HASH_FIND_STR(queue->shares, tenant_id, share);
    if (share)
        return share;
    share = calloc(1, sizeof *share);
    if (!share)
        return NULL;
    slice_copy(slice_from(tenant_id), share->tenant_id, sizeof share->tenant_id);
    HASH_ADD_STR(queue->shares, tenant_id, share);
    if (share->hh.tbl)
        return share;
    free(share);
    return NULL;
}

/* Without memory for an account it is as if nothing had been used. */
static uint64_t used_us(const struct program *program)
{
    return program->share ? program->share->used_us : 0;
}

static bool has_work(const struct program *program)
{
    return program->build || program->runs;
}

void run_queue_wake(struct run_queue *queue, struct program *program)
{
    if (program->is_ready)
        return;
    if (!program->share)
        program->share = share_of(queue, program->sources->tenant_id);
    if (program->share && program->share->used_us < queue->floor_us)
        program->share->used_us = queue->floor_us;
    program->is_ready = true;
    program_hold(program);
    DL_APPEND2(queue->ready, program, prev_ready, next_ready);
}

void run_queue_add(struct run_queue *queue, struct script_run *run)
{
    assert(run->state == RUN_READY);
    DL_APPEND(run->program->runs, run);
    run_queue_wake(queue, run->program);
}

void run_queue_drop(struct script_run *run)
{
    if (run->state == RUN_READY)
        DL_DELETE(run->program->runs, run);
}

static void take_out(struct run_queue *queue, struct program *program)
{
    program->is_ready = false;
    DL_DELETE2(queue->ready, program, prev_ready, next_ready);
}

static bool is_new_build(const struct program *program)
{
    return program->build && !build_is_rebuild(program);
}

static struct program *less(struct program *least, struct program *program)
{
    return !least || used_us(program) < used_us(least) ? program : least;
}

/* Of the two that are first in their kind; either may be NULL. */
static struct program *choose(
    struct run_queue *queue, struct program *run, struct program *build, uint64_t now_us)
{
    if (build && !queue->build_waits_since_us)
        queue->build_waits_since_us = now_us;
    if (!build || (run && now_us - queue->build_waits_since_us < QUEUE_BUILD_WAIT_US))
        return run;
    queue->build_waits_since_us = 0;
    return build;
}

struct program *run_queue_take(struct run_queue *queue, uint64_t now_us)
{
    struct program *program, *next, *run = NULL, *build = NULL;
    DL_FOREACH_SAFE2(queue->ready, program, next, next_ready)
    {
        if (!has_work(program)) {
            take_out(queue, program);
            program_release(program);
        } else if (is_new_build(program)) {
            build = less(build, program);
        } else {
            run = less(run, program);
        }
    }
    struct program *least = choose(queue, run, build, now_us);
    if (!least)
        return NULL;
    take_out(queue, least);
    queue->floor_us = used_us(least);
    return least;
}

void run_queue_give_back(struct run_queue *queue, struct program *program, uint64_t took_us)
{
    if (program->share)
        program->share->used_us += took_us;
    if (has_work(program))
        run_queue_wake(queue, program);
    program_release(program);
}

struct script_run *run_queue_first(struct program *program)
{
    struct script_run *run = program->runs;
    if (run)
        DL_DELETE(program->runs, run);
    return run;
}

void run_queue_put_back(struct script_run *run)
{
    DL_PREPEND(run->program->runs, run);
}

void run_queue_clear(struct run_queue *queue)
{
    struct program *program, *next;
    struct queue_share *share, *next_share;
    DL_FOREACH_SAFE2(queue->ready, program, next, next_ready)
    {
        take_out(queue, program);
        program->share = NULL;
        program_release(program);
    }
    HASH_ITER(hh, queue->shares, share, next_share)
    {
        HASH_DEL(queue->shares, share);
        free(share);
    }
}
