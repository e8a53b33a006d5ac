#include "ears.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <utlist.h>

#include "ears/decoder.h"
#include "ears/hearing.h"

/*  ears_audio ─► waiting samples ─┐                        ┌─► letters in the owner's mailbox
    ears_commit ─► marks in them ──┴─► a thread of the pool ─┘

    One lock for the pool. A thread takes a portion of one session (audio up to the next mark, or a mark) under the
    lock and decodes it outside; `is_busy` keeps other threads and ears_close away meanwhile. A session in the middle of a
    stretch of speech stays with the decoder that has it (`holder`), others go to whichever thread is free. */

#define THREADS_MAX 16
#define WAITING_SAMPLES_MAX (30 * 8000)
#define PORTION_SAMPLES 800 /* 100 ms: bounds how long ears_close may wait */
#define MARKS_MAX 64
#define RETRY_NS 5000000 /* a full mailbox is asked again after 5 ms */

struct mark {           /* a commit */
    uint64_t at_sample; /* counted since the session began */
    uint32_t item;
};

struct ears {
    struct ears_pool *pool;
    struct mailbox *results;
    uint64_t session;

    int16_t *samples; /* waiting, oldest first */
    size_t count_samples;
    size_t capacity_samples;
    uint64_t taken_samples;
    struct mark marks[MARKS_MAX];
    size_t count_marks;

    bool is_busy;   /* a thread works on it: `hearing` is that thread's */
    bool is_closed; /* ears_close waits for the thread */
    struct worker *holder;
    uint32_t item; /* being spoken */
    struct hearing hearing;

    struct ears *prev; /* the pool's list, whose turn it is first */
    struct ears *next;
};

struct worker {
    struct ears_pool *pool;
    pthread_t thread;
    bool has_thread;
    struct decoder *decoder;
    struct ears *held; /* in the middle of a stretch */
    enum err err;      /* of loading */
    char why[256];
};

struct ears_pool {
    struct ears_options options;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct ears *sessions;
    struct worker workers[THREADS_MAX];
    unsigned count_loaded; /* workers that are done loading, well or not */
    bool is_stopping;
};

struct portion { /* what a thread takes at once */
    int16_t samples[PORTION_SAMPLES];
    size_t count;
    bool is_commit;
    uint32_t item;
};

void ears_result_free(struct ears_result *result)
{
    if (!result)
        return;
    free(result->text);
    free(result);
}

/* ---- the threads ---- */

static bool has_work(const struct ears *ears)
{
    return ears->count_samples > 0 || ears->count_marks > 0;
}

static struct ears *choose(const struct worker *worker)
{
    if (worker->held)
        return !worker->held->is_busy && has_work(worker->held) ? worker->held : NULL;
    struct ears *ears;
    DL_FOREACH(worker->pool->sessions, ears)
    {
        if (!ears->is_busy && !ears->holder && !ears->is_closed && has_work(ears))
            return ears;
    }
    return NULL;
}

/* Under the lock: moves the next piece of work out of the session. */
static void take_portion(struct ears *ears, struct portion *out)
{
    out->count = ears->count_samples < PORTION_SAMPLES ? ears->count_samples : PORTION_SAMPLES;
    out->is_commit = false;
    out->item = ears->item;
    if (ears->count_marks > 0 && ears->marks[0].at_sample <= ears->taken_samples + out->count) {
        out->count = (size_t)(ears->marks[0].at_sample - ears->taken_samples);
        out->is_commit = true;
        out->item = ears->marks[0].item;
        ears->item = out->item + 1;
        ears->count_marks--;
        memmove(ears->marks, ears->marks + 1, ears->count_marks * sizeof *ears->marks);
    }
    if (out->count == 0)
        return;
    memcpy(out->samples, ears->samples, out->count * sizeof *out->samples);
    ears->count_samples -= out->count;
    ears->taken_samples += out->count;
    memmove(ears->samples, ears->samples + out->count, ears->count_samples * sizeof *ears->samples);
}

static struct ears_result *make_result(
    const struct ears *ears, uint32_t item, bool is_final, const char *words)
{
    struct ears_result *result = calloc(1, sizeof *result);
    if (!result)
        return NULL;
    *result = (struct ears_result){
        .session = ears->session, .item = item, .is_final = is_final, .text = strdup(words)};
    if (!result->text) {
        free(result);
        return NULL;
    }
    return result;
}

