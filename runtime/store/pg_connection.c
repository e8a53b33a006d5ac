#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <utlist.h>

#include "base/clock.h"
#include "observe/log.h"
#include "store/internal.h"

#define CONNECT_TIMEOUT_MS 5000
#define WAIT_FIRST_MS 50
#define WAIT_MOST_MS 2000

static void on_ready(void *owner, int events);

/* libpq may close its descriptor and open another one while connecting: a new watch for each step. */
static enum err watch(struct connection *connection, int events)
{
    net_poll_destroy(connection->poll);
    connection->poll = NULL;
    enum err err = net_poll_create(&connection->poll, connection->database->loop,
        PQsocket(connection->pg), on_ready, connection);
    if (!err)
        net_poll_set(connection->poll, events);
    return err;
}

static void release(struct connection *connection)
{
    net_resolve_cancel(connection->resolve);
    connection->resolve = NULL;
    net_poll_destroy(connection->poll);
    connection->poll = NULL;
    PQfinish(connection->pg);
    connection->pg = NULL;
}

static void fail_sent(struct connection *connection, const char *why)
{
    struct query *query;
    while ((query = connection->sent)) {
        database_forget(query);
        query_answer_failure(query, ERR_CLOSED, why);
        query_free(query);
    }
}

/* The link is gone: everything sent has an unknown outcome, and the next attempt is arranged. */
void pg_connection_lose(struct connection *connection, const char *why)
{
    struct database *database = connection->database;
    char text[200];
    slice_copy(slice_trim(slice_from(why)), text, sizeof text); /* `why` may be libpq's memory */
    for (char *c = text; *c; c++)
        *c = (unsigned char)*c < ' ' ? ' ' : *c;
    database_enter(database);
    bool was_up = connection->state == LINK_UP;
    release(connection);
    connection->state = LINK_DOWN;
    net_timer_set(connection->timer, clock_ms() + connection->wait_ms);
    connection->wait_ms *= 2;
    if (connection->wait_ms > WAIT_MOST_MS)
        connection->wait_ms = WAIT_MOST_MS;
    database_count_up(database, was_up ? -1 : 0, text);
    fail_sent(connection, text);
    database_leave(database);
}

/* Our statement check reads strings as the standard does: a server that reads backslashes in them
   would see other words than we did. */
static const char *find_fault(PGconn *pg)
{
    const char *strings = PQparameterStatus(pg, "standard_conforming_strings");
    if (!strings || strcmp(strings, "on"))
        return "the server has standard_conforming_strings off";
    return PQsetnonblocking(pg, 1) || !PQenterPipelineMode(pg) ? "no pipeline mode" : NULL;
}

static void become_up(struct connection *connection)
{
    const char *fault = find_fault(connection->pg);
    if (!fault && watch(connection, NET_READ))
        fault = "the socket cannot be watched";
    if (fault) {
        pg_connection_lose(connection, fault);
        return;
    }
    connection->state = LINK_UP;
    connection->received_bytes = 0;
    connection->wait_ms = WAIT_FIRST_MS;
    net_timer_clear(connection->timer);
    database_count_up(connection->database, 1, "");
}

static void connect_step(struct connection *connection)
{
    net_poll_destroy(connection->poll);
    connection->poll = NULL;
    int wanted = 0;
    switch ((int)PQconnectPoll(connection->pg)) {
    case PGRES_POLLING_OK:
        become_up(connection);
        return;
    case PGRES_POLLING_READING:
        wanted = NET_READ;
        break;
    case PGRES_POLLING_WRITING:
        wanted = NET_WRITE;
        break;
    default:
        pg_connection_lose(connection, PQerrorMessage(connection->pg));
        return;
    }
    if (watch(connection, wanted))
        pg_connection_lose(connection, "the socket cannot be watched");
}

/* What the server remarks beside its answers, a shutdown of an idle session among it. */
static void remarked(void *owner, const PGresult *result)
{
    const char *text = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    log_debug("database.notice", "text=%s", text ? text : "");
}

static void begin(struct connection *connection, const char *address)
{
    struct target target = connection->database->target; /* a shallow copy with one entry more */
    if (address) {
        target.keywords[target.count] = "hostaddr";
        target.values[target.count++] = address;
    }
    target.keywords[target.count] = target.values[target.count] = NULL;
    connection->state = LINK_CONNECTING;
    connection->pg = PQconnectStartParams(target.keywords, target.values, 0);
    if (connection->pg)
        PQsetNoticeReceiver(connection->pg, remarked, NULL);
    if (!connection->pg || PQstatus(connection->pg) == CONNECTION_BAD)
        pg_connection_lose(
            connection, connection->pg ? PQerrorMessage(connection->pg) : "no memory");
    else if (watch(connection, NET_WRITE))
        pg_connection_lose(connection, "the socket cannot be watched");
}

static void resolved(void *owner, enum err err, const char *address)
{
    struct connection *connection = owner;
    database_enter(connection->database);
    connection->resolve = NULL;
    if (err)
        pg_connection_lose(connection, "the host's name does not resolve");
    else
        begin(connection, address);
    database_leave(connection->database);
}

static void start(struct connection *connection)
{
    const struct database *database = connection->database;
    uint64_t deadline_ms = clock_ms() + CONNECT_TIMEOUT_MS;
    net_timer_set(connection->timer, deadline_ms);
    connection->state = LINK_RESOLVING;
    if (!database->target.host)
        begin(connection, NULL);
    else if (net_resolve_start(&connection->resolve, database->loop, database->target.host,
                 deadline_ms, resolved, connection))
        pg_connection_lose(connection, "the host's name cannot be looked up");
}

