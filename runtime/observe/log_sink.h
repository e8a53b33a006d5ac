/* Where lines go: a bounded queue from any thread to the one that writes, which never waits for whoever reads. What
   nobody reads (a pipe that is full) stays queued; a full queue refuses the newest line, and it is counted
   (moonline_log_lines_dropped_total). Writing goes on once there is room again. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#define LOG_LINE_MAX_BYTES 4096 /* PIPE_BUF: a pipe that has room takes one whole */

void log_sink_open(int fd, void (*wake)(void *owner), void *owner);
/* Any thread. Before the opening and after the end: at once to stderr. */
void log_sink_put(const char *line, size_t len);
/* The writing thread. False: nobody reads, try again in LOG_RETRY_MS. */
bool log_sink_write(void);
bool log_sink_is_open(void);
/* More than half of the queue waits: whoever reads is slow. Any thread. */
bool log_sink_is_behind(void);
/* Gives whoever reads half a second for what waits, and drops the rest. */
void log_sink_close(void);
