/* Whose rows: every table there is, tried by a tenant that wants another's. The list of tables, keys and functions comes from
   the server's own catalog, so that a new one without a line here fails. Each try is made through database_tenant_query, and
   past its check of words, by a plain connection in the tenants' role. */
#include "loop.h"

#define OF(tenant) "00000000-0000-4000-8000-00000000000" tenant

/* `rights`: of select, insert, update, delete. `row` puts one in: $T is the tenant, $P whom it points at. */
static const struct {
    const char *name, *rights, *row;
} TABLES[] = {
    {"tenants", "s", "(id, name) values ('$T', '$T')"},
    {"contacts", "siud", "(tenant_id, id, name, phone) values ('$T', '" OF("$P") "', '$T', '+1')"},
    {"contact_numbers", "s", "(tenant_id, phone, contact_id) values ('$T', '+2', '" OF("$P") "')"},
    {"conversations", "s",
        "(tenant_id, id, contact_id) values ('$T', '" OF("$T") "', '" OF("$P") "')"},
    {"calls", "s",
        "(tenant_id, id, from_number, contact_id, conversation_id) values ('$T', '" OF(
            "$T") "', "
                  "'anonymous', '" OF("$P") "', '" OF("$P") "')"},
    {"turns", "",
        "(tenant_id, id, call_id, caller_text) values ('$T', '" OF("$T") "', '" OF(
            "$P") "', '$T')"},
    {"messages", "s",
        "(tenant_id, id, call_id, text) values ('$T', '" OF("$T") "', '" OF("$P") "', '$T')"},
    {"tool_calls", "",
        "(tenant_id, id, call_id, name) values ('$T', '" OF("$T") "', '" OF("$P") "', '$T')"},
    {"call_traces", "s", "(tenant_id, id, call_id) values ('$T', '" OF("$T") "', '" OF("$P") "')"},
    {"usage", "s", "(tenant_id, id, call_id) values ('$T', '" OF("$T") "', '" OF("$P") "')"},
    {"budgets", "s", "(tenant_id, period, limit_seconds) values ('$T', 'day', 1)"},
    {"appointments", "siud",
        "(tenant_id, contact_id, staff, name, starts_at, ends_at) values ('$T', '" OF(
            "$P") "', '$P', '$T', "
                  "'2030-01-01 10:00Z', '2030-01-01 11:00Z')"},
    {"notes", "siud", "(tenant_id, contact_id, text) values ('$T', '" OF("$P") "', '$T')"},
    {"pipeline_stages", "s", "(tenant_id, id, name) values ('$T', '" OF("$P") "', 'new')"},
    {"leads", "siud",
        "(tenant_id, contact_id, stage_id, interest) values ('$T', '" OF("$P") "', '" OF(
            "$P") "', '$T')"},
    {"tasks", "siud", "(tenant_id, contact_id, title) values ('$T', '" OF("$P") "', '$T')"},
    {"tags", "s", "(tenant_id, name) values ('$T', 'vip')"},
    {"dispositions", "s", "(tenant_id, name) values ('$T', 'sold')"},
    {"recordings", "s", "(tenant_id, id, call_id) values ('$T', '" OF("$T") "', '" OF("$P") "')"},
    {"voicemails", "s", "(tenant_id, id, call_id) values ('$T', '" OF("$T") "', '" OF("$P") "')"},
    {"outbox", "s", "(tenant_id, kind, key, to_number) values ('$T', 'sms', 'k', '+1')"},
    {"opt_outs", "s", "(tenant_id, phone) values ('$T', '+1')"},
    {"consents", "s",
        "(tenant_id, phone, about, is_given, channel) values ('$T', '+1', 'sms', false, 'sms')"},
    {"agents", "s", "(tenant_id, name) values ('$T', '$T')"},
    {"tenant_settings", "s", "(tenant_id) values ('$T')"},
    {"memberships", "", "(user_id, tenant_id, role) values ('" OF("0") "', '$T', 'owner')"},
    {"audit", "", "(tenant_id, actor, action) values ('$T', '$T', 'x')"},
    {"staff", "s", "(tenant_id, name) values ('$T', 'Kim')"},
    {"business_hours", "s",
        "(tenant_id, staff, weekday, opens, closes) values ('$T', 'Kim', 1, '08:00', '17:00')"},
    {"holidays", "s", "(tenant_id, day) values ('$T', '2030-12-25')"},
    {"services", "s", "(tenant_id, name, minutes) values ('$T', 'cut', 30)"},
    {"faqs", "siud", "(tenant_id, question, answer) values ('$T', '$T', '$T')"},
    {"knowledge_documents", "siud", "(tenant_id, title, body) values ('$T', '$T', '$T')"},
    {"kv", "", "(tenant_id, key, value) values ('$T', 'k', '1')"},
    {"script_versions", "", "(tenant_id, version, bundle) values ('$T', '0123456789abcdef', '{}')"},
    {"script_bindings", "",
        "(tenant_id, version, reason) values ('$T', '0123456789abcdef', 'publish')"},
    {"script_applied", "",
        "(node, tenant_id, version, state) values ('n', '$T', '0123456789abcdef', 'applied')"},
    {"erased_people", "", "(tenant_id, mark) values ('$T', 'x')"},
    {"erased_calls", "", "(tenant_id, call_id, is_theirs) values ('$T', gen_random_uuid(), true)"},
    /* The runtime's own, of no tenant. */
    {"users", "", NULL},
    {"nodes", "", NULL},
    {"script_nodes", "", NULL},
    {"stream_claims", "", NULL},
    {"erasure_salt", "", NULL},
    {"moonline_migrations", "", NULL},
};
#define TABLE_COUNT (sizeof TABLES / sizeof *TABLES)

