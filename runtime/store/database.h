/* Postgres through libpq, asynchronous and pipelined, on one loop. Connects by itself, again after a loss (50 ms
   doubling to 2 s). Queries wait while there is no connection, up to their deadline and a bound. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"
#include "net/loop.h"

struct database;

struct database_options {
    const char *url;      /* DATABASE_URL, postgres:// or keywords */
    const char *name;     /* application_name */
    unsigned connections; /* 1 for the record writer, 4 for scripts */
    size_t max_waiting;   /* queries not yet answered: 1024 */
    bool
        keeps_order; /* no statement is run again by itself (deadlocks) behind those sent after it */
    void (*on_up)(void *owner, bool is_up); /* may be NULL */
    /* A NOTIFY on a channel that was listened to. May be NULL. What is sent while the connection is away is lost. */
    void (*on_notify)(void *owner, const char *channel, const char *payload);
    void *owner;
};

must_use enum err database_open(
    struct database **out, struct net_loop *loop, const struct database_options *options);
bool database_is_up(const struct database *database);
void database_close(struct database *database); /* pending queries get no callback */

/* Rows of an answer, valid during the callback. */
struct rows;
size_t rows_count(const struct rows *rows);
size_t rows_columns(const struct rows *rows);
const char *rows_name(const struct rows *rows, size_t column);
bool rows_is_null(const struct rows *rows, size_t row, size_t column);
struct slice rows_get(const struct rows *rows, size_t row, size_t column); /* text form */
uint32_t rows_type(const struct rows *rows, size_t column);                /* Postgres type oid */
uint64_t rows_affected(const struct rows *rows);

struct query_answer {
    enum err
        err; /* ERR_OK; ERR_REFUSED: the server said no; ERR_TIMEOUT; ERR_CLOSED: lost, outcome unknown */
    const struct rows *rows; /* on ERR_OK */
    char sqlstate[6];        /* on ERR_REFUSED: "23505", "23P01", … */
    const char *why;
};
typedef void query_fn(void *owner, const struct query_answer *answer);

struct query;
/* One statement with text parameters ($1…; NULL data is SQL NULL). Never answered during the call. */
must_use enum err database_query(struct query **out, struct database *database, const char *sql,
    const struct slice *params, size_t param_count, unsigned timeout_ms, query_fn *fn, void *owner);
/* The same inside a transaction of its own in which only `tenant_id`'s rows exist: row-level security as the
   role moonline_tenant, one SELECT/INSERT/UPDATE/DELETE, set_config out of reach. It has a connection for itself while
   it runs, one tenant at most half of them. ERR_FULL: the answer is larger than 1 MiB (and its connection is gone). */
must_use enum err database_tenant_query(struct query **out, struct database *database,
    const char *tenant_id, const char *sql, const struct slice *params, size_t param_count,
    unsigned timeout_ms, query_fn *fn, void *owner);
/* The same for a statement of ours, which may call our functions (queue_text, …) that a tenant's own statements may not. */
must_use enum err database_tenant_own_query(struct query **out, struct database *database,
    const char *tenant_id, const char *sql, const struct slice *params, size_t param_count,
    unsigned timeout_ms, query_fn *fn, void *owner);
void query_cancel(
    struct query *query); /* no callback follows; the statement may still take effect */
