#include "store/migrate.h"

#include <libpq-fe.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/slice.h"
#include "observe/log.h"
#include "store/migrations.h"

/* One migration at a time in a database; the number is ours alone. */
#define LOCK "select pg_advisory_lock(7206613001)"
#define TABLE                                                                                      \
    "create table if not exists moonline_migrations ("                                             \
    "number int primary key, name text not null, applied_at timestamptz not null default now())"
#define IS_FENCE_OPEN                                                                              \
    "select 1 where has_function_privilege('moonline_tenant',"                                     \
    " 'pg_catalog.set_config(text, text, boolean)', 'execute')"
#define IS_SUPERUSER "select 1 from pg_roles where rolname = current_user and rolsuper"

struct migrator {
    PGconn *pg;
    char *why;
};

static void say_why(struct migrator *migrator, const char *what, const char *message)
{
    struct slice text = slice_trim(slice_from(message));
    snprintf(migrator->why, 512, "%s%s%.*s", what, what[0] ? ": " : "", (int)text.len, text.data);
}

static bool run(struct migrator *migrator, const char *what, const char *sql)
{
    PGresult *result = PQexec(migrator->pg, sql);
    bool is_done =
        PQresultStatus(result) == PGRES_COMMAND_OK || PQresultStatus(result) == PGRES_TUPLES_OK;
    if (!is_done)
        say_why(migrator, what, PQerrorMessage(migrator->pg));
    PQclear(result);
    return is_done;
}

/* Whether a query has rows; an error counts as none and is kept for people. */
static bool has_row(struct migrator *migrator, const char *sql)
{
    PGresult *result = PQexec(migrator->pg, sql);
    bool is_found = PQresultStatus(result) == PGRES_TUPLES_OK && PQntuples(result) > 0;
    if (PQresultStatus(result) != PGRES_TUPLES_OK)
        log_warn("migrate.question", "why=%s", PQerrorMessage(migrator->pg));
    PQclear(result);
    return is_found;
}

static bool apply(struct migrator *migrator, const struct migration *migration)
{
    char done[160];
    snprintf(done, sizeof done, "insert into moonline_migrations (number, name) values (%u, '%s')",
        migration->number, migration->name);
    if (!run(migrator, migration->name, "begin"))
        return false;
    if (run(migrator, migration->name, migration->sql) && run(migrator, migration->name, done) &&
        run(migrator, migration->name, "commit"))
        return true;
    PQclear(PQexec(migrator->pg, "rollback")); /* `why` holds the reason already */
    return false;
}

static bool apply_missing(struct migrator *migrator, unsigned *applied)
{
    for (size_t i = 0; i < MIGRATION_COUNT; i++) {
        char sql[100];
        snprintf(sql, sizeof sql, "select 1 from moonline_migrations where number = %u",
            MIGRATIONS[i].number);
        if (has_row(migrator, sql))
            continue;
        if (!apply(migrator, &MIGRATIONS[i]))
            return false;
        (*applied)++;
    }
    return true;
}

/* Without the fence tenants' SQL is still held by the check of store/statement.h, which is one wall
   instead of two: worth a line that says how to build the other, not worth a refusal. */
static bool close_fence(struct migrator *migrator)
{
    if (!has_row(migrator, IS_FENCE_OPEN))
        return true;
    if (has_row(migrator, IS_SUPERUSER))
        return run(migrator, "fence", MIGRATION_FENCE);
    log_warn("migrate.fence_open", "do=%s",
        "run runtime/store/migrations/fence.sql in this database as a superuser");
    return true;
}

static void remarked(void *owner, const PGresult *result)
{
    const char *text = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    log_debug("migrate.notice", "text=%s", text ? text : "");
}

enum err store_migrate(const char *database_url, unsigned *applied, char why[512])
{
    const char *keywords[] = {"connect_timeout", "fallback_application_name", "dbname", NULL};
    const char *values[] = {"10", "moonline-migrate", database_url, NULL};
    struct migrator migrator = {.pg = PQconnectdbParams(keywords, values, 1), .why = why};
    enum err err = ERR_OK;
    *applied = 0;
    why[0] = '\0';
    if (PQstatus(migrator.pg) != CONNECTION_OK) {
        say_why(&migrator, "", PQerrorMessage(migrator.pg));
        err = ERR_UNREACHABLE;
    } else {
        PQsetNoticeReceiver(migrator.pg, remarked, NULL);
        bool is_done = run(&migrator, "lock", LOCK) && run(&migrator, "table", TABLE) &&
                       apply_missing(&migrator, applied) && close_fence(&migrator);
        err = is_done ? ERR_OK : ERR_REFUSED;
    }
    PQfinish(migrator.pg); /* and with it the lock */
    return err;
}
