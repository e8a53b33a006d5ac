/* The thread that writes captures. */
#include "base/clock.h"
#include "observe/capture_folder.h"
#include "observe/capture_internal.h"
#include "observe/metrics.h"

#define LOOK_EVERY_MS 60000

void capture_look(struct captures *captures, uint64_t room_bytes)
{
    uint64_t max_bytes = captures->options.max_bytes;
    const struct capture_bounds bounds = {
        max_bytes > room_bytes ? max_bytes - room_bytes : 0, captures->options.max_days};
    captures->disk_bytes = capture_folder_look(captures->path, &bounds, clock_wall_ms());
    captures->next_look_ms = clock_ms() + LOOK_EVERY_MS;
    metric_set(METRIC_CAPTURE_DISK_BYTES, (int64_t)captures->disk_bytes);
}

static void take_posts(struct captures *captures)
{
    struct letter *letter = mailbox_take_all(&captures->posts);
    while (letter) {
        struct capture_post *post = (struct capture_post *)letter;
        letter = letter->next;
        if (post->is_end)
            capture_take_end(captures, post->capture);
        else
            capture_take_block(captures, (struct capture_block *)post);
    }
}

static void wait_for_work(struct captures *captures)
{
    uint64_t until_ms = captures->next_look_ms;
    struct timespec until = {(time_t)(until_ms / 1000), (long)(until_ms % 1000) * 1000000};
    pthread_cond_timedwait(&captures->has_work, &captures->lock, &until);
}

/* Locked before and after. */
static void work(struct captures *captures)
{
    uint64_t asked = captures->settle_asked;
    captures->has_post = false;
    pthread_mutex_unlock(&captures->lock);
    take_posts(captures);
    if (clock_ms() >= captures->next_look_ms)
        capture_look(captures, 0);
    pthread_mutex_lock(&captures->lock);
    captures->settle_answered = asked;
    pthread_cond_broadcast(&captures->has_settled);
}

void *captures_run(void *owner)
{
    struct captures *captures = owner;
    pthread_mutex_lock(&captures->lock);
    for (;;) {
        if (captures->has_post || captures->settle_asked != captures->settle_answered ||
            clock_ms() >= captures->next_look_ms)
            work(captures);
        else if (captures->is_closing)
            break;
        else
            wait_for_work(captures);
    }
    pthread_mutex_unlock(&captures->lock);
    return NULL;
}
