#include <libpq-fe.h>
#include <stdio.h>
#include <string.h>

#include "base/slice.h"
#include "store/publication_sql.h"

static void say_why(char why[512], const char *message)
{
    struct slice text = slice_trim(slice_from(message));
    snprintf(why, 512, "%.*s", (int)text.len, text.data);
}

static enum err publish(
    PGconn *pg, const struct publication *publication, bool *is_canary, char why[512])
{
    char percent[16];
    snprintf(percent, sizeof percent, "%u", publication->canary_percent);
    const char *params[] = {publication->tenant_id, publication->version, publication->bundle,
        percent, publication->author, publication->note};
    PGresult *result = PQexecParams(pg, PUBLICATION_PUBLISH, 6, NULL, params, NULL, NULL, 0);
    bool is_done = PQresultStatus(result) == PGRES_TUPLES_OK && PQntuples(result) == 1;
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    if (is_done)
        *is_canary = !PQgetisnull(result, 0, 0);
    else if (state && !strcmp(state, "42P01"))
        snprintf(why, 512, "the database has no table for it: run moonline migrate");
    else
        say_why(why, PQerrorMessage(pg));
    PQclear(result);
    return is_done ? ERR_OK : ERR_REFUSED;
}

enum err store_publish(
    const char *database_url, const struct publication *publication, bool *is_canary, char why[512])
{
    const char *keywords[] = {"connect_timeout", "fallback_application_name", "dbname", NULL};
    const char *values[] = {"10", "moonline-publish", database_url, NULL};
    PGconn *pg = PQconnectdbParams(keywords, values, 1);
    enum err err = ERR_UNREACHABLE;
    if (PQstatus(pg) == CONNECTION_OK)
        err = publish(pg, publication, is_canary, why);
    else
        say_why(why, PQerrorMessage(pg));
    PQfinish(pg);
    return err;
}
