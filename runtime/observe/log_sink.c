/*
   log_sink_put ──► mailbox ──wake──► log_sink_write ──► taken ──► write(fd), a line at a time, while poll says so
*/
#include "observe/log_sink.h"

#include <errno.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mailbox.h"
#include "observe/metrics.h"

#define LINES_WAITING_MAX 16384
#define BYTES_WAITING_MAX ((size_t)8 << 20)
#define CLOSE_MS 500

struct line {
    struct letter letter;
    size_t len;
    char text[];
};

static struct mailbox lines;
static atomic_bool is_open;
static atomic_size_t bytes_waiting; /* in the mailbox and taken */
static int out_fd = STDERR_FILENO;
static struct line
    *taken; /* of the mailbox and not written; the writing thread's, here and below */
static size_t written_bytes; /* of the first of them */

void log_sink_open(int fd, void (*wake)(void *owner), void *owner)
{
    out_fd = fd;
    mailbox_init(&lines, LINES_WAITING_MAX, wake, owner);
    atomic_store(&is_open, true);
}

static void write_at_once(const char *text, size_t len)
{
    while (len) {
        ssize_t written = write(STDERR_FILENO, text, len);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return; /* nowhere left to say so */
        text += written;
        len -= (size_t)written;
    }
}

void log_sink_put(const char *text, size_t len)
{
    if (!atomic_load(&is_open)) {
        write_at_once(text, len);
        return;
    }
    bool fits = atomic_fetch_add(&bytes_waiting, len) + len <= BYTES_WAITING_MAX;
    struct line *line = fits ? malloc(sizeof *line + len) : NULL;
    if (line) {
        line->len = len;
        memcpy(line->text, text, len);
    }
    if (line && mailbox_put(&lines, &line->letter) == ERR_OK)
        return;
    atomic_fetch_sub(&bytes_waiting, len);
    metric_add(METRIC_LOG_LINES_DROPPED, 1);
    free(line);
}

static void forget_first(void)
{
    struct line *line = taken;
    taken = (struct line *)line->letter.next;
    written_bytes = 0;
    atomic_fetch_sub(&bytes_waiting, line->len);
    free(line);
}

static bool has_room(int within_ms)
{
    struct pollfd poll_fd = {.fd = out_fd, .events = POLLOUT};
    return poll(&poll_fd, 1, within_ms) > 0; /* an error too: write says which */
}

/* The rest of the first line, or of it what fits. False: nothing more fits. */
static bool write_first(int within_ms)
{
    if (!has_room(within_ms))
        return false;
    ssize_t written = write(out_fd, taken->text + written_bytes, taken->len - written_bytes);
    if (written < 0 && (errno == EINTR || errno == EAGAIN))
        return errno == EINTR;
    if (written <= 0) { /* nobody is there, or the disk is full: later lines may do better */
        metric_add(METRIC_LOG_LINES_DROPPED, 1);
        forget_first();
        return true;
    }
    written_bytes += (size_t)written;
    if (written_bytes == taken->len)
        forget_first();
    return true;
}

static bool take_more(void)
{
    if (!taken)
        taken = (struct line *)mailbox_take_all(&lines);
    return taken != NULL;
}

bool log_sink_write(void)
{
    while (take_more())
        if (!write_first(0))
            return false;
    return true;
}

bool log_sink_is_open(void)
{
    return atomic_load(&is_open);
}

bool log_sink_is_behind(void)
{
    return atomic_load(&bytes_waiting) > BYTES_WAITING_MAX / 2 ||
           (atomic_load(&is_open) && mailbox_count(&lines) > LINES_WAITING_MAX / 2);
}

void log_sink_close(void)
{
    if (!atomic_exchange(&is_open, false))
        return;
    uint64_t until_ms = clock_ms() + CLOSE_MS;
    for (uint64_t now_ms; take_more() && (now_ms = clock_ms()) < until_ms;)
        write_first((int)(until_ms - now_ms));
    while (take_more()) {
        metric_add(METRIC_LOG_LINES_DROPPED, 1);
        forget_first();
    }
    mailbox_destroy(&lines);
}
