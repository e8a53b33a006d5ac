/* One JSON line an event. The format is a list of `key=%spec` separated by blanks; the specs known
   are %s %.*s %d %u %zu %lld %llu %ld %lu %f %.Nf (and PRI macros of those). Strings pass through
   text/conceal and text/redact, so keys and what is somebody's own do not leave the process.

       log_info("turn.commit", "call=%s turn=%u reason=%s", call_id, turn, reason);

   The part of the event's name before its first dot is its subsystem, whose level decides
   (log_kinds.h); of a call that is watched every line is written (log_call.h). A line of such a call
   that names no call gets `call`. A line that is not wanted costs two relaxed loads: its arguments are
   not evaluated. Of each event only so many lines a second are written; the rest is counted, and
   told of once a second as "log.limited".

   A line goes into a bounded queue; the control thread writes it (log_flush). A full queue drops
   the line and counts it. Before log_start and after log_stop lines are written at once to stderr.
 */
#pragma once

#include <stdarg.h>
#include <stdbool.h>

#include "base/slice.h"
#include "observe/log_call.h"
#include "observe/log_kinds.h"

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };

#define LOG_RETRY_MS 20
#define LOG_RATE_USUAL 200 /* lines a second of one event */

void log_start(int fd, enum log_level least, void (*wake)(void *owner), void *owner);
/* The control thread, woken by `wake`. False: nobody reads; it wants to be called again in LOG_RETRY_MS. */
bool log_flush(void);
void log_report(
    void); /* the control thread, once a second: tells of lines that were limited or dropped */
void log_stop(void);
void log_set_level(enum log_level least);   /* of everything */
void log_set_rate(unsigned lines_a_second); /* 0: no limit */
unsigned log_rate(void);
/* A value that must not be written wherever it appears; copied, of the first 16. Before other threads are. */
void log_hide(const char *secret);

/* One place in the code that logs: the kind it was found to be. */
struct log_site {
    _Atomic(struct log_kind *) kind;
};

static inline struct log_kind *log_site_kind(struct log_site *site, const char *event)
{
    struct log_kind *kind = atomic_load_explicit(&site->kind, memory_order_acquire);
    if (!kind)
        atomic_store_explicit(&site->kind, kind = log_kind_of(event), memory_order_release);
    return kind;
}

static inline bool log_is_wanted(const struct log_kind *kind, enum log_level level)
{
    return (int)level >= atomic_load_explicit(kind->least, memory_order_relaxed) ||
           (log_flags_here & LOG_FLAG_LINES);
}

/* Behind the macros: what is wanted. */
void log_write(struct log_kind *kind, enum log_level level, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
#define log_at(level, event, ...)                                                                  \
    do {                                                                                           \
        static struct log_site log_site_here;                                                      \
        struct log_kind *log_kind_here = log_site_kind(&log_site_here, "" event);                  \
        if (log_is_wanted(log_kind_here, level))                                                   \
            log_write(log_kind_here, level, __VA_ARGS__);                                          \
    } while (0)
#define log_debug(event, ...) log_at(LOG_DEBUG, event, __VA_ARGS__)
#define log_info(event, ...) log_at(LOG_INFO, event, __VA_ARGS__)
#define log_warn(event, ...) log_at(LOG_WARN, event, __VA_ARGS__)
#define log_error(event, ...) log_at(LOG_ERROR, event, __VA_ARGS__)
/* A line that a flag asks for, whatever the level: if (log_shows(…)) log_shown(…). */
#define log_shown(event, ...)                                                                      \
    do {                                                                                           \
        static struct log_site log_site_here;                                                      \
        log_write(log_site_kind(&log_site_here, "" event), LOG_DEBUG, __VA_ARGS__);                \
    } while (0)
/* With a name or level that is found out when it runs. */
void log_event(enum log_level level, const char *event, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
