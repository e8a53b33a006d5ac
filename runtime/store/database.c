#include "store/database.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "base/clock.h"
#include "observe/log.h"
#include "store/internal.h"
#include "store/statement.h"

static void destroy(struct database *database)
{
    target_free(&database->target);
    free(database->connections);
    free(database);
}

static struct connection *least_busy(struct database *database)
{
    struct connection *best = NULL;
    for (size_t i = 0; i < database->connection_count; i++) {
        struct connection *connection = &database->connections[i];
        bool is_better = !best || connection->sent_count < best->sent_count;
        if (connection->state == LINK_UP && is_better)
            best = connection;
    }
    return best;
}

/* A tenant's statement may be slow: it has a connection for itself while it runs, and one tenant has at most half of
   them, so that one slow tenant alone makes nobody wait. NULL: not now. */
static struct connection *free_for_tenant(struct database *database, const char *tenant_id)
{
    struct connection *idle = NULL;
    size_t taken = 0, share = database->connection_count / 2;
    for (size_t i = 0; i < database->connection_count; i++) {
        struct connection *connection = &database->connections[i];
        const struct query *sent = connection->sent;
        if (connection->state == LINK_UP && !sent)
            idle = connection;
        if (sent && sent->tenant_id && !strcmp(sent->tenant_id, tenant_id))
            taken++;
    }
    return taken < (share ? share : 1) ? idle : NULL;
}

static void pump(struct database *database)
{
    struct query *query, *next, *waiting = database->waiting;
    if (!waiting || !database->up)
        return;
    DL_FOREACH_SAFE(waiting, query, next)
    {
        struct connection *connection =
            query->tenant_id ? free_for_tenant(database, query->tenant_id) : least_busy(database);
        if (query->is_refused || !connection)
            continue;
        DL_DELETE(database->waiting, query);
        pg_connection_send(connection, query);
    }
    for (size_t i = 0; i < database->connection_count; i++) {
        if (database->connections[i].state == LINK_UP)
            pg_connection_flush(&database->connections[i]);
    }
}

void database_enter(struct database *database)
{
    database->depth++;
}

void database_leave(struct database *database)
{
    if (database->depth == 1 && !database->is_closed)
        pump(database);
    if (--database->depth == 0 && database->is_closed)
        destroy(database);
}

void database_forget(struct query *query)
{
    if (query->connection) {
        DL_DELETE(query->connection->sent, query);
        query->connection->sent_count--;
        query->connection = NULL;
    } else {
        DL_DELETE(query->database->waiting, query);
    }
    query->database->count--;
}

void database_send_again(struct query *query)
{
    struct database *database = query->database;
    PQclear(query->result);
    query->result = NULL;
    database_forget(query);
    database->count++;
    DL_PREPEND(database->waiting, query);
}

void database_count_up(struct database *database, int change, const char *why)
{
    bool was_up = database->up > 0;
    database->up = (unsigned)((int)database->up + change);
    bool is_up = database->up > 0;
    if (is_up && !was_up)
        log_info("database.up", "connections=%zu", database->connection_count);
    if (!is_up && (was_up || !database->was_logged_down))
        log_warn("database.down", "why=%s", why);
    database->was_logged_down = !is_up;
    if (is_up != was_up && database->on_up)
        database->on_up(database->owner, is_up);
}

/* Waiting past its deadline: answered and gone. Sent: answered, and given a grace for the server's own
   answer, after which the connection counts as dead (and takes this query along). */
static void on_deadline(void *owner)
{
    struct query *query = owner;
    struct database *database = query->database;
    database_enter(database);
    if (query->is_past_deadline) {
        pg_connection_lose(query->connection, "the server does not answer");
    } else if (query->connection) {
        query->is_past_deadline = true;
        net_timer_set(query->timer, clock_ms() + GRACE_MS);
        query_answer_failure(query, ERR_TIMEOUT, "no answer in time");
    } else {
        database_forget(query);
        if (query->is_refused)
            query_answer_failure(query, ERR_REFUSED, query->why);
        else
            query_answer_failure(query, ERR_TIMEOUT, "no connection in time");
        query_free(query);
    }
    database_leave(database);
}

