#include "loop.h"

struct fixture {
    struct postgres *postgres;
    char url[POSTGRES_URL_SIZE];
    struct loop loop;
    struct database *database;
};

static int open_all(void **state)
{
    static struct postgres *postgres;
    static struct fixture fixture;
    if (!postgres)
        postgres = *state;
    fixture = (struct fixture){.postgres = postgres};
    snprintf(fixture.url, sizeof fixture.url, "%s", postgres->url);
    loop_start(&fixture.loop);
    fixture.database = open_database(&fixture.loop, fixture.url, 1);
    *state = &fixture;
    return 0;
}

static int close_all(void **state)
{
    struct fixture *fixture = *state;
    if (fixture->database)
        database_close(fixture->database);
    loop_end(&fixture->loop);
    *state = fixture->postgres;
    return 0;
}

static void rows_and_parameters(void **state)
{
    struct fixture *fixture = *state;
    struct answer answer = {0};
    struct query *query;
    struct slice params[] = {SLICE("it's \"ä\""), {NULL, 0}, {"", 0}};
    assert_int_equal(
        database_query(&query, fixture->database, "select $1 || coalesce($2, '-') || $3::text",
            params, 3, 5000, answer_keep, &answer),
        ERR_OK);
    loop_run_until(&fixture->loop, answer_is_here, &answer);
    assert_int_equal(answer.err, ERR_OK);
    assert_string_equal(answer.value, "it's \"ä\"-");
    assert_int_equal(answer.rows, 1);
    assert_int_equal(ask(&fixture->loop, fixture->database, "create temp table t (a int)").err, 0);
    answer = ask(&fixture->loop, fixture->database, "insert into t values (1), (2), (3)");
    assert_int_equal(answer.affected, 3);
    struct slice zero = SLICE("a\0b");
    assert_int_equal(database_query(&query, fixture->database, "select $1", &zero, 1, 5000,
                         answer_keep, &answer),
        ERR_BAD);
}

static void a_refusal_touches_no_other(void **state)
{
    struct fixture *fixture = *state;
    struct answer answers[5] = {{0}};
    static const char *const sql[] = {
        "select 1", "select nonsense", "select 1 / 0", "", "select 5"};
    struct query *query;
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(database_query(&query, fixture->database, sql[i], NULL, 0, 5000,
                             answer_keep, &answers[i]),
            ERR_OK);
    }
    loop_run_until(&fixture->loop, answer_is_here, &answers[4]);
    assert_string_equal(answers[0].value, "1");
    assert_int_equal(answers[1].err, ERR_REFUSED);
    assert_string_equal(answers[1].sqlstate, "42703");
    assert_string_equal(answers[2].sqlstate, "22012");
    assert_non_null(strstr(answers[2].why, "division by zero"));
    assert_int_equal(answers[3].err, ERR_REFUSED);
    assert_string_equal(answers[4].value, "5");
}

static void answers_come_in_order(void **state)
{
    struct fixture *fixture = *state;
    static struct answer answers[500];
    unsigned counter = 0;
    struct query *query;
    memset(answers, 0, sizeof answers);
    for (size_t i = 0; i < 500; i++) {
        char number[16];
        snprintf(number, sizeof number, "%zu", i);
        struct slice param = slice_from(number);
        answers[i].counter = &counter;
        assert_int_equal(database_query(&query, fixture->database, "select $1::text", &param, 1,
                             30000, answer_keep, &answers[i]),
            ERR_OK);
    }
    loop_run_until(&fixture->loop, answer_is_here, &answers[499]);
    for (size_t i = 0; i < 500; i++) {
        assert_int_equal(answers[i].order, i + 1);
        assert_int_equal(strtoul(answers[i].value, NULL, 10), i);
    }
}