static bool is_unwanted(struct ears *ears)
{
    pthread_mutex_lock(&ears->pool->lock);
    bool unwanted = ears->is_closed || ears->pool->is_stopping;
    pthread_mutex_unlock(&ears->pool->lock);
    return unwanted;
}

/* A partial that finds the mailbox full (or memory short) is dropped, the next one says more; a final waits. */
static void tell(struct ears *ears, uint32_t item, bool is_final, const char *words)
{
    for (;;) {
        if (is_unwanted(ears))
            return;
        struct ears_result *result = make_result(ears, item, is_final, words);
        if (result && !mailbox_put(ears->results, &result->letter))
            return;
        ears_result_free(result);
        if (!is_final)
            return;
        nanosleep(&(struct timespec){.tv_nsec = RETRY_NS}, NULL);
    }
}

static void hear(struct ears *ears, struct decoder *decoder, const struct portion *portion)
{
    if (hearing_audio(&ears->hearing, decoder, portion->samples, portion->count) &&
        !portion->is_commit)
        tell(ears, portion->item, false, ears->hearing.partial);
    if (!portion->is_commit)
        return;
    char words[HEARING_TEXT_SIZE];
    hearing_commit(&ears->hearing, decoder, words);
    tell(ears, portion->item, true, words);
}

/* One portion of one session; called and left with the lock held. */
static void work_on(struct worker *worker, struct ears *ears)
{
    struct portion portion;
    struct ears_pool *pool = worker->pool;
    take_portion(ears, &portion);
    ears->is_busy = true;
    pthread_mutex_unlock(&pool->lock);
    hear(ears, worker->decoder, &portion);
    pthread_mutex_lock(&pool->lock);
    ears->is_busy = false;
    worker->held = ears->hearing.is_open ? ears : NULL;
    ears->holder = worker->held ? worker : NULL;
    DL_DELETE(pool->sessions, ears); /* the others first, next time */
    DL_APPEND(pool->sessions, ears);
    pthread_cond_broadcast(&pool->changed);
}

/* A held session that closes leaves its decoder in the middle of a stretch. */
static void give_up(struct worker *worker)
{
    hearing_abandon(&worker->held->hearing, worker->decoder);
    worker->held->holder = NULL;
    worker->held = NULL;
    pthread_cond_broadcast(&worker->pool->changed);
}

static void load(struct worker *worker)
{
    const struct ears_options *options = &worker->pool->options;
    struct decoder_options paths = {.model_path = options->model_path,
        .dictionary_path = options->dictionary_path,
        .grammar_path = options->grammar_path};
    worker->err = decoder_create(&worker->decoder, &paths, worker->why);
}

static void *run(void *owner)
{
    struct worker *worker = owner;
    struct ears_pool *pool = worker->pool;
    load(worker);
    pthread_mutex_lock(&pool->lock);
    pool->count_loaded++;
    pthread_cond_broadcast(&pool->changed);
    while (!worker->err) {
        if (worker->held && (worker->held->is_closed || pool->is_stopping))
            give_up(worker);
        if (pool->is_stopping)
            break;
        struct ears *ears = choose(worker);
        if (ears)
            work_on(worker, ears);
        else
            pthread_cond_wait(&pool->changed, &pool->lock);
    }
    pthread_mutex_unlock(&pool->lock);
    decoder_destroy(worker->decoder);
    return NULL;
}

/* ---- the pool ---- */

static void start_threads(struct ears_pool *pool)
{
    for (unsigned i = 0; i < pool->options.threads; i++) {
        struct worker *worker = &pool->workers[i];
        worker->pool = pool;
        worker->has_thread = pthread_create(&worker->thread, NULL, run, worker) == 0;
        if (worker->has_thread)
            continue;
        worker->err = ERR_SYSTEM;
        snprintf(worker->why, sizeof worker->why, "no thread for a decoder");
        pthread_mutex_lock(&pool->lock);
        pool->count_loaded++;
        pthread_mutex_unlock(&pool->lock);
    }
}

static enum err first_error(const struct ears_pool *pool, char why[256])
{
    for (unsigned i = 0; i < pool->options.threads; i++) {
        if (!pool->workers[i].err)
            continue;
        snprintf(why, 256, "%s", pool->workers[i].why);
        return pool->workers[i].err;
    }
    return ERR_OK;
}

