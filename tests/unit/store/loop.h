/* A loop that tests of the store run until something has happened, and not much longer. */
#pragma once

#include "support/postgres.h"

#include <stdbool.h>

#include "base/clock.h"
#include "net/loop.h"
#include "store/database.h"
#include "store/migrate.h"

#define LOOP_LIMIT_MS 60000

struct loop {
    struct net_loop *net;
    struct net_timer *tick;
    bool (*is_done)(void *owner);
    void *owner;
    uint64_t limit_ms;
};

static inline void loop_tick(void *owner)
{
    struct loop *loop = owner;
    bool is_late = clock_ms() > loop->limit_ms;
    if (is_late || loop->is_done(loop->owner))
        net_loop_stop(loop->net);
    else
        net_timer_set(loop->tick, clock_ms() + 2);
}

static inline void loop_start(struct loop *loop)
{
    *loop = (struct loop){0};
    assert_int_equal(net_loop_create(&loop->net, "test", NULL), ERR_OK);
    assert_int_equal(net_timer_create(&loop->tick, loop->net, loop_tick, loop), ERR_OK);
}

static inline void loop_run_until(struct loop *loop, bool (*is_done)(void *owner), void *owner)
{
    loop->is_done = is_done;
    loop->owner = owner;
    loop->limit_ms = clock_ms() + LOOP_LIMIT_MS;
    net_timer_set(loop->tick, 0);
    net_loop_run(loop->net);
    if (!is_done(owner))
        fail_msg("not done after %d ms", LOOP_LIMIT_MS);
}

static inline void loop_end(struct loop *loop)
{
    net_timer_destroy(loop->tick);
    net_loop_destroy(loop->net);
}

/* One answer, kept. */
struct answer {
    bool is_here;
    enum err err;
    char sqlstate[6];
    char why[200];
    char value[200]; /* first column of the first row */
    size_t rows;
    uint64_t affected;
    uint64_t at_ms;
    unsigned order;
    unsigned *counter; /* gives `order`; may be NULL */
};

static inline void answer_keep(void *owner, const struct query_answer *from)
{
    struct answer *answer = owner;
    assert_false(answer->is_here);
    answer->is_here = true;
    answer->err = from->err;
    answer->at_ms = clock_ms();
    answer->order = answer->counter ? ++*answer->counter : 0;
    snprintf(answer->sqlstate, sizeof answer->sqlstate, "%s", from->sqlstate);
    snprintf(answer->why, sizeof answer->why, "%s", from->why);
    if (from->err)
        return;
    answer->rows = rows_count(from->rows);
    answer->affected = rows_affected(from->rows);
    if (answer->rows && rows_columns(from->rows))
        slice_copy(rows_get(from->rows, 0, 0), answer->value, sizeof answer->value);
}

static inline bool answer_is_here(void *owner)
{
    return ((struct answer *)owner)->is_here;
}

static inline struct answer ask(struct loop *loop, struct database *database, const char *sql)
{
    struct answer answer = {0};
    struct query *query;
    assert_int_equal(
        database_query(&query, database, sql, NULL, 0, 10000, answer_keep, &answer), ERR_OK);
    assert_false(answer.is_here);
    loop_run_until(loop, answer_is_here, &answer);
    return answer;
}

static inline struct answer ask_as(
    struct loop *loop, struct database *database, const char *tenant_id, const char *sql)
{
    struct answer answer = {0};
    struct query *query;
    assert_int_equal(database_tenant_query(
                         &query, database, tenant_id, sql, NULL, 0, 10000, answer_keep, &answer),
        ERR_OK);
    assert_false(answer.is_here);
    loop_run_until(loop, answer_is_here, &answer);
    return answer;
}

static inline struct database *open_database(
    struct loop *loop, const char *url, unsigned connections)
{
    struct database_options options = {
        .url = url, .name = "test", .connections = connections, .max_waiting = 1024};
    struct database *database;
    assert_int_equal(database_open(&database, loop->net, &options), ERR_OK);
    return database;
}

/* A new database with the schema, which is made once a program and copied: that takes a tenth of the time. */
static inline void migrated_database(struct postgres *postgres, char url[POSTGRES_URL_SIZE])
{
    char why[512], template[32];
    unsigned applied = 0;
    if (!postgres->migrated) {
        postgres_new_database(postgres, url);
        if (store_migrate(url, &applied, why))
            fail_msg("migrate: %s", why);
        postgres->migrated = postgres->databases;
    }
    snprintf(template, sizeof template, "test_%u", postgres->migrated);
    postgres_new_database_like(postgres, template, url);
    /* Rights to a database itself are not copied. */
    postgres_run(url,
        "do $$ begin"
        " execute format('revoke temporary on database %I from public', current_database());"
        " execute format('grant temporary on database %I to current_user', current_database());"
        " end $$");
}