static void deadlines_hold(void **state)
{
    struct fixture *fixture = *state;
    assert_string_equal(ask(&fixture->loop, fixture->database, "select 1").value, "1");
    struct answer slow = {0}, behind = {0};
    struct query *query;
    uint64_t start_ms = clock_ms();
    assert_int_equal(database_query(&query, fixture->database, "select pg_sleep(0.6)", NULL, 0, 100,
                         answer_keep, &slow),
        ERR_OK);
    assert_int_equal(
        database_query(&query, fixture->database, "select 2", NULL, 0, 10000, answer_keep, &behind),
        ERR_OK);
    loop_run_until(&fixture->loop, answer_is_here, &behind);
    assert_int_equal(slow.err, ERR_TIMEOUT);
    assert_in_range(slow.at_ms - start_ms, 100, 550);
    /* Its late answer is dropped, and the connection goes on. */
    assert_string_equal(behind.value, "2");
}

static void a_silent_server_is_left(void **state)
{
    struct fixture *fixture = *state;
    assert_string_equal(ask(&fixture->loop, fixture->database, "select 1").value, "1");
    struct answer slow = {0}, behind = {0};
    struct query *query;
    assert_int_equal(database_query(&query, fixture->database, "select pg_sleep(30)", NULL, 0, 50,
                         answer_keep, &slow),
        ERR_OK);
    assert_int_equal(
        database_query(&query, fixture->database, "select 2", NULL, 0, 20000, answer_keep, &behind),
        ERR_OK);
    loop_run_until(&fixture->loop, answer_is_here, &behind);
    assert_int_equal(slow.err, ERR_TIMEOUT);
    assert_int_equal(behind.err, ERR_CLOSED);
    assert_string_equal(ask(&fixture->loop, fixture->database, "select 3").value, "3");
}

static void a_lost_connection_comes_back(void **state)
{
    struct fixture *fixture = *state;
    struct answer lost = {0};
    struct query *query;
    char before[32];
    snprintf(before, sizeof before, "%s",
        ask(&fixture->loop, fixture->database, "select pg_backend_pid()").value);
    assert_int_equal(database_query(&query, fixture->database,
                         "select pg_terminate_backend(pg_backend_pid()), pg_sleep(5)", NULL, 0,
                         10000, answer_keep, &lost),
        ERR_OK);
    loop_run_until(&fixture->loop, answer_is_here, &lost);
    assert_int_equal(lost.err, ERR_CLOSED);
    struct answer after = ask(&fixture->loop, fixture->database, "select pg_backend_pid()");
    assert_int_equal(after.err, ERR_OK);
    assert_string_not_equal(after.value, before);
    /* The same while nothing is asked. */
    char sql[120];
    snprintf(sql, sizeof sql, "select pg_terminate_backend(%s)", after.value);
    postgres_run(fixture->postgres->superuser, sql);
    struct answer idle = ask(&fixture->loop, fixture->database, "select pg_backend_pid()");
    assert_true(idle.err == ERR_OK || idle.err == ERR_CLOSED);
    assert_int_equal(ask(&fixture->loop, fixture->database, "select 1").err, ERR_OK);
}

static void queries_wait_for_a_server(void **state)
{
    struct fixture *fixture = *state;
    struct answer patient = {0}, hasty = {0};
    struct query *query;
    postgres_crash(fixture->postgres);
    assert_int_equal(database_query(&query, fixture->database, "select 7", NULL, 0, 60000,
                         answer_keep, &patient),
        ERR_OK);
    assert_int_equal(
        database_query(&query, fixture->database, "select 8", NULL, 0, 30, answer_keep, &hasty),
        ERR_OK);
    loop_run_until(&fixture->loop, answer_is_here, &hasty);
    assert_int_equal(hasty.err, ERR_TIMEOUT);
    assert_false(patient.is_here);
    assert_false(database_is_up(fixture->database));
    postgres_restart(fixture->postgres);
    loop_run_until(&fixture->loop, answer_is_here, &patient);
    assert_string_equal(patient.value, "7");
}

