#include "support/postgres.h"

#include <pthread.h>

#include "store/migrate.h"
#include "store/migrations.h"

static void migrating_again_changes_nothing(void **state)
{
    char url[POSTGRES_URL_SIZE], why[512];
    unsigned applied = 0;
    postgres_new_database(*state, url);
    assert_int_equal(store_migrate(url, &applied, why), ERR_OK);
    assert_int_equal(applied, MIGRATION_COUNT);
    assert_int_equal(store_migrate(url, &applied, why), ERR_OK);
    assert_int_equal(applied, 0);
    assert_int_equal(
        postgres_number(url, "select count(*) from moonline_migrations"), MIGRATION_COUNT);
}

struct migration_run {
    pthread_t thread;
    const char *url;
    enum err err;
    unsigned applied;
    char why[512];
};

static void *migrate(void *argument)
{
    struct migration_run *run = argument;
    run->err = store_migrate(run->url, &run->applied, run->why);
    return NULL;
}

static unsigned run_at_once(struct migration_run *runs, size_t count)
{
    unsigned applied = 0;
    for (size_t i = 0; i < count; i++)
        assert_int_equal(pthread_create(&runs[i].thread, NULL, migrate, &runs[i]), 0);
    for (size_t i = 0; i < count; i++) {
        pthread_join(runs[i].thread, NULL);
        if (runs[i].err)
            fail_msg("%s", runs[i].why);
        applied += runs[i].applied;
    }
    return applied;
}

static void one_of_many_at_once_applies(void **state)
{
    char url[POSTGRES_URL_SIZE];
    struct migration_run runs[6] = {0};
    postgres_new_database(*state, url);
    for (size_t i = 0; i < 6; i++)
        runs[i].url = url;
    assert_int_equal(run_at_once(runs, 6), MIGRATION_COUNT);
}

/* The tenants' role belongs to the whole server, where each database's lock does not reach. */
static void databases_of_one_server_do_not_collide(void **state)
{
    char urls[4][POSTGRES_URL_SIZE];
    struct migration_run runs[4] = {0};
    for (size_t i = 0; i < 4; i++) {
        postgres_new_database(*state, urls[i]);
        runs[i].url = urls[i];
    }
    assert_int_equal(run_at_once(runs, 4), 4 * MIGRATION_COUNT);
}

static void a_failure_leaves_nothing_behind(void **state)
{
    char url[POSTGRES_URL_SIZE], why[512];
    unsigned applied = 0;
    postgres_new_database(*state, url);
    postgres_run(url, "create table appointments (mine int)");
    assert_int_equal(store_migrate(url, &applied, why), ERR_REFUSED);
    assert_non_null(strstr(why, "appointments"));
    assert_int_equal(postgres_number(url, "select count(*) from moonline_migrations"), 0);
    assert_int_equal(
        postgres_number(url, "select count(*) from pg_class where relname = 'contacts'"), 0);
}

/* Appointments and contacts of before the calendar stay as they were. */
static void old_rows_survive_the_calendar(void **state)
{
    char url[POSTGRES_URL_SIZE];
    postgres_new_database(*state, url);
    for (size_t i = 0; i < MIGRATION_COUNT; i++) {
        if (MIGRATIONS[i].number == 7)
            postgres_run(url,
                "insert into contacts (tenant_id, name, phone, email) values"
                " ('a', 'Ann', '1', 'Ann@example.com'), ('a', 'Bo', '2', 'ann@example.com');"
                "insert into appointments (tenant_id, contact_id, staff, status, starts_at, "
                "ends_at)"
                " select 'a', id, 'somebody', 'booked', '2030-01-01 10:00Z', '2030-01-01 11:00Z'"
                " from contacts where name = 'Ann';"
                "insert into appointments (tenant_id, status, starts_at, ends_at) values"
                " ('a', 'odd', '2030-01-01 10:00Z', '2030-01-01 11:00Z')");
        postgres_run(url, MIGRATIONS[i].sql);
    }
    assert_int_equal(postgres_number(url, "select count(*) from appointments where busy_until is "
                                          "null and updated_at is not null"),
        2);
    /* The constraint and the turns still hold. */
    assert_int_equal(
        postgres_number(url,
            "select count(*) from pg_constraint where conname = 'appointments_do_not_overlap'"),
        1);
    postgres_run(url, "update appointments set status = 'booked' where status = 'odd'");
    assert_int_equal(postgres_number(url, "select count(*) from contacts where details = '{}'"), 2);
}

static void no_server_is_said(void **state)
{
    char why[512];
    unsigned applied = 0;
    assert_int_equal(store_migrate("postgresql://moonline@/x?host=/nonexistent", &applied, why),
        ERR_UNREACHABLE);
    assert_true(why[0]);
}

/* A superuser's migration closes the fence by itself. */
static void a_superuser_closes_the_fence(void **state)
{
    struct postgres *postgres = *state;
    char url[POSTGRES_URL_SIZE], why[512];
    unsigned applied = 0;
    static const char question[] = "select has_function_privilege('moonline_tenant',"
                                   " 'pg_catalog.set_config(text, text, boolean)', 'execute')";
    postgres_new_database(postgres, url);
    char superuser[POSTGRES_URL_SIZE];
    snprintf(superuser, sizeof superuser, "postgresql://postgres@%s", strchr(url, '@') + 1);
    postgres_run(superuser, "grant execute on function set_config to public");
    assert_int_equal(store_migrate(url, &applied, why), ERR_OK);
    char answer[8];
    postgres_text(url, question, answer, sizeof answer);
    assert_string_equal(answer, "t");
    assert_int_equal(store_migrate(superuser, &applied, why), ERR_OK);
    postgres_text(url, question, answer, sizeof answer);
    assert_string_equal(answer, "f");
}

static int set_up(void **state)
{
    *state = postgres_start("store_migrate");
    return 0;
}

static int tear_down(void **state)
{
    postgres_stop(*state);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(databases_of_one_server_do_not_collide),
        cmocka_unit_test(migrating_again_changes_nothing),
        cmocka_unit_test(one_of_many_at_once_applies),
        cmocka_unit_test(a_failure_leaves_nothing_behind),
        cmocka_unit_test(old_rows_survive_the_calendar),
        cmocka_unit_test(no_server_is_said),
        cmocka_unit_test(a_superuser_closes_the_fence),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
