/* Tenants' SQL: what it can do for its own rows, and that it cannot leave them. Each attack is tried
   twice: through database_tenant_query, where the check of its words answers, and past that check, by
   a plain connection in the tenants' role, where the server itself must hold. */
#include "loop.h"

#define B_CONTACT "00000000-0000-4000-8000-00000000000b"

struct fixture {
    struct postgres *postgres;
    char url[POSTGRES_URL_SIZE];
    struct loop loop;
    struct database *database;
};

static int set_up(void **state)
{
    static struct fixture fixture;
    fixture.postgres = postgres_start("store_tenant");
    migrated_database(fixture.postgres, fixture.url);
    postgres_run(fixture.url,
        "insert into contacts (id, tenant_id, name, phone) values"
        " (gen_random_uuid(), 'a', 'Ann', '1'), ('" B_CONTACT "', 'b', 'secret', '2');"
        "insert into notes (tenant_id, contact_id, text) select tenant_id, id, name from contacts;"
        "insert into staff (tenant_id, name) values ('a', 'Kim'), ('b', 'secret');"
        "insert into business_hours (tenant_id, staff, weekday, opens, closes) values"
        " ('a', null, 1, '08:00', '17:00'), ('b', 'secret', 2, '08:00', '17:00');"
        "insert into holidays (tenant_id, day, name) values ('a', '2030-12-25', 'Christmas'),"
        " ('b', '2030-12-25', 'secret');"
        "insert into services (tenant_id, name, minutes) values ('a', 'cut', 30),"
        " ('b', 'secret', 30);"
        "insert into appointments (tenant_id, name, starts_at, ends_at) values"
        " ('b', 'secret', '2030-01-01 10:00Z', '2030-01-01 11:00Z');"
        "insert into calls (id, tenant_id, from_number) values (gen_random_uuid(), 'b', 'secret');"
        "insert into turns (id, tenant_id, call_id, caller_text)"
        " values (gen_random_uuid(), 'b', gen_random_uuid(), 'secret');"
        "insert into kv (tenant_id, key, value) values ('b', 'k', '\"secret\"');"
        "insert into faqs (tenant_id, question, answer) values ('b', 'secret', 'secret');"
        "insert into knowledge_documents (tenant_id, title, body) values ('b', 'secret', "
        "'secret');"
        "insert into script_versions (tenant_id, version, bundle) values ('b', '0123456789abcdef', "
        "'{}');"
        "insert into script_bindings (tenant_id, version, reason) values ('b', '0123456789abcdef', "
        "'publish');"
        "insert into script_nodes (node) values ('n');"
        "insert into script_applied (node, tenant_id, version, state) values ('n', 'b', "
        "'0123456789abcdef', 'applied');"
        "insert into tenants (id, name) values ('a', 'A'), ('b', 'secret')");
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

static void a_tenant_works_on_its_own_rows(void **state)
{
    struct fixture *f = *state;
    assert_string_equal(
        ask_as(&f->loop, f->database, "a", "select name from contacts").value, "Ann");
    assert_string_equal(ask_as(&f->loop, f->database, "a", "select name from tenants").value, "A");
    struct answer answer = ask_as(&f->loop, f->database, "a",
        "insert into contacts (name, phone) values ('Bo', '2') on conflict (tenant_id, phone) "
        "do update set name = excluded.name returning tenant_id");
    assert_int_equal(answer.err, ERR_OK);
    assert_string_equal(answer.value, "a");
    answer =
        ask_as(&f->loop, f->database, "a", "update contacts set email = 'x' where phone = '2'");
    assert_int_equal(answer.affected, 1);
    answer = ask_as(&f->loop, f->database, "a", "delete from contacts where phone = '2'");
    assert_int_equal(answer.affected, 1);
    assert_int_equal(
        postgres_number(f->url, "select count(*) from contacts where name = 'secret'"), 1);
    /* An unknown tenant sees nothing, and afterwards we are ourselves again. */
    assert_int_equal(ask_as(&f->loop, f->database, "nobody", "select * from contacts").rows, 0);
    assert_int_equal(ask(&f->loop, f->database, "select * from contacts").rows, 2);
    assert_string_equal(ask(&f->loop, f->database, "select current_user").value, "moonline");
}

/* The statement that the dental tenant books with: parameters without a type, in a SELECT list. */
static void parameters_take_their_columns_types(void **state)
{
    struct fixture *f = *state;
    struct slice params[] = {SLICE("0190a000-0000-7000-8000-000000000001"), SLICE("Ann"),
        SLICE("1"), SLICE("cleaning"), SLICE("1893490200"), SLICE("1893492000.5")};
    struct answer answer = {0};
    struct query *query;
    assert_int_equal(database_tenant_query(&query, f->database, "a",
                         "INSERT INTO appointments (contact_id, call_id, name, phone, service, "
                         "starts_at, ends_at) SELECT (SELECT id FROM contacts WHERE phone = $3), "
                         "$1, $2, $3, $4, to_timestamp($5), to_timestamp($6) RETURNING contact_id",
                         params, 6, 5000, answer_keep, &answer),
        ERR_OK);
    loop_run_until(&f->loop, answer_is_here, &answer);
    if (answer.err)
        fail_msg("%s %s", answer.sqlstate, answer.why);
    assert_int_equal(strlen(answer.value), 36);
    postgres_run(f->url, "delete from appointments where tenant_id = 'a'");
}

/* What the console edits a script may read; contacts are kept by a function of ours. */
static void a_tenant_reads_its_hours(void **state)
{
    struct fixture *f = *state;
    static const char *const questions[][2] = {
        {"select string_agg(name, ',') from staff", "Kim"},
        {"select string_agg(weekday::text, ',') from business_hours", "1"},
        {"select string_agg(name, ',') from holidays", "Christmas"},
        {"select string_agg(name, ',') from services", "cut"},
        {"select string_agg(text, ',') from notes", "Ann"},
        {"select name from save_contact('Bo', '2', null, null)", "Bo"},
        {"select name from save_contact(null, '2', 'bo@example.com', null)", "Bo"},
        {"delete from contacts where phone = '2' returning email", "bo@example.com"},
        {"insert into notes (contact_id, text) select id, 'x' from contacts returning text", "x"},
        {"delete from notes where text = 'x' returning text", "x"},
    };
    for (size_t i = 0; i < sizeof questions / sizeof *questions; i++) {
        struct answer answer = ask_as(&f->loop, f->database, "a", questions[i][0]);
        if (answer.err || strcmp(answer.value, questions[i][1]) != 0)
            fail_msg("%s: %s %s", questions[i][0], answer.value, answer.why);
    }
    /* The neighbour has that number too. */
    assert_int_equal(postgres_number(f->url, "select count(*) from contacts where tenant_id = 'b' "
                                             "and name = 'secret' and phone = '2'"),
        1);
}

static const char *const ATTACKS[] = {
    /* Tables of the calendar. */
    "select * from staff where tenant_id = 'b'",
    "select * from business_hours where weekday = 2",
    "select * from holidays where name = 'secret'",
    "select * from services where name = 'secret'",
    "select * from notes where text = 'secret'",
    "insert into staff (name) values ('planted')",
    "insert into staff (tenant_id, name) values ('b', 'planted')",
    "update staff set name = 'planted'",
    "delete from staff",
    "insert into business_hours (weekday, opens, closes) values (3, '00:00', '24:00')",
    "insert into business_hours (tenant_id, weekday, opens, closes) values ('b', 3, '00:00', "
    "'24:00')",
    "update business_hours set closes = '24:00'",
    "delete from business_hours",
    "insert into holidays (day, name) values ('2030-01-01', 'planted')",
    "insert into holidays (tenant_id, day, name) values ('b', '2030-01-01', 'planted')",
    "update holidays set name = 'planted'",
    "delete from holidays",
    "insert into services (name, minutes) values ('planted', 1)",
    "insert into services (tenant_id, name, minutes) values ('b', 'planted', 1)",
    "update services set name = 'planted'",
    "delete from services",
    "insert into notes (tenant_id, contact_id, text) values ('b', '" B_CONTACT "', 'planted')",
    "insert into notes (contact_id, text) values ('" B_CONTACT "', 'planted')",
    "update notes set tenant_id = 'b', text = 'planted'",
    "update notes set contact_id = '" B_CONTACT "'",
    "delete from notes where tenant_id = 'b'",
    "insert into appointments (contact_id, name, starts_at, ends_at) values ('" B_CONTACT "', "
    "'planted', now(), now() + interval '1 hour')",
    "select take_contacts(), name from contacts where tenant_id = 'b'",
    "truncate notes",
    /* What scripts keep and know, and what is published to them. */
    "select * from kv",
    "insert into kv (tenant_id, key, value) values ('a', 'k', '1')",
    "insert into kv (tenant_id, key, value) values ('b', 'planted', '1')",
    "update kv set tenant_id = 'a'",
    "delete from kv",
    "select question from faqs",
    "insert into faqs (tenant_id, question, answer) values ('b', 'planted', 'planted')",
    "update faqs set answer = 'planted'",
    "delete from faqs",
    "select body from knowledge_documents",
    "insert into knowledge_documents (tenant_id, title, body) values ('b', 'planted', 'x')",
    "update knowledge_documents set title = 'planted'",
    "delete from knowledge_documents",
    "select title from knowledge_search('secret', 'english', '[]', 8)",
    "select public.knowledge_search('secret', 'english', '[]', 8)",
    "select * from script_versions",
    "insert into script_versions (tenant_id, version, bundle) values ('a', '0123456789abcdef', "
    "'{}')",
    "update script_versions set bundle = '{\"planted\":1}'",
    "insert into script_bindings (tenant_id, version, reason) values ('b', '0123456789abcdef', "
    "'planted')",
    "delete from script_bindings",
    "select * from script_nodes",
    "delete from script_nodes",
    "update script_applied set state = 'planted'",
    "select * from stream_claims",
    "select state, tags, phase from calls",
    /* And of old. */
    "select set_config('moonline.tenant', 'b', true), name from contacts",
    "select set_config('moonline.tenant', 'b', false), (select min(name) from contacts)",
    "with x as materialized (select set_config('moonline.tenant', 'b', true) as s) "
    "select name from contacts, x where x.s is not null",
    "select pg_catalog.set_config('role', 'none', true), name from contacts",
    "select set_config('role', 'moonline', true), name from contacts",
    "select set_config('session_authorization', 'moonline', true), name from contacts",
    "select set_config('row_security', 'off', true), name from contacts",
    "update pg_settings set setting = 'b' where name = 'moonline.tenant'",
    "with x as (update pg_settings set setting = 'none' where name = 'role' returning 1) "
    "select name from contacts, x",
    "select query_to_xml('select set_' || 'config(''moonline.tenant'', ''b'', true)', true, true, "
    "'') "
    "|| '', name from contacts",
    "select query_to_xml('select * from calls', true, true, '')",
    "select table_to_xml('turns', true, true, '')",
    "select database_to_xml(true, true, '')",
    "select * from ts_stat('select to_tsvector(name) from contacts')",
    "select name from contacts where tenant_id = 'b'",
    "select from_number from calls",
    "select caller_text from turns",
    "select * from tool_calls",
    "select * from moonline_migrations",
    "insert into contacts (tenant_id, name) values ('b', 'planted')",
    "update contacts set tenant_id = 'b'",
    "update appointments set name = 'planted' where tenant_id = 'b'",
    "delete from appointments where tenant_id = 'b'",
    "insert into contacts (tenant_id, name, phone) values ('b', 'x', '2') "
    "on conflict (tenant_id, phone) do update set name = 'planted'",
    "insert into appointments (contact_id, starts_at, ends_at) "
    "select id, now(), now() + interval '1 hour' from contacts where tenant_id = 'b'",
    "update tenants set name = 'planted'",
    "delete from calls",
    "select * into temp contacts from contacts",
    "select * into planted from contacts",
    "select pg_sleep(0.2)",
    "select pg_sleep_for('0.2 s')",
    "select pg_read_file('/etc/passwd')",
    "select pg_ls_dir('/')",
    "select lo_import('/etc/passwd')",
    "select lo_create(0)",
    "select lo_from_bytea(0, 'x')",
    "select pg_advisory_lock(7206613001)",
    "select pg_try_advisory_xact_lock(1)",
    "select pg_notify('x', 'y')",
    "select pg_terminate_backend(pid) from pg_stat_activity where usename = 'moonline'",
    "select pg_reload_conf()",
    "select * from dblink('dbname=x', 'select 1') as t(a int)",
    "select nextval('x')",
    "copy contacts to stdout",
    "copy contacts from program 'id'",
    "do $$ begin perform 1; end $$",
    "set role none",
    "reset role",
    "set session authorization default",
    "create function f() returns int language sql as 'select 1'",
    "create temp table contacts (a int)",
    "alter table contacts disable row level security",
    "drop policy own_rows on contacts",
    "grant moonline to moonline_tenant",
    /* The same by other spellings and detours. */
    "select \"set_config\"('moonline.tenant', 'b', true), name from contacts",
    "select U&\"set_\\0063onfig\"('moonline.tenant', 'b', true), name from contacts",
    "select set_config/**/('moonline.tenant', 'b', true), name from contacts",
    "select PG_CATALOG . SET_CONFIG ('moonline.tenant', 'b', true), name from contacts",
    "insert into contacts (name) select name from contacts where "
    "set_config('moonline.tenant', 'b', true) is not null returning name",
    "update contacts set name = name where set_config('moonline.tenant', 'b', true) <> '' "
    "returning name",
    "select name from contacts order by set_config('moonline.tenant', 'b', true)",
    "select (select name from contacts limit 1) from (select set_config('moonline.tenant', 'b', "
    "true) offset 0) x",
    "select c.query_to_xml from contacts c",
    "select name from contacts where name operator(pg_catalog.=) 'secret'",
    "select cursor_to_xml('x', 1, true, true, '')",
    "select schema_to_xml('public', true, true, '')",
    "select query_to_xml_and_xmlschema('select * from calls', true, true, '')",
    "select * from json_populate_recordset(null::contacts, (select query_to_xml('x', true, true, "
    "''))::text::json)",
    "select plainto_tsquery(set_config('moonline.tenant', 'b', true)), name from contacts",
    "select * from ts_rewrite('a', 'select ''a''::tsquery, name::tsquery from contacts')",
    /* What the server knows of everybody. */
    "select usename, query from pg_stat_activity where query like '%' || 'secr' || 'et%'",
    "select most_common_vals::text from pg_stats where tablename = 'contacts'",
    "select stxdmcv from pg_statistic_ext_data",
    "select * from pg_authid",
    "select setting from pg_settings where name = 'moonline.tenant'",
    "select current_setting('moonline.tenant')",
    "select * from pg_prepared_statements",
    "select rolpassword from pg_shadow",
    "select pg_get_viewdef('tenants'::regclass)",
    "select * from pg_hba_file_rules",
    "select pg_stat_file('base')",
    "select pg_read_binary_file('PG_VERSION')",
    "select pg_export_snapshot()",
    "select pg_switch_wal()",
    "select pg_logical_emit_message(true, 'x', 'y')",
    "select pg_cancel_backend(pid) from pg_stat_activity",
    "select txid_current()",
    /* What would stay. */
    "listen x",
    "notify x, 'y'",
    "prepare p as select 1",
    "execute p",
    "deallocate all",
    "discard all",
    "declare c cursor with hold for select 1",
    "begin",
    "commit",
    "rollback",
    "savepoint a",
    "set transaction isolation level serializable",
    "lock table contacts",
    "truncate contacts",
    "create temp view contacts as select 1",
    "create schema x",
    "set search_path = pg_temp, public",
    "set local moonline.tenant = 'b'",
    "alter role moonline_tenant set moonline.tenant = 'b'",
    "alter role moonline_tenant superuser",
    "alter system set log_statement = 'all'",
    "create extension dblink",
    "create server s foreign data wrapper postgres_fdw",
    "refresh materialized view x",
    "call p()",
    "select 1; select set_config('moonline.tenant', 'b', false)",
    "select 1;\nreset role",
    "with x as (insert into contacts (tenant_id, name) values ('b', 'planted') returning 1) "
    "select 1 from x",
    "merge into contacts c using (select 'b' as t) s on c.tenant_id = s.t when not matched then "
    "insert (tenant_id, name) values ('b', 'planted')",
    "with s as (select 1) merge into contacts c using s on true when matched then update set "
    "tenant_id = 'b'",
    "insert into tool_calls (id, tenant_id, call_id, name) values (gen_random_uuid(), 'b', "
    "gen_random_uuid(), 'planted')",
    "insert into messages (id, text) values (gen_random_uuid(), 'planted')",
};

#define ATTACK_COUNT (sizeof ATTACKS / sizeof ATTACKS[0])

static void expect_nothing_happened(struct fixture *f, const char *attack)
{
    long harm = postgres_number(f->url,
        "select (select count(*) from contacts where name = 'planted')"
        " + (select count(*) from appointments where name = 'planted')"
        " + (select count(*) from tenants where name = 'planted')"
        " + (select count(*) from staff where name = 'planted')"
        " + (select count(*) from holidays where name = 'planted')"
        " + (select count(*) from services where name = 'planted')"
        " + (select count(*) from notes where text = 'planted')"
        " + abs((select count(*) from staff) - 2) + abs((select count(*) from holidays) - 2)"
        " + abs((select count(*) from services) - 2) + abs((select count(*) from notes) - 2)"
        " + (select count(*) from faqs where 'planted' in (question, answer))"
        " + (select count(*) from knowledge_documents where title = 'planted')"
        " + abs((select count(*) from kv where tenant_id = 'b' and key = 'k') - 1)"
        " + abs((select count(*) from kv) - 1) + abs((select count(*) from faqs) - 1)"
        " + abs((select count(*) from knowledge_documents) - 1)"
        " + abs((select count(*) from script_versions where bundle = '{}') - 1)"
        " + abs((select count(*) from script_bindings) - 1)"
        " + abs((select count(*) from script_applied where state = 'applied') - 1)"
        " + abs((select count(*) from business_hours where closes = '17:00') - 2)"
        " + abs((select count(*) from business_hours) - 2)"
        " + (select count(*) from pg_class where relname = 'planted')"
        " + abs((select count(*) from contacts where tenant_id = 'b') - 1)"
        " + abs((select count(*) from appointments where tenant_id = 'b') - 1)"
        " + abs((select count(*) from calls) - 1)");
    if (harm)
        fail_msg("harm done by: %s", attack);
}

static void attacks_fail_as_asked(void **state)
{
    struct fixture *f = *state;
    for (size_t i = 0; i < ATTACK_COUNT; i++) {
        struct answer answer = ask_as(&f->loop, f->database, "a", ATTACKS[i]);
        if (!answer.err && (answer.rows || answer.affected))
            fail_msg("answered %s: %s", answer.value, ATTACKS[i]);
        expect_nothing_happened(f, ATTACKS[i]);
    }
    /* No session was left as somebody else. */
    for (size_t i = 0; i < 6; i++) {
        assert_string_equal(
            ask(&f->loop, f->database, "select current_user || coalesce(current_tenant(), '')")
                .value,
            "moonline");
    }
}

/* SET, RESET and session_authorization are statements of their own: only the check of the words keeps
   them out, since a role may always go back. Everything else the server must refuse as well. */
static bool server_cannot_refuse(const char *attack)
{
    return !strncmp(attack, "set ", 4) || !strncmp(attack, "reset ", 6);
}

static bool shows_secret(const PGresult *result)
{
    for (int row = 0; row < PQntuples(result); row++) {
        for (int column = 0; column < PQnfields(result); column++) {
            if (strstr(PQgetvalue(result, row, column), "secret"))
                return true;
        }
    }
    return false;
}

static void attacks_fail_at_the_server_too(void **state)
{
    struct fixture *f = *state;
    for (size_t i = 0; i < ATTACK_COUNT; i++) {
        if (server_cannot_refuse(ATTACKS[i]))
            continue;
        PGconn *pg = PQconnectdb(f->url);
        PQclear(postgres_result(pg, f->url, "begin"));
        PQclear(postgres_result(pg, f->url,
            "select set_config('moonline.tenant', 'a', true), set_config('role', "
            "'moonline_tenant', true)"));
        PGresult *result = PQexec(pg, ATTACKS[i]);
        bool is_answer = PQresultStatus(result) == PGRES_TUPLES_OK ||
                         PQresultStatus(result) == PGRES_COMMAND_OK ||
                         PQresultStatus(result) == PGRES_COPY_OUT;
        bool has_changed = PQcmdTuples(result)[0] && strcmp(PQcmdTuples(result), "0");
        bool is_select = PQresultStatus(result) == PGRES_TUPLES_OK;
        if (shows_secret(result) || (is_answer && has_changed && !is_select))
            fail_msg("the server allowed: %s", ATTACKS[i]);
        PQclear(result);
        PQclear(PQexec(pg, "commit"));
        PQfinish(pg);
        expect_nothing_happened(f, ATTACKS[i]);
    }
}

/* Conditions of a statement are evaluated after the policy: what they raise says nothing of others' rows. */
static void errors_tell_nothing_of_others(void **state)
{
    struct fixture *f = *state;
    static const char *const probes[] = {
        "select name from contacts where 1 / (length(name) - 6) < 5",
        "select name from contacts where cast(name as int) > 0 and name = 'secret'",
        "select count(*) from contacts where 1 / (case when name = 'secret' then 0 else 1 end) = 1",
    };
    for (size_t i = 0; i < 3; i++) {
        struct answer answer = ask_as(&f->loop, f->database, "nobody", probes[i]);
        if (answer.err)
            fail_msg("%s: %s", probes[i], answer.why);
    }
}

/* An answer that would fill our memory ends its connection, not the process, and the next one is fine. */
static void large_answers_end(void **state)
{
    struct fixture *f = *state;
    static const char doubling[] =
        "with recursive t(s) as (select text 'x' union all select s || s "
        "from t where length(s) < 3e7) select s from t";
    static const char replacing[] =
        "select replace(replace(replace('aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
        "', 'a', 'bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb'), 'b', 'ccccccccccccc"
        "ccccccccccccccccccccccccccccccccccc'), 'c', 'ddddddddddddddddddddddddddddddddddd"
        "ddddddddddddd')";
    static const char *const bombs[] = {
        doubling,
        replacing,
        "with recursive t(n) as (select 1 union all select n + 1 from t) select n from t",
    };
    for (size_t i = 0; i < sizeof bombs / sizeof *bombs; i++) {
        struct answer answer = ask_as(&f->loop, f->database, "a", bombs[i]);
        if (answer.err != ERR_FULL)
            fail_msg("%s: %s %s", bombs[i], err_name(answer.err), answer.why);
        assert_string_equal(ask_as(&f->loop, f->database, "b", "select 1").value, "1");
    }
}

struct crowd {
    struct answer slow[12], quick;
};

static bool quick_is_here(void *owner)
{
    return ((struct crowd *)owner)->quick.is_here;
}

static bool crowd_is_over(void *owner)
{
    struct crowd *crowd = owner;
    for (size_t i = 0; i < 12; i++)
        if (!crowd->slow[i].is_here)
            return false;
    return true;
}

/* One tenant's slow statements take half of the connections at most: another's is answered before any of them. */
static void slow_statements_hold_up_nobody_else(void **state)
{
    struct fixture *f = *state;
    static struct crowd crowd;
    struct query *query;
    memset(&crowd, 0, sizeof crowd);
    for (size_t i = 0; i < 12; i++)
        assert_int_equal(
            database_tenant_query(&query, f->database, "a",
                "with recursive t(n) as (select 1 union all select n + 1 from t) select count(*) "
                "from t",
                NULL, 0, 1500, answer_keep, &crowd.slow[i]),
            ERR_OK);
    assert_int_equal(database_tenant_query(&query, f->database, "b", "select 1", NULL, 0, 20000,
                         answer_keep, &crowd.quick),
        ERR_OK);
    loop_run_until(&f->loop, quick_is_here, &crowd);
    assert_int_equal(crowd.quick.err, ERR_OK);
    for (size_t i = 0; i < 12; i++)
        assert_false(crowd.slow[i].is_here);
    loop_run_until(&f->loop, crowd_is_over, &crowd);
    for (size_t i = 0; i < 12; i++)
        assert_int_equal(crowd.slow[i].err, ERR_TIMEOUT);
}

static void a_refusal_says_why(void **state)
{
    struct fixture *f = *state;
    struct answer answer = ask_as(&f->loop, f->database, "a", "select pg_sleep(1)");
    assert_int_equal(answer.err, ERR_REFUSED);
    assert_string_equal(answer.sqlstate, "42501");
    assert_non_null(strstr(answer.why, "pg_sleep"));
    struct query *query;
    assert_int_equal(
        database_tenant_query(&query, f->database, "", "select 1", NULL, 0, 10, answer_keep, NULL),
        ERR_BAD);
}

/* The server itself ends a statement at its deadline: the connection is free for the next one. */
static void a_long_statement_is_ended(void **state)
{
    struct fixture *f = *state;
    struct answer answer = {0};
    struct query *query;
    postgres_run(f->url, "insert into contacts (tenant_id, name) select 'heavy', n::text from "
                         "generate_series(1, 400) n");
    assert_int_equal(database_tenant_query(&query, f->database, "heavy",
                         "select count(*) from contacts a, contacts b, contacts c, contacts d",
                         NULL, 0, 200, answer_keep, &answer),
        ERR_OK);
    loop_run_until(&f->loop, answer_is_here, &answer);
    assert_int_equal(answer.err, ERR_TIMEOUT);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(ask_as(&f->loop, f->database, "heavy", "select 1").err, ERR_OK);
    assert_int_equal(postgres_number(f->postgres->superuser,
                         "select count(*) from pg_stat_activity where state = 'active' and query "
                         "like 'select count(*) from contacts a%'"),
        0);
    postgres_run(f->url, "delete from contacts where tenant_id = 'heavy'");
}

struct race {
    struct answer answers[200];
};

static bool race_is_over(void *owner)
{
    struct race *race = owner;
    for (size_t i = 0; i < 200; i++) {
        if (!race->answers[i].is_here)
            return false;
    }
    return true;
}

static size_t race_for_slot(struct fixture *f, struct database *database, const char *sql)
{
    static struct race race;
    struct query *query;
    size_t booked = 0;
    memset(&race, 0, sizeof race);
    for (size_t i = 0; i < 200; i++) {
        assert_int_equal(database_tenant_query(&query, database, "a", sql, NULL, 0, 50000,
                             answer_keep, &race.answers[i]),
            ERR_OK);
    }
    loop_run_until(&f->loop, race_is_over, &race);
    for (size_t i = 0; i < 200; i++) {
        struct answer *answer = &race.answers[i];
        bool is_clash = answer->err == ERR_REFUSED && !strcmp(answer->sqlstate, "23P01");
        if (answer->err && !is_clash)
            fail_msg("%s %s %s", err_name(answer->err), answer->sqlstate, answer->why);
        booked += !answer->err && answer->rows == 1;
    }
    return booked;
}

static void one_of_200_gets_the_slot(void **state)
{
    struct fixture *f = *state;
    struct database *database = open_database(&f->loop, f->url, 8);
    assert_int_equal(ask(&f->loop, database, "select 1").err, ERR_OK);
    assert_int_equal(race_for_slot(f, database,
                         "insert into appointments (name, starts_at, ends_at) values ('x', "
                         "'2031-01-01 10:00Z', '2031-01-01 10:30Z') returning id"),
        1);
    assert_int_equal(race_for_slot(f, database,
                         "insert into appointments (name, starts_at, ends_at) values ('x', "
                         "'2031-01-01 11:00Z', '2031-01-01 11:30Z') on conflict do nothing "
                         "returning id"),
        1);
    assert_int_equal(
        postgres_number(f->url, "select count(*) from appointments where tenant_id = 'a'"), 2);
    /* Another member of staff, another tenant, or a cancelled booking is no clash. */
    assert_int_equal(ask_as(&f->loop, database, "a",
                         "insert into appointments (staff, starts_at, ends_at) values ('Kim', "
                         "'2031-01-01 10:00Z', '2031-01-01 10:30Z')")
                         .err,
        ERR_OK);
    assert_int_equal(ask_as(&f->loop, database, "c",
                         "insert into appointments (starts_at, ends_at) values ("
                         "'2031-01-01 10:00Z', '2031-01-01 10:30Z')")
                         .err,
        ERR_OK);
    assert_int_equal(ask_as(&f->loop, database, "a",
                         "update appointments set status = 'cancelled' where staff = 'any'")
                         .affected,
        2);
    assert_int_equal(race_for_slot(f, database,
                         "insert into appointments (name, starts_at, ends_at) values ('y', "
                         "'2031-01-01 10:15Z', '2031-01-01 10:45Z') returning id"),
        1);
    database_close(database);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_tenant_works_on_its_own_rows),
        cmocka_unit_test(a_tenant_reads_its_hours),
        cmocka_unit_test(parameters_take_their_columns_types),
        cmocka_unit_test(a_refusal_says_why),
        cmocka_unit_test(attacks_fail_as_asked),
        cmocka_unit_test(attacks_fail_at_the_server_too),
        cmocka_unit_test(errors_tell_nothing_of_others),
        cmocka_unit_test(large_answers_end),
        cmocka_unit_test(slow_statements_hold_up_nobody_else),
        cmocka_unit_test(a_long_statement_is_ended),
        cmocka_unit_test(one_of_200_gets_the_slot),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
