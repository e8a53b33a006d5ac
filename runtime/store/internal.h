/* How store/database.h is made: a pool of connections, queries that wait for one, and a pipeline of
   sent queries on each. Shared by database.c, connection.c, query.c and tenant_query.c only.

       database_query ─► waiting ─► connection: sent, sent, sent ─► answers, in the order of sending

   A query is a group that ends in a Sync: an implicit transaction of its own, so a failing one touches
   no other, and its answer is given only after the commit. */
#pragma once

#include <libpq-fe.h>

#include "store/database.h"
#include "store/rows.h"
#include "store/target.h"

/* A server that has not answered this long after a query's deadline is taken for dead. */
#define GRACE_MS 1000

/* What may arrive in answer to one tenant's statement: more ends its connection. libpq holds an answer whole. */
#define TENANT_ANSWER_MAX_BYTES (1u << 20)

struct query {
    struct query *prev;
    struct query *next;
    struct database *database;
    struct connection *connection; /* NULL: waits */
    struct net_timer *timer;
    uint64_t deadline_ms;
    query_fn *fn; /* NULL: nobody wants the answer any more */
    void *owner;
    bool is_refused;       /* never sent: answered with `why` on the next turn */
    bool is_past_deadline; /* sent, and answered with ERR_TIMEOUT */
    PGresult *result;      /* of the statement, or the first error of its group */
    /* What is sent; all in the query's own block of memory. */
    const char *tenant_id; /* NULL: as ourselves */
    const char *sql;
    const char *why;
    size_t param_count;
    const char *params[];
};

enum link_state {
    LINK_DOWN,       /* waits for its next attempt */
    LINK_RESOLVING,  /* the host's name */
    LINK_CONNECTING, /* libpq works on it */
    LINK_UP,
    LINK_CLOSED, /* for good */
};

struct connection {
    struct database *database;
    enum link_state state;
    PGconn *pg;
    struct net_poll *poll;
    struct net_timer
        *timer; /* DOWN: the next attempt; RESOLVING, CONNECTING: giving up; UP: broken */
    struct net_resolve *resolve;
    unsigned wait_ms; /* before the next attempt */
    struct query *sent;
    size_t sent_count;
    size_t received_bytes; /* since the last answer was complete */
};

struct database {
    struct net_loop *loop;
    struct target target;
    size_t max_waiting;
    bool keeps_order;
    void (*on_up)(void *owner, bool is_up);
    void (*on_notify)(void *owner, const char *channel, const char *payload);
    void *owner;
    struct query *waiting;
    size_t count;   /* queries not yet answered */
    unsigned up;    /* connections */
    unsigned depth; /* callbacks of ours on the stack: memory stays until they have returned */
    bool is_closed;
    bool was_logged_down;
    size_t connection_count;
    struct connection *connections;
};

/* query.c */
must_use enum err query_make(struct query **out, struct database *database, const char *tenant_id,
    const char *sql, const struct slice *params, size_t param_count, const char *why);
void query_free(struct query *query);
void query_keep_take(struct query *query, PGresult *result);
bool query_may_run_again(const struct query *query);
void query_answer_result(struct query *query);
void query_answer_failure(struct query *query, enum err err, const char *why);

/* connection.c */
must_use enum err pg_connection_init(struct connection *connection, struct database *database);
void pg_connection_send(struct connection *connection, struct query *query);
void pg_connection_flush(struct connection *connection);
void pg_connection_lose(struct connection *connection, const char *why);
void pg_connection_close(struct connection *connection);

/* tenant_query.c: puts the query's messages into the pipeline, its Sync included. */
bool query_send(struct query *query, PGconn *pg, uint64_t now_ms);

/* database.c */
void database_enter(struct database *database);
void database_leave(struct database *database); /* the last one out sends what waits */
void database_forget(struct query *query);      /* out of its list and the count; memory stays */
void database_send_again(struct query *query);
void database_count_up(struct database *database, int change, const char *why);