static void the_bound_says_no(void **state)
{
    struct fixture *fixture = *state;
    struct database_options options = {.url = "postgresql://moonline@/x?host=/nonexistent",
        .name = "test",
        .connections = 1,
        .max_waiting = 3};
    struct database *database;
    struct answer answers[4] = {{0}};
    struct query *queries[4];
    assert_int_equal(database_open(&database, fixture->loop.net, &options), ERR_OK);
    for (size_t i = 0; i < 4; i++) {
        enum err err = database_query(
            &queries[i], database, "select 1", NULL, 0, 20, answer_keep, &answers[i]);
        assert_int_equal(err, i < 3 ? ERR_OK : ERR_FULL);
    }
    query_cancel(queries[1]);
    loop_run_until(&fixture->loop, answer_is_here, &answers[2]);
    assert_int_equal(answers[0].err, ERR_TIMEOUT);
    assert_false(answers[1].is_here);
    assert_int_equal(
        database_query(&queries[3], database, "select 1", NULL, 0, 20, answer_keep, &answers[3]),
        ERR_OK);
    database_close(database); /* with one waiting: no callback */
    assert_false(answers[3].is_here);
}

static void a_name_is_resolved_and_a_password_used(void **state)
{
    struct fixture *fixture = *state;
    char tcp[POSTGRES_URL_SIZE], url[POSTGRES_URL_SIZE];
    postgres_script("url --tcp", fixture->postgres->dir, tcp);
    const char *after = strstr(tcp, "127.0.0.1");
    assert_non_null(after);
    snprintf(url, sizeof url, "%.*slocalhost%s", (int)(after - tcp), tcp, after + 9);
    struct database *database = open_database(&fixture->loop, url, 2);
    struct answer answer = ask(&fixture->loop, database, "select inet_server_addr()");
    assert_string_equal(answer.value, "127.0.0.1");
    database_close(database);
}

static void bad_urls_are_refused(void **state)
{
    struct fixture *fixture = *state;
    struct database_options options = {.name = "test", .connections = 1, .max_waiting = 3};
    struct database *database;
    options.url = "mysql://host/";
    assert_int_equal(database_open(&database, fixture->loop.net, &options), ERR_BAD);
    options.url = "postgresql://one,two/x";
    assert_int_equal(database_open(&database, fixture->loop.net, &options), ERR_BAD);
}

struct closer {
    struct database *database;
    bool is_done;
};

static void close_inside(void *owner, const struct query_answer *answer)
{
    struct closer *closer = owner;
    database_close(closer->database);
    closer->is_done = true;
}

static void never(void *owner, const struct query_answer *answer)
{
    fail_msg("answered after cancel or close");
}

static bool closer_is_done(void *owner)
{
    return ((struct closer *)owner)->is_done;
}

static void closing_from_an_answer_is_safe(void **state)
{
    struct fixture *fixture = *state;
    static const char *const sql[] = {"select 1", "select nonsense",
        "select pg_terminate_backend(pg_backend_pid()), pg_sleep(5)", "select pg_sleep(3)"};
    for (size_t i = 0; i < sizeof sql / sizeof sql[0]; i++) {
        struct closer closer = {.database = open_database(&fixture->loop, fixture->url, 2)};
        struct query *query, *cancelled;
        assert_int_equal(ask(&fixture->loop, closer.database, "select 1").err, ERR_OK);
        assert_int_equal(
            database_query(&cancelled, closer.database, "select 1", NULL, 0, 5000, never, NULL),
            ERR_OK);
        query_cancel(cancelled);
        assert_int_equal(
            database_query(&query, closer.database, sql[i], NULL, 0, 200, close_inside, &closer),
            ERR_OK);
        assert_int_equal(database_query(&query, closer.database, "select pg_sleep(10)", NULL, 0,
                             20000, never, NULL),
            ERR_OK);
        loop_run_until(&fixture->loop, closer_is_done, &closer);
    }
}

static int set_up(void **state)
{
    *state = postgres_start("store_database");
    return 0;
}

static int tear_down(void **state)
{
    postgres_stop(*state);
    return 0;
}

#define STORY(name) cmocka_unit_test_setup_teardown(name, open_all, close_all)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORY(rows_and_parameters),
        STORY(a_refusal_touches_no_other),
        STORY(answers_come_in_order),
        STORY(deadlines_hold),
        STORY(a_silent_server_is_left),
        STORY(a_lost_connection_comes_back),
        STORY(queries_wait_for_a_server),
        STORY(the_bound_says_no),
        STORY(a_name_is_resolved_and_a_password_used),
        STORY(bad_urls_are_refused),
        STORY(closing_from_an_answer_is_safe),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
