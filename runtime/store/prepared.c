#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/internal.h"

#define NAME_SIZE 24

static struct prepared *find(struct connection *connection, const char *sql)
{
    for (size_t i = 0; i < PREPARED_MAX; i++) {
        if (connection->prepared[i].sql && strcmp(connection->prepared[i].sql, sql) == 0)
            return &connection->prepared[i];
    }
    return NULL;
}

static struct prepared *make(struct connection *connection, const char *sql)
{
    for (size_t i = 0; i < PREPARED_MAX; i++) {
        struct prepared *prepared = &connection->prepared[i];
        if (prepared->sql)
            continue;
        prepared->sql = strdup(sql);
        prepared->number = ++connection->prepared_count;
        return prepared->sql ? prepared : NULL;
    }
    return NULL;
}

bool prepared_send(struct connection *connection, struct query *query, uint64_t now_ms)
{
    char name[NAME_SIZE];
    bool is_new = false;
    struct prepared *prepared = find(connection, query->sql);
    if (!prepared) {
        prepared = make(connection, query->sql);
        is_new = true;
    }
    if (!prepared)
        return query_send(query, connection->pg, now_ms);
    snprintf(name, sizeof name, "moonline_%u", prepared->number);
    if (is_new && !PQsendPrepare(connection->pg, name, query->sql, (int)query->param_count, NULL))
        return false;
    return PQsendQueryPrepared(
               connection->pg, name, (int)query->param_count, query->params, NULL, NULL, 0) &&
           PQpipelineSync(connection->pg);
}

/* The server may not know it after all: a column was missing (class 42), or the name is unknown (26) since the
   statement before it failed so. Under a new name next time. */
void prepared_failed(struct connection *connection, const struct query *query)
{
    const char *state = query->result ? PQresultErrorField(query->result, PG_DIAG_SQLSTATE) : NULL;
    struct prepared *prepared = find(connection, query->sql);
    if (!prepared || !state || (strncmp(state, "42", 2) != 0 && strncmp(state, "26", 2) != 0))
        return;
    free(prepared->sql);
    prepared->sql = NULL;
}

void prepared_forget_all(struct connection *connection)
{
    for (size_t i = 0; i < PREPARED_MAX; i++) {
        free(connection->prepared[i].sql);
        connection->prepared[i].sql = NULL;
    }
}