struct fixture {
    struct postgres *postgres;
    char url[POSTGRES_URL_SIZE];
    struct loop loop;
    struct database *database;
};

static const char *tenant_column(size_t table)
{
    return strcmp(TABLES[table].name, "tenants") == 0 ? "id" : "tenant_id";
}

static bool may(size_t table, char right)
{
    return strchr(TABLES[table].rights, right) != NULL;
}

static size_t table_of(const char *name)
{
    size_t table = 0;
    while (table < TABLE_COUNT && strcmp(TABLES[table].name, name) != 0)
        table++;
    return table;
}

static void write_insert(char out[600], size_t table, char tenant, char person)
{
    int len = snprintf(out, 600, "insert into %s ", TABLES[table].name);
    for (const char *at = TABLES[table].row; *at; at++) {
        bool is_place = at[0] == '$';
        out[len++] = !is_place ? *at : at[1] == 'T' ? tenant : person;
        at += is_place;
    }
    out[len] = '\0';
}

static int set_up(void **state)
{
    static struct fixture fixture;
    char sql[600];
    fixture.postgres = postgres_start("store_crossing");
    migrated_database(fixture.postgres, fixture.url);
    postgres_run(fixture.url, "insert into users (id, email, name) values ('" OF(
                                  "0") "', 'x@example.com', 'x');"
                                       "insert into script_nodes (node) values ('n')");
    for (size_t i = 0; i < TABLE_COUNT; i++) {
        for (char tenant = 'a'; TABLES[i].row && tenant <= 'b'; tenant++) {
            write_insert(sql, i, tenant, tenant);
            postgres_run(fixture.url, sql);
        }
    }
    loop_start(&fixture.loop);
    fixture.database = open_database(&fixture.loop, fixture.url, 2);
    *state = &fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    database_close(fixture->database);
    loop_end(&fixture->loop);
    postgres_stop(fixture->postgres);
    return 0;
}

/* ---- the catalog ---- */

/* Each row of the answer, three columns at most. */
static void for_each(const char *url, const char *sql, void (*fn)(const char *const values[3]))
{
    PGconn *pg = PQconnectdb(url);
    PGresult *result = postgres_result(pg, url, sql);
    assert_true(PQntuples(result) > 0);
    for (int row = 0; row < PQntuples(result); row++) {
        const char *values[3] = {"", "", ""};
        for (int column = 0; column < PQnfields(result) && column < 3; column++)
            values[column] = PQgetvalue(result, row, column);
        fn(values);
    }
    PQclear(result);
    PQfinish(pg);
}