static enum err add(struct query **out, struct database *database, struct query *query,
    unsigned timeout_ms, query_fn *fn, void *owner)
{
    enum err err = net_timer_create(&query->timer, database->loop, on_deadline, query);
    if (err) {
        query_free(query);
        return err;
    }
    query->fn = fn;
    query->owner = owner;
    query->is_refused = query->why != NULL;
    query->deadline_ms = clock_ms() + timeout_ms;
    net_timer_set(query->timer, query->is_refused ? 0 : query->deadline_ms);
    DL_APPEND(database->waiting, query);
    database->count++;
    *out = query;
    database_enter(database);
    database_leave(database);
    return ERR_OK;
}

enum err database_query(struct query **out, struct database *database, const char *sql,
    const struct slice *params, size_t param_count, unsigned timeout_ms, query_fn *fn, void *owner)
{
    struct query *query;
    if (database->count >= database->max_waiting)
        return ERR_FULL;
    enum err err = query_make(&query, database, NULL, sql, params, param_count, NULL);
    return err ? err : add(out, database, query, timeout_ms, fn, owner);
}

static enum err add_of_tenant(struct query **out, struct database *database, const char *tenant_id,
    const char *sql, const struct slice *params, size_t param_count, const char *refused_why,
    unsigned timeout_ms, query_fn *fn, void *owner)
{
    struct query *query;
    if (database->count >= database->max_waiting)
        return ERR_FULL;
    if (!tenant_id[0])
        return ERR_BAD;
    enum err err = query_make(&query, database, tenant_id, sql, params, param_count, refused_why);
    return err ? err : add(out, database, query, timeout_ms, fn, owner);
}

enum err database_tenant_query(struct query **out, struct database *database, const char *tenant_id,
    const char *sql, const struct slice *params, size_t param_count, unsigned timeout_ms,
    query_fn *fn, void *owner)
{
    char why[STATEMENT_WHY_SIZE];
    bool is_refused = statement_check(slice_from(sql), why) != ERR_OK;
    return add_of_tenant(out, database, tenant_id, sql, params, param_count,
        is_refused ? why : NULL, timeout_ms, fn, owner);
}

enum err database_tenant_own_query(struct query **out, struct database *database,
    const char *tenant_id, const char *sql, const struct slice *params, size_t param_count,
    unsigned timeout_ms, query_fn *fn, void *owner)
{
    return add_of_tenant(
        out, database, tenant_id, sql, params, param_count, NULL, timeout_ms, fn, owner);
}

void query_cancel(struct query *query)
{
    query->fn = NULL;
    if (query->connection)
        return; /* its answer is read and dropped */
    database_forget(query);
    query_free(query);
}

bool database_is_up(const struct database *database)
{
    return database->up > 0;
}

enum err database_open(
    struct database **out, struct net_loop *loop, const struct database_options *options)
{
    char why[200];
    struct database *database = calloc(1, sizeof *database);
    if (!database)
        return ERR_NOMEM;
    *database = (struct database){.loop = loop,
        .max_waiting = options->max_waiting,
        .keeps_order = options->keeps_order,
        .on_up = options->on_up,
        .on_notify = options->on_notify,
        .owner = options->owner};
    enum err err = target_parse(&database->target, options->url, options->name, why);
    if (err)
        log_error("database.url", "why=%s", why);
    else if (!(database->connections = calloc(options->connections, sizeof(struct connection))))
        err = ERR_NOMEM;
    while (!err && database->connection_count < options->connections)
        err = pg_connection_init(&database->connections[database->connection_count++], database);
    if (err)
        database_close(database);
    else
        *out = database;
    return err;
}

void database_close(struct database *database)
{
    database->is_closed = true;
    database->depth++;
    for (size_t i = 0; i < database->connection_count; i++) {
        struct connection *connection = &database->connections[i];
        while (connection->sent) {
            struct query *query = connection->sent;
            database_forget(query);
            query_free(query);
        }
        pg_connection_close(connection);
    }
    while (database->waiting) {
        struct query *query = database->waiting;
        database_forget(query);
        query_free(query);
    }
    database_leave(database);
}
