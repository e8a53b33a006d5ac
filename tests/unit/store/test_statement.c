#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "store/statement.h"

struct statement_case {
    const char *sql;
    const char *why; /* a part of the refusal; NULL: fine */
};

static const struct statement_case CASES[] = {
    /* What scripts write. */
    {"SELECT id FROM contacts WHERE phone = $1", NULL},
    {"select * from contacts;", NULL},
    {"  -- who\n select /* a /* nested */ comment */ 1", NULL},
    {"INSERT INTO contacts (name, phone) VALUES ($1, $2) ON CONFLICT (tenant_id, phone) "
     "DO UPDATE SET name = excluded.name RETURNING id",
        NULL},
    {"insert into public.contacts (name) values ('it''s')", NULL},
    {"WITH c (id) AS (SELECT id FROM contacts) DELETE FROM appointments a USING c "
     "WHERE a.contact_id = c.id AND a.starts_at > now() - interval '1 day'",
        NULL},
    {"with recursive t(n) as (values (1) union all select n from t where n < 3) select sum(n) from "
     "t",
        NULL},
    {"SELECT extract(epoch FROM starts_at)::float8 AS starts FROM appointments "
     "WHERE ends_at > to_timestamp($1) AND status IN ('booked') ORDER BY starts_at LIMIT 500",
        NULL},
    {"SELECT (SELECT max(starts_at) FROM appointments), coalesce($1, 'x'), count(*) FILTER "
     "(WHERE status = 'booked') OVER (PARTITION BY staff) FROM appointments",
        NULL},
    {"select 'set_config(''a'')', \"name\" from contacts", NULL},
    {"update appointments set status = 'cancelled' where id = $1 and not (status = 'booked')",
        NULL},
    {"select a.name from contacts as a (id, tenant_id, name)", NULL},

    /* Other kinds of statement, and more than one. */
    {"", "begins with"},
    {"   ;", "begins with"},
    {"DO $$ begin end $$", "begins with"},
    {"SET ROLE moonline", "begins with"},
    {"RESET ALL", "begins with"},
    {"COPY contacts TO STDOUT", "begins with"},
    {"COMMIT", "begins with"},
    {"VACUUM", "begins with"},
    {"CALL something()", "begins with"},
    {"TABLE contacts", "begins with"},
    {"EXPLAIN ANALYZE SELECT 1", "begins with"},
    {"PREPARE p AS SELECT 1", "begins with"},
    {"LISTEN x", "begins with"},
    {"\"select\" 1", "begins with"},
    {"(select 1)", "begins with"},
    {"SELECT 1; SELECT 2", "one statement"},
    {"SELECT 1; COMMIT", "one statement"},
    {"SELECT 1;;", "one statement"},
    {"SELECT 1 -- ;\n; RESET ROLE", "one statement"},

    /* Changing whose rows are seen. */
    {"SELECT set_config('moonline.tenant', 'b', true), * FROM contacts", "out of a script's reach"},
    {"SELECT pg_catalog.set_config('role', 'none', false)", "out of a script's reach"},
    {"SELECT \"set_config\"('a', 'b', true)", "out of a script's reach"},
    {"SELECT SET_CONFIG/**/('a', 'b', true)", "out of a script's reach"},
    {"SELECT U&\"\\0073et_config\"('a', 'b', true)", "U&''"},
    {"SELECT u&\"!0073et_config\" UESCAPE '!' ('a', 'b', true)", "U&''"},
    {"SELECT 1set_config('a', 'b', true)", "out of a script's reach"},
    {"SELECT 'x' -- it's\n, set_config('a', 'b', true)", "out of a script's reach"},
    {"SELECT E'\\'', set_config('a', 'b', true) --'", "E''"},
    {"SELECT e'a'\n'\\' ', set_config('a', 'b', true) --'", "E''"},
    {"SELECT $$a$$, set_config('a','b',true)", "$$text$$"},
    {"SELECT $x$ ' $x$, set_config('a','b',true) -- '", "$$text$$"},
    {"SELECT /* /* */ 1 */ set_config('a','b',true)", "out of a script's reach"},
    {"UPDATE pg_settings SET setting = 'b' WHERE name = 'moonline.tenant'", "out of"},
    {"UPDATE \"PG_settings\" SET setting = 'b'", "out of"},
    {"SELECT query_to_xml('select set_con' || 'fig(...)', true, true, '')", "not among"},
    {"SELECT * FROM ts_stat('select set_con' || 'fig(...)')", "not among"},
    {"SELECT DISTINCT ON (id) query_to_xml('x', true, true, '') FROM contacts", "not among"},

    /* Reaching what all share. */
    {"SELECT * INTO TEMP contacts FROM contacts", "SELECT INTO"},
    {"WITH a AS (SELECT 1) SELECT * INTO contacts2 FROM a", "SELECT INTO"},
    {"SELECT pg_sleep(100)", "out of"},
    {"SELECT pg_read_file('/etc/passwd')", "out of"},
    {"SELECT * FROM dblink('dbname=moonline', 'select 1') AS t(a int)", "out of"},
    {"SELECT lo_import('/etc/passwd')", "out of"},
    {"SELECT pg_advisory_lock(1)", "out of"},
    {"SELECT * FROM information_schema.tables", "out of"},
    {"SELECT public.anything(1)", "with a schema"},
    {"SELECT repeat('x', 1000000000)", "not among"},
    {"SELECT format('%1000000000s', 'x')", "not among"},
    {"SELECT generate_series(1, 1000000000)", "not among"},
    {"SELECT nextval('x')", "not among"},
    {"SELECT xmlelement(name a)", "not among"},
    {"SELECT current_setting('moonline.tenant')", "not among"},

    /* What cannot be read. */
    {"SELECT 'open", "quote"},
    {"SELECT \"open", "quote"},
    {"SELECT 1 /* open /* */", "comment"},
    {"/* open", "comment"},
};

static void check_all(void **state)
{
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        char why[STATEMENT_WHY_SIZE];
        enum err err = statement_check(slice_from(CASES[i].sql), why);
        bool is_right = CASES[i].why ? err == ERR_REFUSED && strstr(why, CASES[i].why) : !err;
        if (!is_right)
            fail_msg("%s\n  expected %s, got %s %s", CASES[i].sql,
                CASES[i].why ? CASES[i].why : "ok", err_name(err), why);
    }
}

static void zero_bytes_and_long_names_are_refused(void **state)
{
    char why[STATEMENT_WHY_SIZE];
    assert_int_equal(statement_check(SLICE("select 1\0, set_config"), why), ERR_REFUSED);
    char sql[200];
    snprintf(sql, sizeof sql, "select %0100d_a, %*s", 1, 10, "x");
    snprintf(sql, sizeof sql, "select a%0100d", 1);
    assert_int_equal(statement_check(slice_from(sql), why), ERR_REFUSED);
    assert_non_null(strstr(why, "too long"));
}

/* A quoted name is refused by its spelling, and a listed one is found whatever its case. */
static void calls_are_looked_up_whole(void **state)
{
    assert_true(statement_may_call(SLICE("abs")));
    assert_true(statement_may_call(SLICE("within")));
    assert_true(statement_may_call(SLICE("count")));
    assert_false(statement_may_call(SLICE("coun")));
    assert_false(statement_may_call(SLICE("counts")));
    assert_false(statement_may_call(SLICE("")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(check_all),
        cmocka_unit_test(zero_bytes_and_long_names_are_refused),
        cmocka_unit_test(calls_are_looked_up_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