static void expect_rights(const char *const table[3])
{
    size_t known = table_of(table[0]);
    if (known == TABLE_COUNT)
        fail_msg("%s is a new table: add it to TABLES, with what tenants may", table[0]);
    if (strcmp(table[1], TABLES[known].rights) != 0)
        fail_msg(
            "%s: tenants have the rights '%s', not '%s'", table[0], table[1], TABLES[known].rights);
    bool is_fenced = strcmp(table[2], "t") == 0;
    if (!is_fenced && TABLES[known].row)
        fail_msg("%s has no row-level security", table[0]);
}

static void every_table_is_known(void **state)
{
    struct fixture *f = *state;
    for_each(f->url,
        "select relname,"
        " (case when has_table_privilege('moonline_tenant', oid, 'select') then 's' else '' end"
        "  || case when has_table_privilege('moonline_tenant', oid, 'insert') then 'i' else '' end"
        "  || case when has_table_privilege('moonline_tenant', oid, 'update') then 'u' else '' end"
        "  || case when has_table_privilege('moonline_tenant', oid, 'delete') then 'd' else '' "
        "end),"
        " relrowsecurity from pg_class"
        " where relnamespace = 'public'::regnamespace and relkind in ('r', 'p', 'v', 'm', 'f')",
        expect_rights);
    assert_int_equal(postgres_number(f->url, "select count(*) from pg_class where relnamespace = "
                                             "'public'::regnamespace and relkind = 'r'"),
        TABLE_COUNT);
    /* A right to some columns only would be a right too. */
    assert_int_equal(
        postgres_number(f->url, "select count(*) from information_schema.column_privileges "
                                "where grantee = 'PUBLIC' and table_schema = 'public'"),
        0);
}

static void expect_own_rows(const char *const policy[3])
{
    if (!strstr(policy[1], "current_tenant()") ||
        (policy[2][0] && !strstr(policy[2], "current_tenant()")))
        fail_msg("the policy of %s lets others in: %s, %s", policy[0], policy[1], policy[2]);
}

static void every_policy_asks_whose(void **state)
{
    struct fixture *f = *state;
    for_each(f->url,
        "select tablename, qual, coalesce(with_check, '') from pg_policies where schemaname = "
        "'public'",
        expect_own_rows);
}

/* What may be written to must not tell of others by what it refuses: keys hold the tenant, but for ids nobody can guess. */
static void expect_no_oracle(const char *const key[3])
{
    size_t table = table_of(key[0]);
    if (table == TABLE_COUNT)
        fail_msg("%s is a new table: add it to TABLES", key[0]);
    if (!may(table, 'i') || strcmp(key[2], "{id}") == 0)
        return;
    if (!strstr(key[2], "tenant_id"))
        fail_msg("%s: %s is not the tenant's own", key[0], key[1]);
}

static void keys_hold_the_tenant(void **state)
{
    struct fixture *f = *state;
    for_each(f->url,
        "select t.relname, k.relname, (select array_agg(a.attname) from pg_attribute a"
        "  where a.attrelid = t.oid and a.attnum = any(i.indkey))"
        " from pg_index i join pg_class t on t.oid = i.indrelid join pg_class k on k.oid = "
        "i.indexrelid"
        " where t.relnamespace = 'public'::regnamespace and (i.indisunique or i.indisexclusion)",
        expect_no_oracle);
    for_each(f->url,
        "select t.relname, c.conname, (select array_agg(a.attname) from pg_attribute a"
        "  where a.attrelid = t.oid and a.attnum = any(c.conkey))"
        " from pg_constraint c join pg_class t on t.oid = c.conrelid"
        " where t.relnamespace = 'public'::regnamespace and c.contype = 'f'",
        expect_no_oracle);
}

static void expect_known_function(const char *const function[3])
{
    static const char *const known[] = {"take_calendar", "take_contacts", "find_person",
        "merge_contacts", "speaker_of", "save_lead", "save_task", "confirm_by_text"};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strcmp(function[0], known[i]) == 0)
            return;
    fail_msg("%s runs as the owner and tenants may call it: has it been tried here?", function[0]);
}

