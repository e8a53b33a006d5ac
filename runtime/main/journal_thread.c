#include "main/journal_thread.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "main/loop_lag.h"
#include "observe/log.h"
#include "store/journal_file.h"

#define HANGS_MS 3000 /* past the drain's deadline */

struct journal_thread {
    pthread_t thread;
    struct net_loop *loop;
    struct net_wake *stop;
    struct loop_lag *lag;
    struct records *records;
    atomic_uint drain_ms; /* as asked, before the wake */
};

static void on_drained(void *owner, size_t left)
{
    struct journal_thread *thread = owner;
    net_loop_stop(thread->loop);
}

static void on_stop(void *owner)
{
    struct journal_thread *thread = owner;
    records_drain(thread->records, clock_ms() + atomic_load(&thread->drain_ms), on_drained, thread);
}

static void close_all(struct journal_thread *thread)
{
    if (thread->records)
        records_close(thread->records);
    loop_lag_stop(thread->lag);
    if (thread->stop)
        net_wake_destroy(thread->stop);
    if (thread->loop)
        net_loop_destroy(thread->loop);
    thread->records = NULL;
}

static void *run(void *owner)
{
    struct journal_thread *thread = owner;
    net_loop_run(thread->loop);
    close_all(thread);
    return NULL;
}

enum err journal_thread_start(
    struct journal_thread **out, const struct settings *settings, const char *node, size_t capacity)
{
    struct journal_thread *thread = calloc(1, sizeof *thread);
    char folder[4096];
    if (!thread)
        return ERR_NOMEM;
    snprintf(folder, sizeof folder, "%s/journal", settings->data);
    struct journal_options journal = {.folder = folder,
        .node = node,
        .max_mb = settings->journal_mb,
        .is_synced = settings->journal_sync};
    enum err err = net_loop_create(&thread->loop, "journal", settings->ca_file);
    if (err == ERR_OK)
        err = net_wake_create(&thread->stop, thread->loop, on_stop, thread);
    if (err == ERR_OK)
        err = loop_lag_start(&thread->lag, thread->loop, SIDE_JOURNAL);
    if (err == ERR_OK)
        err = records_open_journal(
            &thread->records, thread->loop, settings->database_url, capacity, &journal);
    if (err == ERR_OK && pthread_create(&thread->thread, NULL, run, thread) != 0)
        err = ERR_SYSTEM;
    if (err != ERR_OK) {
        close_all(thread);
        free(thread);
        return err;
    }
    *out = thread;
    return ERR_OK;
}

struct records *journal_thread_records(struct journal_thread *thread)
{
    return thread ? thread->records : NULL;
}

static bool join_within(pthread_t thread, unsigned ms)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += ms / 1000;
    return pthread_timedjoin_np(thread, NULL, &until) == 0;
}

void journal_thread_stop(struct journal_thread *thread, unsigned drain_ms)
{
    if (!thread)
        return;
    atomic_store(&thread->drain_ms, drain_ms);
    net_wake_send(thread->stop);
    if (!join_within(thread->thread, drain_ms + HANGS_MS)) {
        log_error("journal.hangs", "why=%s", "the disk does not answer");
        return;
    }
    free(thread);
}