enum err ears_start(struct ears_pool **out, const struct ears_options *options, char why[256])
{
    if (options->threads < 1 || options->threads > THREADS_MAX) {
        snprintf(why, 256, "from 1 to %d decoders, not %u", THREADS_MAX, options->threads);
        return ERR_BAD;
    }
    struct ears_pool *pool = calloc(1, sizeof *pool);
    if (!pool) {
        snprintf(why, 256, "out of memory");
        return ERR_NOMEM;
    }
    pool->options = *options;
    pthread_mutex_init(&pool->lock, NULL);
    pthread_cond_init(&pool->changed, NULL);
    start_threads(pool);
    pthread_mutex_lock(&pool->lock);
    while (pool->count_loaded < options->threads)
        pthread_cond_wait(&pool->changed, &pool->lock);
    enum err err = first_error(pool, why);
    pthread_mutex_unlock(&pool->lock);
    if (err)
        ears_stop(pool);
    else
        *out = pool;
    return err;
}

void ears_stop(struct ears_pool *pool)
{
    if (!pool)
        return;
    pthread_mutex_lock(&pool->lock);
    pool->is_stopping = true;
    pthread_cond_broadcast(&pool->changed);
    pthread_mutex_unlock(&pool->lock);
    for (unsigned i = 0; i < pool->options.threads; i++)
        if (pool->workers[i].has_thread)
            pthread_join(pool->workers[i].thread, NULL);
    pthread_cond_destroy(&pool->changed);
    pthread_mutex_destroy(&pool->lock);
    free(pool);
}

/* ---- a session ---- */

enum err ears_open(
    struct ears **out, struct ears_pool *pool, struct mailbox *results, uint64_t session)
{
    struct ears *ears = calloc(1, sizeof *ears);
    if (!ears)
        return ERR_NOMEM;
    ears->pool = pool;
    ears->results = results;
    ears->session = session;
    ears->item = 1;
    hearing_init(&ears->hearing);
    pthread_mutex_lock(&pool->lock);
    DL_APPEND(pool->sessions, ears);
    pthread_mutex_unlock(&pool->lock);
    *out = ears;
    return ERR_OK;
}

static enum err append(struct ears *ears, const int16_t *pcm, size_t count)
{
    size_t total = ears->count_samples + count;
    if (total > WAITING_SAMPLES_MAX)
        return ERR_FULL;
    if (total > ears->capacity_samples) {
        size_t capacity = total > 2 * ears->capacity_samples ? total : 2 * ears->capacity_samples;
        int16_t *moved = realloc(ears->samples, capacity * sizeof *moved);
        if (!moved)
            return ERR_NOMEM;
        ears->samples = moved;
        ears->capacity_samples = capacity;
    }
    memcpy(ears->samples + ears->count_samples, pcm, count * sizeof *pcm);
    ears->count_samples = total;
    return ERR_OK;
}

enum err ears_audio(struct ears *ears, const int16_t *pcm, size_t count)
{
    if (count == 0)
        return ERR_OK;
    pthread_mutex_lock(&ears->pool->lock);
    enum err err = append(ears, pcm, count);
    pthread_cond_broadcast(&ears->pool->changed);
    pthread_mutex_unlock(&ears->pool->lock);
    return err;
}

enum err ears_commit(struct ears *ears, uint32_t item)
{
    enum err err = ERR_FULL;
    pthread_mutex_lock(&ears->pool->lock);
    if (ears->count_marks < MARKS_MAX) {
        ears->marks[ears->count_marks++] =
            (struct mark){.at_sample = ears->taken_samples + ears->count_samples, .item = item};
        err = ERR_OK;
    }
    pthread_cond_broadcast(&ears->pool->changed);
    pthread_mutex_unlock(&ears->pool->lock);
    return err;
}

void ears_close(struct ears *ears)
{
    if (!ears)
        return;
    struct ears_pool *pool = ears->pool;
    pthread_mutex_lock(&pool->lock);
    ears->is_closed = true;
    pthread_cond_broadcast(&pool->changed);
    while (ears->is_busy || ears->holder)
        pthread_cond_wait(&pool->changed, &pool->lock);
    DL_DELETE(pool->sessions, ears);
    pthread_mutex_unlock(&pool->lock);
    free(ears->samples);
    free(ears);
}
