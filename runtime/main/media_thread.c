#include "main/media_thread.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "observe/log.h"

#define LOOK_EVERY_MS 100
#define GATHER_US 1000 /* a fifth of what a frame may be late */
#define CLOSE_MS 2500  /* for sockets of hung-up calls */

struct media_thread {
    pthread_t thread;
    bool is_running;
    atomic_bool is_done; /* its loop ended */
    struct net_loop *loop;
    struct live *live;
    struct live_worker *worker;
    struct public *public;
    struct net_wake *wake;
    struct net_timer *timer;
    atomic_uint drain_ms; /* as asked, before the wake */
    uint64_t hang_up_ms;  /* while draining */
    uint64_t stop_ms;
};

static void on_wake(void *owner);
static void on_timer(void *owner);

enum err media_thread_create(struct media_thread **out, struct live *live,
    const struct public_settings *settings, const char *ca_file, unsigned index, char why[200])
{
    struct media_thread *thread = calloc(1, sizeof *thread);
    if (!thread)
        return ERR_NOMEM;
    char name[16];
    snprintf(name, sizeof name, "media-%u", index);
    thread->live = live;
    snprintf(why, 200, "out of memory");
    enum err err = net_loop_create(&thread->loop, name, ca_file);
    if (err == ERR_OK)
        net_loop_gather(thread->loop, GATHER_US);
    if (err == ERR_OK)
        err = live_worker_create(&thread->worker, live, thread->loop, index);
    if (err == ERR_OK)
        err = net_wake_create(&thread->wake, thread->loop, on_wake, thread);
    if (err == ERR_OK)
        err = net_timer_create(&thread->timer, thread->loop, on_timer, thread);
    if (err == ERR_OK)
        err = public_start(&thread->public, thread->loop, thread->worker, settings, why);
    if (err != ERR_OK) {
        media_thread_destroy(thread);
        return err;
    }
    *out = thread;
    return ERR_OK;
}

static void *run(void *owner)
{
    struct media_thread *thread = owner;
    net_loop_run(thread->loop);
    atomic_store(&thread->is_done, true);
    return NULL;
}

enum err media_thread_start(struct media_thread *thread)
{
    thread->is_running = pthread_create(&thread->thread, NULL, run, thread) == 0;
    return thread->is_running ? ERR_OK : ERR_SYSTEM;
}

/* ---- draining, on the thread ---- */

void media_thread_drain(struct media_thread *thread, unsigned drain_ms)
{
    atomic_store(&thread->drain_ms, drain_ms);
    net_wake_send(thread->wake);
}

static void on_wake(void *owner)
{
    struct media_thread *thread = owner;
    thread->hang_up_ms = clock_ms() + atomic_load(&thread->drain_ms);
    public_drain(thread->public, thread->hang_up_ms);
    net_timer_set(thread->timer, clock_ms());
}

static void on_timer(void *owner)
{
    struct media_thread *thread = owner;
    uint64_t now_ms = clock_ms();
    bool is_empty =
        live_is_idle(thread->live); /* until then new callers are told, on each thread */
    if (!is_empty && !thread->stop_ms && now_ms >= thread->hang_up_ms) {
        log_warn("drain.hang_up", "calls=%zu", live_worker_calls(thread->worker));
        live_worker_hang_up(thread->worker);
        thread->stop_ms = now_ms + CLOSE_MS;
    }
    if (is_empty || (thread->stop_ms && now_ms >= thread->stop_ms)) {
        live_worker_cut(thread->worker);
        net_loop_stop(thread->loop);
        return;
    }
    net_timer_set(thread->timer, now_ms + LOOK_EVERY_MS);
}

/* ---- the end ---- */

bool media_thread_is_done(const struct media_thread *thread)
{
    return atomic_load(&thread->is_done);
}

void media_thread_join(struct media_thread *thread)
{
    if (thread->is_running)
        pthread_join(thread->thread, NULL);
    thread->is_running = false;
}

void media_thread_destroy(struct media_thread *thread)
{
    if (!thread)
        return;
    public_destroy(thread->public);
    if (thread->worker)
        live_worker_destroy(thread->worker);
    net_timer_destroy(thread->timer);
    if (thread->wake)
        net_wake_destroy(thread->wake);
    if (thread->loop)
        net_loop_destroy(thread->loop);
    free(thread);
}
