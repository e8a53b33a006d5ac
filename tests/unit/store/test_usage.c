/* What calls used, in the database: written again and again, summed for people, against what tenants may spend by their clocks. */
#include "loop.h"

#include "store/records.h"
#include "store/usage.h"

struct fixture {
    struct postgres *postgres;
    char url[POSTGRES_URL_SIZE];
    struct loop loop;
    struct database *database;
    struct records *records;
};

static int set_up(void **state)
{
    static struct fixture fixture;
    fixture.postgres = postgres_start("store_usage");
    migrated_database(fixture.postgres, fixture.url);
    loop_start(&fixture.loop);
    fixture.database = open_database(&fixture.loop, fixture.url, 2);
    assert_int_equal(records_open(&fixture.records, fixture.loop.net, fixture.url, 1000), ERR_OK);
    *state = &fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    records_close(fixture->records);
    database_close(fixture->database);
    loop_end(&fixture->loop);
    postgres_stop(fixture->postgres);
    return 0;
}

static int empty(void **state)
{
    struct fixture *fixture = *state;
    postgres_run(fixture->url, "truncate usage, budgets, calls, tenants");
    return 0;
}

static void expect_text(struct fixture *fixture, const char *sql, const char *expected)
{
    char text[500];
    postgres_text(fixture->url, sql, text, sizeof text);
    assert_string_equal(text, expected);
}

static bool all_written(void *owner)
{
    struct fixture *fixture = owner;
    return records_waiting(fixture->records) == 0;
}

static void put(struct fixture *fixture, const char *json)
{
    assert_int_equal(records_put_take(fixture->records, RECORD_USAGE, strdup(json)), ERR_OK);
    loop_run_until(&fixture->loop, all_written, fixture);
}

#define ROW(amounts)                                                                               \
    "{\"id\":\"0190a000-0000-7000-8000-000000000001\",\"tenant_id\":\"a\","                        \
    "\"call_id\":\"0190a000-0000-7000-8000-0000000000aa\",\"slot\":\"think\","                     \
    "\"provider\":\"openai\",\"model\":\"mini\",\"first_at\":\"2026-03-01T12:00:00."               \
    "000Z\"," amounts "}"

static void sums_told_again_are_the_same_row(void **state)
{
    struct fixture *fixture = *state;
    put(fixture, ROW("\"input_tokens\":10,\"output_tokens\":1,\"cost_micro_usd\":5"));
    put(fixture, ROW("\"input_tokens\":30,\"output_tokens\":3,\"cost_micro_usd\":15"));
    put(fixture, ROW("\"input_tokens\":30,\"output_tokens\":3,\"cost_micro_usd\":15"));
    expect_text(fixture,
        "select count(*) || ' ' || sum(input_tokens) || ' ' || sum(output_tokens) || ' ' ||"
        " sum(cost_micro_usd) || ' ' || (max(characters) is null) from usage",
        "1 30 3 15 true");
}

static void a_tenant_sees_its_own(void **state)
{
    struct fixture *fixture = *state;
    postgres_run(fixture->url, "insert into usage (id, tenant_id, call_id) values "
                               "(gen_random_uuid(), 'a', gen_random_uuid()),"
                               " (gen_random_uuid(), 'b', gen_random_uuid());"
                               "insert into budgets (tenant_id, period, limit_micro_usd) values "
                               "('a', 'day', 1), ('b', 'day', 1)");
    struct database *database = fixture->database;
    assert_string_equal(
        ask_as(&fixture->loop, database, "a", "select string_agg(tenant_id, ' ') from usage").value,
        "a");
    assert_string_equal(
        ask_as(&fixture->loop, database, "a", "select string_agg(tenant_id, ' ') from budgets")
            .value,
        "a");
    const char *const attacks[] = {"update budgets set limit_micro_usd = 1000000000",
        "delete from budgets", "delete from usage",
        "insert into budgets (tenant_id, period, limit_micro_usd) values ('a', 'month', 1)"};
    for (size_t i = 0; i < sizeof attacks / sizeof *attacks; i++)
        assert_int_equal(ask_as(&fixture->loop, database, "a", attacks[i]).err, ERR_REFUSED);
}

/* ---- reports ---- */

static void fill(struct fixture *fixture)
{
    postgres_run(fixture->url,
        "insert into tenants (id, time_zone) values ('ny', 'America/New_York'), ('odd', "
        "'No/Where');"
        "insert into usage (id, tenant_id, call_id, slot, provider, model, seconds, characters,"
        " input_tokens, cached_tokens, output_tokens, is_estimated, cost_micro_usd, first_at) "
        "values"
        /* two in the morning of the second by UTC is the first in New York */
        " (gen_random_uuid(), 'ny', '0190a000-0000-7000-8000-0000000000a1', 'hear', 'ears', 'w',"
        "  12.5, null, null, null, null, false, 1250, '2026-03-02T02:00Z'),"
        " (gen_random_uuid(), 'ny', '0190a000-0000-7000-8000-0000000000a1', 'speak', 'mouth', 'm',"
        "  null, 300, null, null, null, false, null, '2026-03-02T02:00Z'),"
        " (gen_random_uuid(), 'ny', '0190a000-0000-7000-8000-0000000000a2', 'think', 'mind, "
        "\"big\"', 'g',"
        "  null, null, 1000, 400, 50, true, 2000001, '2026-03-02T20:00Z'),"
        " (gen_random_uuid(), 'odd', '0190a000-0000-7000-8000-0000000000a3', 'hear', 'ears', 'w',"
        "  1, null, null, null, null, false, 100, '2026-03-02T02:00Z')");
}

