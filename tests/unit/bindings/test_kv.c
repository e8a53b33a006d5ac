/* kv against a real Postgres: values, counters, times, limits, tenants, and two nodes. */
#include "support/postgres.h"

#include "observe/log.h"
#include "store/kv.h"
#include "store/migrate.h"
#include "unit/bindings/tool_story.h"

struct node {
    struct tool_story tool;
    struct database *database;
};

static char url[POSTGRES_URL_SIZE];

static int set_up(void **state)
{
    char why[512];
    unsigned applied;
    struct postgres *postgres = postgres_start("bindings_kv");
    postgres_new_database(postgres, url);
    if (store_migrate(url, &applied, why))
        fail_msg("%s", why);
    *state = postgres;
    return 0;
}

static int tear_down(void **state)
{
    postgres_stop(*state);
    return 0;
}

static void node_begin(struct node *node)
{
    *node = (struct node){0};
    struct database_options database = {
        .url = url, .name = "test", .connections = 4, .max_waiting = 64};
    tool_story_prepare(&node->tool);
    assert_int_equal(database_open(&node->database, node->tool.loop, &database), ERR_OK);
    tool_story_begin(&node->tool, (struct bindings_options){.database = node->database});
}

static void node_end(struct node *node)
{
    tool_story_end_scripts(&node->tool);
    database_close(node->database);
    tool_story_end(&node->tool);
}

static void gives(struct node *node, const char *body, const char *text)
{
    tool_story_gives(&node->tool, "acme", body, text);
}

static void values_are_kept(struct node *node)
{
    gives(node, "return { kv.get('a') == nil, (select(2, kv.get('a'))) }", "[true,\"not_found\"]");
    gives(node,
        "return { kv.set('a', { list = json.array(), n = 1.5, s = 'é', b = false }), kv.get('a') }",
        "[true,{\"b\":false,\"list\":[],\"n\":1.5,\"s\":\"é\"}]");
    gives(node, "kv.set('a', 'again') return kv.get('a')", "\"again\"");
    gives(node, "kv.set('a', json.null) return kv.get('a') == json.null", "true");
    gives(
        node, "return { kv.delete('a'), kv.delete('a'), kv.get('a') == nil }", "[true,false,true]");
}

static void counters_count(struct node *node)
{
    gives(node, "return { kv.add('n'), kv.add('n', 2), kv.add('n', -0.5), kv.get('n') }",
        "[1,3,2.5,2.5]");
    gives(node,
        "kv.set('n', 40) return { kv.add('n', 2), (kv.add('big', 2 ^ 53)), (kv.add('big', 2 ^ 53)) "
        "== 2 ^ 54 }",
        "[42,9007199254740992,true]");
    gives(node,
        "kv.set('huge', 1e300) kv.set('tiny', 1e-100) return { kv.add('huge', 1) == 1e300, "
        "kv.add('tiny', 0) == 1e-100 }",
        "[true,true]");
    gives(node, "kv.set('w', 'words') return { (select(2, kv.add('w'))), kv.get('w') }",
        "[\"not_a_number\",\"words\"]");
}

/* Their time is over when the database's clock says so; here it is moved on by hand. */
static void times_end(struct node *node)
{
    gives(node,
        "return { kv.set('t', 1, { ttl_s = 3600 }), kv.get('t'), kv.add('c', 5, { ttl_s = 3600 }), "
        "kv.add('c', 1, { ttl_s = 9 }) }",
        "[true,1,5,6]");
    assert_int_equal(postgres_number(url, "select count(*) from kv where key = 'c' and expires_at "
                                          "> now() + interval '59 minutes'"),
        1);
    postgres_run(
        url, "update kv set expires_at = now() - interval '1 second' where key in ('t', 'c')");
    gives(node, "return { (kv.get('t')) == nil, (kv.delete('t')), (kv.add('c', 2)) }",
        "[true,false,2]");
    assert_int_equal(
        postgres_number(url, "select count(*) from kv where key = 'c' and expires_at is null"), 1);
    gives(node, "return { kv.set('t', 1, { ttl_s = 60 }), kv.set('t', 2) }", "[true,true]");
    assert_int_equal(
        postgres_number(url, "select count(*) from kv where key = 't' and expires_at is null"), 1);
}

