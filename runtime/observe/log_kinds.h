/* What is logged, and how much of it. A kind is an event's name; its subsystem, the part before the first dot, has the
   least level that is written. Kinds come to be when they are logged first and stay: their memory is the process's.
   Reading a level is one relaxed load; changing levels is for any thread, under a lock that no logging takes. */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/strbuf.h"

#define LOG_WHY_SIZE 300
#define LOG_OFF 4 /* above every level */

/* Allows `rate` lines a second, and those of LOG_BURST_S at once. Any thread, no lock. */
#define LOG_BURST_S 5
struct log_bucket {
    _Atomic uint64_t due_us;  /* when the lines taken so far are paid for */
    _Atomic uint64_t limited; /* lines refused and not told of */
};
/* `rate` 0: no limit. */
bool log_bucket_take(struct log_bucket *bucket, uint64_t now_us, unsigned rate);

/* One bucket each, so that a flood of one keeps none of the others away. */
enum log_class {
    LOG_CLASS_USUAL,   /* debug, info */
    LOG_CLASS_TROUBLE, /* warn, error */
    LOG_CLASS_CALL,    /* below the level, of a call that is watched, or by a flag */
    LOG_CLASS_COUNT
};

struct log_kind {
    const atomic_int *least; /* of its subsystem */
    char name[64];
    struct log_bucket buckets[LOG_CLASS_COUNT];
};

struct log_kind *log_kind_of(const char *event); /* any thread */
/* Calls `told` for each bucket that refused lines since the last time. */
void log_kinds_report(void (*told)(const char *event, enum log_class of, unsigned long long lines));

/* "info,turn=debug,stt=warn": a level alone is everything's, and takes back what was set before; "turn=" takes back one.
   All of it or nothing: ERR_BAD with `why` for a name or level that is none. */
must_use enum err log_levels_set(struct slice spec, char why[LOG_WHY_SIZE]);
must_use enum err log_levels_check(struct slice spec, char why[LOG_WHY_SIZE]);
void log_levels_all(int least);
/* {"default":"info","levels":{"turn":"debug"},"subsystems":["call",…]} without the braces. */
void log_levels_json(struct strbuf *out);
const char *log_level_name(int level);
