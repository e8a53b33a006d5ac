#include "main/rehearsal_thread.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>
#include <utlist.h>

#include "base/clock.h"
#include "observe/log.h"
#include "rehearsal/rehearsal.h"
#include "script/bundle.h"

#define NICE 10 /* calls come first */

struct
try {
    struct try *prev, *next;
    char tenant_id[TENANT_ID_SIZE];
    char version[VERSION_SIZE];
    char *bundle;
};

struct rehearsal_thread {
    pthread_t thread;
    bool is_running;
    char *scripts_path;
    struct script_host *host;
    pthread_mutex_t lock;
    pthread_cond_t is_work;
    struct try *waiting; /* oldest first */
    unsigned waiting_count;
    char running[TENANT_ID_SIZE]; /* whose tests are; "": nobody's */
    atomic_bool is_outdated;      /* they need not go on: something newer waits, or all ends */
    atomic_bool is_stopping;
};

static void free_try(struct try *try)
{
    free(try->bundle);
    free(try);
}

static void answer(
    struct rehearsal_thread *thread, const char *tenant_id, const char *version, const char *why)
{
    struct script_job *job = script_job_make(SCRIPT_TRIED);
    if (job) {
        slice_copy(slice_from(tenant_id), job->facts.tenant_id, sizeof job->facts.tenant_id);
        slice_copy(slice_from(version), job->version, sizeof job->version);
        job->is_ok = !why;
        job->why = why ? strdup(why) : NULL;
    }
    if (job && script_host_send(thread->host, job) == ERR_OK)
        return;
    log_error("script.tried_lost", "tenant=%s version=%s", tenant_id, version);
    script_job_free(job);
}

/* The answer's text, NULL when all is well. */
static const char *hold(struct rehearsal_thread *thread, const struct try *try, char why[512])
{
    struct sources *sources;
    struct rehearsal_sum sum;
    if (sources_from_bundle(&sources, slice_from(try->bundle), thread->scripts_path, why))
        return why;
    struct rehearsal_options options = {.scripts_path = thread->scripts_path,
        .tenant_id = try->tenant_id,
        .sources = sources,
        .is_stopped = &thread->is_outdated};
    enum err err = rehearse(&sum, &options, why);
    sources_release(sources);
    if (!err && sum.failed)
        slice_copy(slice_from(sum.first_failure), why, 512);
    return err || sum.failed ? why : NULL;
}

static void work(struct rehearsal_thread *thread, const struct try *try)
{
    char why[512] = "";
    uint64_t began_ms = clock_ms();
    const char *failure = hold(thread, try, why);
    if (atomic_load(&thread->is_outdated))
        return;
    log_info("script.tried", "tenant=%s version=%s ok=%d elapsed_ms=%llu why=%s", try->tenant_id,
        try->version, failure == NULL, (unsigned long long)(clock_ms() - began_ms),
        failure ? failure : "");
    answer(thread, try->tenant_id, try->version, failure);
}

/* Waits for it; NULL: the thread is to end. */
static struct try *take(struct rehearsal_thread *thread)
{
    pthread_mutex_lock(&thread->lock);
    while (!thread->waiting && !atomic_load(&thread->is_stopping))
        pthread_cond_wait(&thread->is_work, &thread->lock);
    struct try *try = atomic_load(&thread->is_stopping) ? NULL : thread->waiting;
    if (try) {
        DL_DELETE(thread->waiting, try);
        thread->waiting_count--;
        memcpy(thread->running, try->tenant_id, sizeof thread->running);
        atomic_store(&thread->is_outdated, false);
    }
    pthread_mutex_unlock(&thread->lock);
    return try;
}

static void *run(void *owner)
{
    struct rehearsal_thread *thread = owner;
    struct try *try;
    if (setpriority(PRIO_PROCESS, (id_t)gettid(), NICE) != 0)
        log_warn("script.not_nice", "thread=%s", "rehearsal");
    while ((try = take(thread))) {
        work(thread, try);
        free_try(try);
    }
    return NULL;
}

/* ---- any thread ---- */

/* Waiting or under way. */
static void drop_older(struct rehearsal_thread *thread, const char *tenant_id)
{
    struct try *try, *next;
    if (strcmp(thread->running, tenant_id) == 0)
        atomic_store(&thread->is_outdated, true);
    DL_FOREACH_SAFE(thread->waiting, try, next)
    {
        if (strcmp(try->tenant_id, tenant_id) != 0)
            continue;
        DL_DELETE(thread->waiting, try);
        thread->waiting_count--;
        free_try(try);
    }
}

static bool put(struct rehearsal_thread *thread, struct try *try)
{
    pthread_mutex_lock(&thread->lock);
    drop_older(thread, try->tenant_id);
    bool has_room = thread->waiting_count < TRIES_MAX;
    if (has_room) {
        DL_APPEND(thread->waiting, try);
        thread->waiting_count++;
    }
    pthread_cond_signal(&thread->is_work);
    pthread_mutex_unlock(&thread->lock);
    return has_room;
}

void rehearsal_thread_try(
    void *owner, const char *tenant_id, const char *version, char *bundle_json_take)
{
    struct rehearsal_thread *thread = owner;
    struct try *try = calloc(1, sizeof *try);
    if (!try) {
        free(bundle_json_take);
        answer(thread, tenant_id, version, SOURCE_TESTS ":1: no memory to run the tests");
        return;
    }
    slice_copy(slice_from(tenant_id), try->tenant_id, sizeof try->tenant_id);
    slice_copy(slice_from(version), try->version, sizeof try->version);
    try->bundle = bundle_json_take;
    if (put(thread, try))
        return;
    free_try(try);
    answer(thread, tenant_id, version,
        SOURCE_TESTS ":1: the tests of too many tenants wait: save it again later");
}

/* ---- life ---- */

enum err rehearsal_thread_create(struct rehearsal_thread **out, const char *scripts_path)
{
    struct rehearsal_thread *thread = calloc(1, sizeof *thread);
    if (!thread)
        return ERR_NOMEM;
    thread->scripts_path = strdup(scripts_path);
    if (!thread->scripts_path) {
        free(thread);
        return ERR_NOMEM;
    }
    pthread_mutex_init(&thread->lock, NULL);
    pthread_cond_init(&thread->is_work, NULL);
    *out = thread;
    return ERR_OK;
}

enum err rehearsal_thread_start(struct rehearsal_thread *thread, struct script_host *host)
{
    thread->host = host;
    thread->is_running = pthread_create(&thread->thread, NULL, run, thread) == 0;
    return thread->is_running ? ERR_OK : ERR_SYSTEM;
}

void rehearsal_thread_stop(struct rehearsal_thread *thread)
{
    if (!thread || !thread->is_running)
        return;
    pthread_mutex_lock(&thread->lock);
    atomic_store(&thread->is_stopping, true);
    atomic_store(&thread->is_outdated, true);
    pthread_cond_signal(&thread->is_work);
    pthread_mutex_unlock(&thread->lock);
    pthread_join(thread->thread, NULL);
    thread->is_running = false;
}

void rehearsal_thread_destroy(struct rehearsal_thread *thread)
{
    struct try *try, *next;
    if (!thread)
        return;
    DL_FOREACH_SAFE(thread->waiting, try, next)
    {
        free_try(try);
    }
    pthread_cond_destroy(&thread->is_work);
    pthread_mutex_destroy(&thread->lock);
    free(thread->scripts_path);
    free(thread);
}