static void limits_hold(struct node *node)
{
    static const char *const refused[] = {"kv.get('')", "kv.get(('k'):rep(129))", "kv.get('a b')",
        "kv.get('ä')", "kv.get()", "kv.set('k')", "kv.set('k', nil)", "kv.set('k', 1, 5)",
        "kv.set('k', 1, { ttl_s = 0 })", "kv.set('k', 1, { ttl_s = 'x' })", "kv.add('k', 0 / 0)",
        "kv.add('k', 2 ^ 60)", "kv.add('k', 'x')"};
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        char body[256];
        snprintf(body, sizeof body, "return (pcall(function() return %s end))", refused[i]);
        gives(node, body, "false");
    }
    gives(node,
        "return { (select(2, kv.set('k', pairs))), (select(2, kv.set('k', ('x'):rep(16384)))), "
        "kv.set('k', ('x'):rep(16380)) }",
        "[\"bad_value\",\"bad_value\",true]");
    gives(
        node, "return { kv.set(('k'):rep(128), 1), kv.set('a/b.c:d-e_f+g@h', 1) }", "[true,true]");
}

static void keys_have_an_end(struct node *node)
{
    postgres_run(url, "delete from kv");
    postgres_run(url, "insert into kv select 'acme', 'old' || i, '1', now() - interval '1 hour' "
                      "from generate_series(1, 300) i");
    postgres_run(
        url, "insert into kv select 'acme', 'k' || i, '1' from generate_series(1, 9999) i");
    gives(node,
        "return { kv.set('last', 1), (select(2, kv.set('more', 1))), (select(2, kv.add('more'))), "
        "kv.set('last', 2), kv.add('k1') }",
        "[true,\"full\",\"full\",true,2]");
    assert_int_equal(postgres_number(url, "select count(*) from kv where expires_at < now()"), 0);
    gives(node, "kv.delete('k2') return { kv.set('more', 1), (select(2, kv.set('another', 1))) }",
        "[true,\"full\"]");
    postgres_run(url, "delete from kv");
}

static void tenants_are_apart(struct node *node)
{
    tool_story_gives(&node->tool, "other", "return kv.set('mine', 'theirs')", "true");
    gives(node, "return { kv.get('mine') == nil, kv.delete('mine'), kv.set('mine', 'ours') }",
        "[true,false,true]");
    tool_story_gives(&node->tool, "other", "return kv.get('mine')", "\"theirs\"");
    /* Tenants' own statements do not reach it, limits or not. */
    gives(node,
        "return { (select(2, db.query('select * from kv'))), (select(2, db.query(\"insert into kv "
        "values ('acme', 'x', '1')\"))) }",
        "[\"42501\",\"42501\"]");
}

static void values_work(void **state)
{
    struct node node;
    node_begin(&node);
    values_are_kept(&node);
    counters_count(&node);
    times_end(&node);
    limits_hold(&node);
    keys_have_an_end(&node);
    tenants_are_apart(&node);
    node_end(&node);
}

/* Two processes' script threads, each with its own connections. */
static void nodes_share(void **state)
{
    struct node one, two;
    node_begin(&one);
    node_begin(&two);
    gives(&one, "return kv.set('from_one', { 1 })", "true");
    gives(&two, "return kv.get('from_one')", "[1]");
    const char *count = "for _ = 1, 20 do assert(kv.add('hits')) end return 'done'";
    tool_story_write(&one.tool, "acme", count);
    tool_story_write(&two.tool, "acme", count);
    for (unsigned i = 0; i < 6; i++) {
        char call_id[8];
        snprintf(call_id, sizeof call_id, "c%u", i);
        tool_story_call(i % 2 ? &one.tool : &two.tool, "acme", call_id);
    }
    for (unsigned i = 0; i < 6; i++) {
        struct script_result *result = tool_story_answer(i % 2 ? &one.tool : &two.tool);
        assert_string_equal(result->text, "\"done\"");
        script_result_free(result);
    }
    gives(&two, "return kv.get('hits')", "120");
    node_end(&one);
    node_end(&two);
}

int main(void)
{
    log_set_level(LOG_ERROR);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_work), cmocka_unit_test(nodes_share)};
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
