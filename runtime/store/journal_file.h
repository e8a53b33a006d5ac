/* One SQLite file of rows on their way to Postgres, oldest first (WAL mode). Blocking: of one thread. A row is journalled
   once the transaction it was added in has committed: a process killed at any instruction loses none of those.

       rows     seq, kind, json, when it was put, and the call it is about
       calls    which CallSid a call id belongs to: rows of turns do not say
       refused  rows that Postgres will never take as they are, with its reason

   Errors: ERR_FULL: no room on the disk, or the bound is reached. ERR_BAD: the file is damaged. ERR_REFUSED: written by
   another version of the journal. ERR_SYSTEM: the disk fails, or somebody holds the file. `why` says more. */
#pragma once

#include <stdint.h>

#include "store/records.h"

#define JOURNAL_NODE_SIZE 64
#define JOURNAL_WHY_SIZE 300

struct journal_options {
    const char *folder;
    const char *node; /* names the file: <folder>/<node>.db */
    unsigned max_mb;
    bool
        is_synced; /* each commit waits for the disk: outlives a loss of power too, not only of the process */
};

struct journal_stats {
    int64_t last_seq; /* 0: never had a row */
    size_t rows;
    size_t refused;
};

struct journal_row {
    int64_t seq;
    const char *kind; /* a name: numbers differ from version to version */
    const char *json;
    uint64_t put_ms; /* wall clock */
};

struct journal_refusal {
    int64_t seq;
    const char *kind;
    const char *json;
    uint64_t put_ms;
    const char *sqlstate;
    const char *why;
};
/* False ends the reading. */
typedef bool journal_row_fn(void *owner, const struct journal_row *row);

struct journal_file;
/* Makes it when it is missing. */
must_use enum err journal_file_open(
    struct journal_file **out, const struct journal_options *options, char why[JOURNAL_WHY_SIZE]);
/* One that another process writes, to look into and for journal_file_retry. ERR_NOT_FOUND. */
must_use enum err journal_file_look(
    struct journal_file **out, const char *folder, const char *node, char why[JOURNAL_WHY_SIZE]);
void journal_file_close(struct journal_file *file);            /* NULL is fine */
const char *journal_file_why(const struct journal_file *file); /* of the last error */

/* A transaction: whatever fails in it, journal_file_rollback, and nothing of it happened. */
must_use enum err journal_file_begin(struct journal_file *file);
/* The row's `seq` is greater than every one before. */
must_use enum err journal_file_add(struct journal_file *file, enum record_kind kind,
    struct slice json, uint64_t put_ms, int64_t *seq);
must_use enum err journal_file_forget(struct journal_file *file, int64_t up_to_seq);
must_use enum err journal_file_refuse(
    struct journal_file *file, const struct journal_refusal *refusal);
/* Writes something that changes nothing: does the disk take it? */
must_use enum err journal_file_touch(struct journal_file *file);
must_use enum err journal_file_commit(struct journal_file *file);
void journal_file_rollback(struct journal_file *file);
/* Empties the log beside the file, where rows that were forgotten still stand. While somebody looks into the file it does
   nothing. Not in a transaction. */
must_use enum err journal_file_wipe(struct journal_file *file, bool *is_wiped);

/* Rows behind `after_seq`, in order. */
must_use enum err journal_file_read(
    struct journal_file *file, int64_t after_seq, journal_row_fn *fn, void *owner);
/* Rows of the CallSid's calls, and of that call id ("": none). ERR_TIMEOUT: not all, until clock_ms() was `deadline_ms`. */
must_use enum err journal_file_read_call(struct journal_file *file, const char *call_sid,
    const char *call_id, uint64_t deadline_ms, journal_row_fn *fn, void *owner);
must_use enum err journal_file_stats(struct journal_file *file, struct journal_stats *out);
uint64_t journal_file_oldest_ms(struct journal_file *file); /* 0: no row */
uint64_t journal_file_bytes(struct journal_file *file);     /* in use */

/* ---- what Postgres refused ---- */
typedef void journal_refusal_fn(void *owner, const struct journal_refusal *refusal);
must_use enum err journal_file_refused(
    struct journal_file *file, journal_refusal_fn *fn, void *owner);
/* Asks whoever holds the file to send them once more. Any process. */
must_use enum err journal_file_retry(struct journal_file *file, size_t *count);
/* Puts those behind the last row. The holder's; a transaction of its own. */
must_use enum err journal_file_take_retried(struct journal_file *file, size_t *count);
/* What one file's rows were refused for goes on in another; again is harmless. */
must_use enum err journal_file_copy_refused(struct journal_file *to, struct journal_file *from);
/* Which CallSid a call had is forgotten a day after. */
must_use enum err journal_file_prune(struct journal_file *file, uint64_t wall_ms);