static void on_timer(void *owner)
{
    struct connection *connection = owner;
    struct database *database = connection->database;
    database_enter(database);
    switch (connection->state) {
    case LINK_DOWN:
        start(connection);
        break;
    case LINK_RESOLVING:
    case LINK_CONNECTING:
        pg_connection_lose(connection, "no answer in time");
        break;
    case LINK_UP:
        pg_connection_lose(connection, "the connection broke while sending");
        break;
    case LINK_CLOSED:
        break;
    }
    database_leave(database);
}

/* Fatal to the session (an administrator's shutdown, a crash): the connection ends with it. */
static bool is_fatal(const PGresult *result)
{
    const char *severity = PQresultErrorField(result, PG_DIAG_SEVERITY_NONLOCALIZED);
    return !severity || !strcmp(severity, "FATAL") || !strcmp(severity, "PANIC");
}

static void finish_first(struct connection *connection)
{
    struct query *query = connection->sent;
    connection->received_bytes = 0;
    if (!connection->database->keeps_order && query_may_run_again(query)) {
        database_send_again(query);
        return;
    }
    database_forget(query);
    query_answer_result(query);
    query_free(query);
}

/* False: the connection is lost. */
static bool take_result(struct connection *connection, PGresult *result)
{
    switch ((int)PQresultStatus(result)) {
    case PGRES_PIPELINE_SYNC:
        PQclear(result);
        finish_first(connection);
        return true;
    case PGRES_PIPELINE_ABORTED: /* what follows an error within its group */
        PQclear(result);
        return true;
    case PGRES_FATAL_ERROR:
        if (is_fatal(result)) {
            char why[200];
            slice_copy(slice_from(PQresultErrorMessage(result)), why, sizeof why);
            PQclear(result);
            pg_connection_lose(connection, why);
            return false;
        }
        query_keep_take(connection->sent, result);
        return true;
    default:
        query_keep_take(connection->sent, result);
        return true;
    }
}

static void read_results(struct connection *connection)
{
    unsigned empty =
        0; /* one NULL ends each statement's results; two in a row say there is no more */
    while (connection->state == LINK_UP && connection->sent && empty < 2 &&
           !PQisBusy(connection->pg)) {
        PGresult *result = PQgetResult(connection->pg);
        empty = result ? 0 : empty + 1;
        if (result && !take_result(connection, result))
            return;
    }
}

static void take_notifications(struct connection *connection)
{
    struct database *database = connection->database;
    PGnotify *notification;
    while (connection->state == LINK_UP && (notification = PQnotifies(connection->pg))) {
        if (database->on_notify)
            database->on_notify(database->owner, notification->relname, notification->extra);
        PQfreemem(notification);
    }
}

/* False: the link is broken, or was ended because a tenant's answer is too large. */
static bool receive(struct connection *connection)
{
    int before = 0, after = 0;
    struct query *query = connection->sent;
    ioctl(PQsocket(connection->pg), FIONREAD, &before);
    if (!PQconsumeInput(connection->pg))
        return false;
    ioctl(PQsocket(connection->pg), FIONREAD, &after);
    int least = before < 8192 ? before : 8192; /* more may have come than was taken */
    connection->received_bytes += (size_t)(before - after > least ? before - after : least);
    if (!query || !query->tenant_id || connection->received_bytes <= TENANT_ANSWER_MAX_BYTES)
        return true;
    query_answer_failure(query, ERR_FULL, "the answer is larger than 1 MiB");
    if (connection->state == LINK_UP) /* who was told may have closed the database */
        pg_connection_lose(connection, "a tenant's answer is too large");
    return false;
}

static void on_ready(void *owner, int events)
{
    struct connection *connection = owner;
    struct database *database = connection->database;
    database_enter(database);
    if (connection->state == LINK_CONNECTING) {
        connect_step(connection);
    } else if (!receive(connection)) {
        if (connection->state == LINK_UP)
            read_results(connection); /* the server's last words, if any */
        if (connection->state == LINK_UP)
            pg_connection_lose(connection, PQerrorMessage(connection->pg));
    } else {
        read_results(connection);
        take_notifications(connection);
        if (connection->state == LINK_UP)
            pg_connection_flush(connection);
    }
    database_leave(database);
}

void pg_connection_flush(struct connection *connection)
{
    int left = PQflush(connection->pg);
    if (left < 0)
        net_timer_set(connection->timer, 0); /* lost, but not inside the caller's call */
    else
        net_poll_set(connection->poll, left ? NET_READ | NET_WRITE : NET_READ);
}

void pg_connection_send(struct connection *connection, struct query *query)
{
    assert(connection->state == LINK_UP);
    query->connection = connection;
    DL_APPEND(connection->sent, query);
    connection->sent_count++;
    if (!query_send(query, connection->pg, clock_ms()))
        net_timer_set(connection->timer, 0);
}

enum err pg_connection_init(struct connection *connection, struct database *database)
{
    *connection =
        (struct connection){.database = database, .state = LINK_DOWN, .wait_ms = WAIT_FIRST_MS};
    enum err err = net_timer_create(&connection->timer, database->loop, on_timer, connection);
    if (!err)
        net_timer_set(connection->timer, 0);
    return err;
}

void pg_connection_close(struct connection *connection)
{
    release(connection);
    net_timer_destroy(connection->timer);
    connection->timer = NULL;
    connection->state = LINK_CLOSED;
}
