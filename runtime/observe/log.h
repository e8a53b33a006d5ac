/* One JSON line an event. The format is a list of `key=%spec` separated by blanks; the specs known
   are %s %.*s %d %u %zu %lld %llu %ld %lu %f %.Nf (and PRI macros of those). Strings pass through
   text/redact, so phone numbers and e-mail addresses never leave the process.

       log_info("turn.commit", "call=%s turn=%u reason=%s", call_id, turn, reason);

   A line goes into a bounded queue; the control thread writes it (log_flush). A full queue drops
   the line and counts it. Before log_start and after log_stop lines are written at once to stderr.
 */
#pragma once

#include <stdarg.h>
#include <stdbool.h>

#include "base/slice.h"

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };

void log_start(int fd, enum log_level least, void (*wake)(void *owner), void *owner);
void log_flush(void); /* the control thread, woken by `wake` */
void log_stop(void);
void log_set_level(enum log_level least);

void log_event(enum log_level level, const char *event, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
#define log_debug(event, ...) log_event(LOG_DEBUG, event, __VA_ARGS__)
#define log_info(event, ...) log_event(LOG_INFO, event, __VA_ARGS__)
#define log_warn(event, ...) log_event(LOG_WARN, event, __VA_ARGS__)
#define log_error(event, ...) log_event(LOG_ERROR, event, __VA_ARGS__)