struct report {
    bool is_here;
    enum err err;
    struct strbuf csv, json;
};

static void keep_report(void *owner, const struct query_answer *answer)
{
    struct report *report = owner;
    report->is_here = true;
    report->err = answer->err;
    if (answer->err)
        return;
    usage_csv(&report->csv, answer->rows);
    usage_json(&report->json, answer->rows);
}

static bool report_is_here(void *owner)
{
    return ((struct report *)owner)->is_here;
}

static void free_report(struct report *report)
{
    strbuf_free(&report->csv);
    strbuf_free(&report->json);
}

static struct report report(struct fixture *fixture, struct usage_question question)
{
    struct report report = {0};
    struct query *query;
    strbuf_init(&report.csv, 100000);
    strbuf_init(&report.json, 100000);
    assert_int_equal(
        usage_ask(&query, fixture->database, &question, 10000, keep_report, &report), ERR_OK);
    loop_run_until(&fixture->loop, report_is_here, &report);
    assert_int_equal(report.err, ERR_OK);
    return report;
}

static void expect_csv(
    struct fixture *fixture, struct usage_question question, const char *expected)
{
    struct report found = report(fixture, question);
    const char *body = strchr(found.csv.data, '\n') + 1;
    assert_string_equal(body, expected);
    free_report(&found);
}

static void days_are_the_tenants_own(void **state)
{
    struct fixture *fixture = *state;
    fill(fixture);
    expect_csv(fixture, (struct usage_question){.by = USAGE_BY_DAY},
        "ny,2026-03-02,1,0,0,1000,400,50,t,2.000001,0\r\n"
        "odd,2026-03-02,1,1.000,0,0,0,0,f,0.000100,0\r\n"
        "ny,2026-03-01,1,12.500,300,0,0,0,f,0.001250,1\r\n");
    expect_csv(fixture,
        (struct usage_question){
            .tenant_id = SLICE("ny"), .from = SLICE("2026-03-01"), .to = SLICE("2026-03-01")},
        "ny,2026-03-01,1,12.500,300,0,0,0,f,0.001250,1\r\n");
    expect_csv(fixture, (struct usage_question){.from = SLICE("2026-03-03")}, "");
}

static void usage_is_told_by_call_and_by_provider(void **state)
{
    struct fixture *fixture = *state;
    fill(fixture);
    expect_csv(fixture, (struct usage_question){.by = USAGE_BY_PROVIDER, .tenant_id = SLICE("ny")},
        "ny,hear,ears,w,1,12.500,0,0,0,0,f,0.001250,0\r\n"
        "ny,speak,mouth,m,1,0,300,0,0,0,f,,1\r\n"
        "ny,think,\"mind, \"\"big\"\"\",g,1,0,0,1000,400,50,t,2.000001,0\r\n");
    struct report found =
        report(fixture, (struct usage_question){.by = USAGE_BY_CALL, .tenant_id = SLICE("odd")});
    assert_string_equal(found.json.data,
        "{\"usage\":[{\"tenant\":\"odd\",\"day\":\"2026-03-02\","
        "\"call\":\"0190a000-0000-7000-8000-0000000000a3\",\"calls\":1,\"seconds\":1.000,"
        "\"characters\":0,\"input_tokens\":0,\"cached_tokens\":0,\"output_tokens\":0,"
        "\"is_estimated\":false,\"cost_usd\":0.000100,\"unpriced\":0}]}\n");
    free_report(&found);
    found = report(fixture, (struct usage_question){.tenant_id = SLICE("nobody' or true")});
    assert_string_equal(found.json.data, "{\"usage\":[]}\n");
    free_report(&found);
}

static void names_and_days_are_read(void **state)
{
    enum usage_by by;
    assert_true(usage_by_of(SLICE("call"), &by));
    assert_int_equal(by, USAGE_BY_CALL);
    assert_false(usage_by_of(SLICE("week"), &by));
    assert_true(usage_is_day(SLICE("2026-01-31")));
    assert_false(usage_is_day(SLICE("2026-1-31")));
    assert_false(usage_is_day(SLICE("31.01.2026")));
    assert_false(usage_is_day(SLICE("")));
}

/* ---- budgets ---- */

struct sums {
    bool is_here;
    char text[300]; /* "day 1.5/2 10/- zone;" */
};