static void the_owners_functions_are_known(void **state)
{
    struct fixture *f = *state;
    for_each(f->url,
        "select proname from pg_proc where pronamespace = 'public'::regnamespace and prosecdef"
        " and has_function_privilege('moonline_tenant', oid, 'execute')",
        expect_known_function);
}

/* ---- tries ---- */

struct outcome {
    char sqlstate[6]; /* "": none */
    long count;       /* of rows that came or changed */
};

/* Past the check of words. */
static struct outcome try_at_server(struct fixture *f, const char *sql)
{
    struct outcome outcome = {"", 0};
    PGconn *pg = PQconnectdb(f->url);
    PQclear(postgres_result(pg, f->url, "begin"));
    PQclear(postgres_result(pg, f->url,
        "select set_config('moonline.tenant', 'a', true),"
        " set_config('role', 'moonline_tenant', true)"));
    PGresult *result = PQexec(pg, sql);
    const char *code = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    snprintf(outcome.sqlstate, sizeof outcome.sqlstate, "%s", code ? code : "");
    outcome.count =
        PQresultStatus(result) == PGRES_TUPLES_OK ? PQntuples(result) : atol(PQcmdTuples(result));
    PQclear(result);
    PQclear(PQexec(pg, "rollback"));
    PQfinish(pg);
    return outcome;
}

static void expect_nothing(struct fixture *f, const char *sql)
{
    struct outcome outcome = try_at_server(f, sql);
    if (!outcome.sqlstate[0] && outcome.count)
        fail_msg("the server let it: %s", sql);
    if (strcmp(outcome.sqlstate, "23505") == 0 || strcmp(outcome.sqlstate, "23P01") == 0)
        fail_msg("the refusal tells of another's row: %s", sql);
    struct answer answer = ask_as(&f->loop, f->database, "a", sql);
    if (!answer.err && (answer.rows || answer.affected))
        fail_msg("it was let: %s", sql);
}

static void expect_refusal(struct fixture *f, const char *sql, const char *sqlstate)
{
    struct outcome outcome = try_at_server(f, sql);
    if (strcmp(outcome.sqlstate, sqlstate) != 0)
        fail_msg("%s, not %s: %s", outcome.sqlstate, sqlstate, sql);
    assert_int_equal(ask_as(&f->loop, f->database, "a", sql).err, ERR_REFUSED);
}

/* What tenant b has, in one word. */
static void print_rows(struct fixture *f, size_t table, char out[64])
{
    char sql[300];
    snprintf(sql, sizeof sql,
        "select count(*) || md5(string_agg(t::text, ',' order by t::text)) from %s t where %s = "
        "'b'",
        TABLES[table].name, tenant_column(table));
    postgres_text(f->url, sql, out, 64);
    assert_int_equal(out[0], '1');
}

static void try_table(struct fixture *f, size_t table)
{
    const char *name = TABLES[table].name, *whose = tenant_column(table);
    char sql[600];
    struct outcome outcome;
    snprintf(sql, sizeof sql, "select 1 from %s where %s = 'b'", name, whose);
    expect_nothing(f, sql);
    snprintf(sql, sizeof sql, "select 1 from %s", name);
    outcome = try_at_server(f, sql);
    if (may(table, 's') ? outcome.count != 1 : strcmp(outcome.sqlstate, "42501") != 0)
        fail_msg("%s: %ld rows %s", sql, outcome.count, outcome.sqlstate);
    write_insert(sql, table, 'b', 'b');
    expect_nothing(f, sql);
    snprintf(sql, sizeof sql, "update %s set %s = %s where %s = 'b'", name, whose, whose, whose);
    expect_nothing(f, sql);
    snprintf(sql, sizeof sql, "update %s set %s = 'b'", name, whose);
    expect_refusal(f, sql, "42501");
    snprintf(sql, sizeof sql, "delete from %s where %s = 'b'", name, whose);
    expect_nothing(f, sql);
    bool points = strstr(TABLES[table].row, "$P") && strcmp(name, "contacts") != 0;
    write_insert(sql, table, 'a', 'b');
    if (points && may(table, 'i'))
        expect_refusal(f, sql, "23503");
}

