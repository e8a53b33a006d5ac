/* All captures of a process: their memory, their mailbox and their thread. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "observe/capture_folder.h"
#include "observe/capture_internal.h"

#define POSTS_MAX 65536
#define CALL_MAX_BYTES (64ull << 20)
#define WAITING_MAX_BYTES (64u << 20)

static void wake(void *owner)
{
    struct captures *captures = owner;
    pthread_mutex_lock(&captures->lock);
    captures->has_post = true;
    pthread_cond_signal(&captures->has_work);
    pthread_mutex_unlock(&captures->lock);
}

static void init_locks(struct captures *captures)
{
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_mutex_init(&captures->lock, NULL);
    pthread_cond_init(&captures->has_work, &monotonic);
    pthread_cond_init(&captures->has_settled, NULL);
    pthread_condattr_destroy(&monotonic);
    mailbox_init(&captures->posts, POSTS_MAX, wake, captures);
}

static void destroy(struct captures *captures)
{
    while (captures->spare) {
        struct capture_block *block = captures->spare;
        captures->spare = (struct capture_block *)block->post.letter.next;
        free(block);
    }
    mailbox_destroy(&captures->posts);
    pthread_mutex_destroy(&captures->lock);
    pthread_cond_destroy(&captures->has_work);
    pthread_cond_destroy(&captures->has_settled);
    capture_packer_free(&captures->packer);
    strbuf_free(&captures->records);
    strbuf_free(&captures->chunk);
    free(captures);
}

enum err captures_open(struct captures **out, const struct captures_options *options, char why[256])
{
    struct captures *captures = calloc(1, sizeof *captures);
    snprintf(why, 256, "no memory");
    if (!captures)
        return ERR_NOMEM;
    captures->options = *options;
    if (!captures->options.call_max_bytes)
        captures->options.call_max_bytes = CALL_MAX_BYTES;
    if (!captures->options.waiting_max_bytes)
        captures->options.waiting_max_bytes = WAITING_MAX_BYTES;
    init_locks(captures);
    strbuf_init(&captures->records, CAPTURE_CHUNK_MAX_BYTES);
    strbuf_init(&captures->chunk, CAPTURE_STORED_MAX_BYTES + CAPTURE_CHUNK_HEAD_BYTES);
    bool is_short =
        slice_copy(slice_from(options->path), captures->path, sizeof captures->path) &&
        slice_copy(slice_from(options->secrets), captures->secrets, sizeof captures->secrets);
    enum err err = capture_packer_init(&captures->packer);
    if (!err)
        err = is_short ? capture_folder_make(captures->path) : ERR_SYSTEM;
    if (err == ERR_SYSTEM)
        snprintf(why, 256, "%.160s: %s", options->path,
            is_short ? strerror(errno) : "the name is too long");
    if (err)
        destroy(captures);
    else
        *out = captures;
    return err;
}

enum err captures_start(struct captures *captures)
{
    captures->has_thread = pthread_create(&captures->thread, NULL, captures_run, captures) == 0;
    return captures->has_thread ? ERR_OK : ERR_SYSTEM;
}

void captures_settle(struct captures *captures)
{
    pthread_mutex_lock(&captures->lock);
    uint64_t mine = ++captures->settle_asked;
    pthread_cond_signal(&captures->has_work);
    while (captures->settle_answered < mine)
        pthread_cond_wait(&captures->has_settled, &captures->lock);
    pthread_mutex_unlock(&captures->lock);
}

void captures_close(struct captures *captures)
{
    if (!captures)
        return;
    pthread_mutex_lock(&captures->lock);
    captures->is_closing = true;
    pthread_cond_signal(&captures->has_work);
    pthread_mutex_unlock(&captures->lock);
    if (captures->has_thread)
        pthread_join(captures->thread, NULL);
    destroy(captures);
}