static void keep_sums(void *owner, const struct query_answer *answer)
{
    struct sums *sums = owner;
    sums->is_here = true;
    assert_int_equal(answer->err, ERR_OK);
    for (size_t row = 0; row < rows_count(answer->rows); row++) {
        size_t len = strlen(sums->text);
        for (size_t column = 1; column < rows_columns(answer->rows); column++) {
            struct slice value = rows_get(answer->rows, row, column);
            len += (size_t)snprintf(
                sums->text + len, sizeof sums->text - len, "%.*s ", (int)value.len, value.data);
        }
        snprintf(sums->text + len, sizeof sums->text - len, ";");
    }
}

static bool sums_are_here(void *owner)
{
    return ((struct sums *)owner)->is_here;
}

static void expect_sums(
    struct fixture *fixture, const char *tenant_id, const char *at, const char *expected)
{
    struct sums sums = {0};
    struct query *query;
    assert_int_equal(
        budgets_ask(&query, fixture->database, tenant_id, at, 10000, keep_sums, &sums), ERR_OK);
    loop_run_until(&fixture->loop, sums_are_here, &sums);
    assert_string_equal(sums.text, expected);
}

static void limit(struct fixture *fixture, const char *tenant_id, const char *period,
    struct slice micro_usd, struct slice seconds)
{
    struct answer answer = {0};
    struct query *query;
    assert_int_equal(budget_set(&query, fixture->database, tenant_id, period, micro_usd, seconds,
                         10000, answer_keep, &answer),
        ERR_OK);
    loop_run_until(&fixture->loop, answer_is_here, &answer);
    assert_int_equal(answer.err, ERR_OK);
}

static const struct slice same = {NULL, 0};

static void a_day_begins_by_the_tenants_clock(void **state)
{
    struct fixture *fixture = *state;
    fill(fixture);
    limit(fixture, "ny", "day", SLICE("5000000"), same);
    limit(fixture, "odd", "day", SLICE("5000000"), same);
    /* New York: the first of March until 5:00 UTC of the second */
    expect_sums(fixture, "ny", "2026-03-02T04:59Z", "day 5000000  2001251 0 America/New_York ;");
    expect_sums(fixture, "ny", "2026-03-02T05:01Z", "day 5000000  2000001 0 America/New_York ;");
    expect_sums(fixture, "ny", "2026-03-03T05:01Z", "day 5000000  0 0 America/New_York ;");
    /* a zone that nobody knows is UTC, and nobody else's harm */
    expect_sums(fixture, "odd", "2026-03-02T23:00Z", "day 5000000  100 0 UTC ;");
    expect_sums(fixture, "", "2026-03-02T12:00Z",
        "day 5000000  2000001 0 America/New_York ;day 5000000  100 0 UTC ;");
    postgres_run(fixture->url, "update tenants set time_zone = 'Asia/Tokyo' where id = 'ny'");
    expect_sums(fixture, "ny", "2026-03-02T12:00Z", "day 5000000  2001251 0 Asia/Tokyo ;");
}

static void limits_are_set_one_by_one_and_go_together(void **state)
{
    struct fixture *fixture = *state;
    struct answer answer = {0};
    struct query *query;
    postgres_run(fixture->url, "insert into calls (id, tenant_id, started_at, answered_at, "
                               "ended_at) values"
                               " (gen_random_uuid(), 'a', '2026-03-02T10:00Z', "
                               "'2026-03-02T10:00Z', '2026-03-02T10:02Z'),"
                               " (gen_random_uuid(), 'a', '2026-03-02T11:59Z', "
                               "'2026-03-02T11:59Z', null),"
                               " (gen_random_uuid(), 'a', '2026-03-02T01:00Z', "
                               "'2026-03-02T01:00Z', null)," /* died */
                               " (gen_random_uuid(), 'a', '2026-03-02T11:00Z', null, "
                               "'2026-03-02T11:00Z')"); /* turned away */
    limit(fixture, "a", "day", SLICE("100"), same);
    limit(fixture, "a", "day", same, SLICE("3600"));
    limit(fixture, "a", "month", same, SLICE("7200"));
    limit(fixture, "a", "month", same, SLICE("7300"));
    expect_sums(
        fixture, "a", "2026-03-02T12:00Z", "day 100 3600 0 14580 UTC ;month  7300 0 14580 UTC ;");
    assert_int_equal(
        budget_clear(&query, fixture->database, "a", 10000, answer_keep, &answer), ERR_OK);
    loop_run_until(&fixture->loop, answer_is_here, &answer);
    expect_sums(fixture, "a", "", "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(sums_told_again_are_the_same_row, empty),
        cmocka_unit_test_teardown(a_tenant_sees_its_own, empty),
        cmocka_unit_test_teardown(days_are_the_tenants_own, empty),
        cmocka_unit_test_teardown(usage_is_told_by_call_and_by_provider, empty),
        cmocka_unit_test(names_and_days_are_read),
        cmocka_unit_test_teardown(a_day_begins_by_the_tenants_clock, empty),
        cmocka_unit_test_teardown(limits_are_set_one_by_one_and_go_together, empty),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