static void no_table_can_be_crossed(void **state)
{
    struct fixture *f = *state;
    for (size_t i = 0; i < TABLE_COUNT; i++) {
        char before[64], after[64];
        if (!TABLES[i].row)
            continue;
        print_rows(f, i, before);
        try_table(f, i);
        print_rows(f, i, after);
        assert_string_equal(before, after);
    }
}

static void the_runtimes_own_are_out_of_reach(void **state)
{
    struct fixture *f = *state;
    for (size_t i = 0; i < TABLE_COUNT; i++) {
        char sql[200];
        if (TABLES[i].row)
            continue;
        snprintf(sql, sizeof sql, "select * from %s", TABLES[i].name);
        expect_refusal(f, sql, "42501");
        snprintf(sql, sizeof sql, "delete from %s", TABLES[i].name);
        expect_refusal(f, sql, "42501");
    }
}

static void functions_do_not_cross_either(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *sql, *sqlstate;
    } tries[] = {
        {"select merge_contacts('b', '" OF("b") "', '" OF("a") "')", "42501"},
        {"select merge_contacts('a', '" OF("a") "', '" OF("b") "')", "22023"},
        {"select queue_text('b', 'f', '+15550100002', '+15550100001', 'x', null, 'script', null, "
         "null)",
            "42501"},
        {"select send_text('b', 'f', '+15550100002', '+15550100001', 'x', null, null, true, 9, 9)",
            "42501"},
        {"select opt_out('a', '+15550100001', true, 'sms', 'x', null, null)", "42501"},
        {"select text_status('" OF("b") "', 'b', 'SM1', 'delivered', '')", "42501"},
        {"select after_quiet_hours('b', now())", "42501"},
        {"select erase_person('b', '+1', 'x', false, true)", "42501"},
        {"select scan_for('b', '{+15550100001}', '{}')", "42501"},
        {"select keep_house(1, 'x')", "42501"},
        {"select is_opted_out('b', '+1')", "42501"},
        {"select erased_mark('b', '+1')", "42501"},
        {"select conversation_of('b', '+15550100001', 'x')", "42501"},
        {"select conversation_of('a', '+15550100001', 'x')", "42501"},
        {"select contact_of('b', '+15550100001', 'x')", "42501"},
        {"insert into tasks (tenant_id, title, phone) values ('b', 'x', '+15550100001')", "42501"},
    };
    for (size_t i = 0; i < sizeof tries / sizeof *tries; i++)
        expect_refusal(f, tries[i].sql, tries[i].sqlstate);
    assert_int_equal(
        postgres_number(f->url, "select count(*) from contacts where tenant_id = 'b'"), 1);
    /* Another's call, or thread, says nothing of who is in it. */
    struct answer answer = ask_as(&f->loop, f->database, "a",
        "insert into leads (call_id, conversation_id) values ('" OF("b") "', '" OF(
            "b") "')"
                 " returning coalesce(contact_id, conversation_id)");
    assert_int_equal(answer.err, ERR_OK);
    assert_string_equal(answer.value, "");
    expect_nothing(f, "select 1 from save_task('message', 't', null, null, null, false, null, '" OF(
                          "b") "', null, null, "
                               "null) where contact_id is not null or conversation_id is not null "
                               "or tenant_id <> 'a'");
    expect_nothing(f, "select 1 from save_lead('B', '+1', 'x', null, null, null, '" OF(
                          "b") "') where contact_id <> '" OF("a") "' or tenant_id <> 'a'");
    expect_nothing(f, "select 1 from contacts c join (select speaker_of('+15550100009', 'B', '+1', "
                      "'b') as id) s on s.id = c.id where c.tenant_id <> 'a'");
    postgres_run(f->url, "delete from leads where contact_id is null");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_table_is_known),
        cmocka_unit_test(every_policy_asks_whose),
        cmocka_unit_test(keys_hold_the_tenant),
        cmocka_unit_test(the_owners_functions_are_known),
        cmocka_unit_test(no_table_can_be_crossed),
        cmocka_unit_test(the_runtimes_own_are_out_of_reach),
        cmocka_unit_test(functions_do_not_cross_either),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
