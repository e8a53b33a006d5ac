/* Publishing through a real Postgres: who hears of it, what is to run afterwards, and what a restart of the server costs. */
#include "loop.h"

#include <jansson.h>

#include "store/publications.h"

#define V1 "1111111111111111"
#define V2 "2222222222222222"
#define V3 "3333333333333333"

struct node {
    struct publications *publications;
    unsigned readings;
    char said[400]; /* "acme=1111… acme=1111…+2222…@10": of the last reading */
    char reading[400];
    uint64_t last_id;
};

struct fixture {
    struct postgres *postgres;
    char url[POSTGRES_URL_SIZE];
    struct loop loop;
    struct node node;
    const char *expected;
};

static void on_binding(void *owner, const struct binding *binding)
{
    struct node *node = owner;
    size_t len = strlen(node->reading);
    char canary[64] = "";
    if (binding->canary_version[0])
        snprintf(canary, sizeof canary, "+%s@%u", binding->canary_version, binding->canary_percent);
    snprintf(node->reading + len, sizeof node->reading - len, "%s%s=%s%s", len ? " " : "",
        binding->tenant_id, binding->version, canary);
    node->last_id = binding->id;
}

static void on_read(void *owner)
{
    struct node *node = owner;
    node->readings++;
    memcpy(node->said, node->reading, sizeof node->said);
    node->reading[0] = 0;
}

static void open_node(struct fixture *fixture, struct node *node, const char *name)
{
    struct publications_options options = {.database_url = fixture->url,
        .node = name,
        .on_binding = on_binding,
        .on_read = on_read,
        .owner = node};
    *node = (struct node){0};
    assert_int_equal(publications_open(&node->publications, fixture->loop.net, &options), ERR_OK);
}

static int open_all(void **state)
{
    static struct postgres *postgres;
    static struct fixture fixture;
    if (!postgres)
        postgres = *state;
    fixture = (struct fixture){.postgres = postgres};
    migrated_database(postgres, fixture.url);
    loop_start(&fixture.loop);
    open_node(&fixture, &fixture.node, "node-a");
    *state = &fixture;
    return 0;
}

static int close_all(void **state)
{
    struct fixture *fixture = *state;
    publications_close(fixture->node.publications);
    loop_end(&fixture->loop);
    *state = fixture->postgres;
    return 0;
}

static bool has_said(void *owner)
{
    struct fixture *fixture = owner;
    return fixture->node.readings && strcmp(fixture->node.said, fixture->expected) == 0;
}

static void expect(struct fixture *fixture, const char *said)
{
    fixture->expected = said;
    loop_run_until(&fixture->loop, has_said, fixture);
}

static bool publish(
    struct fixture *fixture, const char *tenant, const char *version, unsigned percent)
{
    struct publication publication = {.tenant_id = tenant,
        .version = version,
        .bundle = "{\"tenant\":\"acme\",\"files\":{\"agent.lua\":\"return {}\\n\"}}",
        .canary_percent = percent,
        .author = "ann",
        .note = "why not"};
    char why[512];
    bool is_canary;
    if (store_publish(fixture->url, &publication, &is_canary, why))
        fail_msg("%s", why);
    return is_canary;
}

struct told {
    bool is_here;
    enum err err;
    char value[4000];
};

static void keep(void *owner, enum err err, struct slice value, const char *why)
{
    struct told *told = owner;
    told->is_here = true;
    told->err = err;
    slice_copy(value, told->value, sizeof told->value);
}

static bool is_told(void *owner)
{
    return ((struct told *)owner)->is_here;
}

static struct told change(
    struct fixture *fixture, enum publication_change kind, const char *tenant, const char *version)
{
    struct told told = {0};
    assert_int_equal(
        publications_change(fixture->node.publications, kind, tenant, version, "ann", keep, &told),
        ERR_OK);
    loop_run_until(&fixture->loop, is_told, &told);
    return told;
}

static void a_publish_is_heard(void **state)
{
    struct fixture *f = *state;
    expect(f, "");
    assert_false(publish(f, "acme", V1, 0));
    expect(f, "acme=" V1);
    assert_false(publish(f, "other", V3, 50)); /* beside nothing there is no canary */
    expect(f, "acme=" V1 " other=" V3);
    uint64_t before = f->node.last_id;
    publish(f, "other", V3, 0); /* once more: something to try again */
    while (f->node.last_id == before)
        expect(f, "acme=" V1 " other=" V3);
}

static void a_canary_stands_beside(void **state)
{
    struct fixture *f = *state;
    publish(f, "acme", V1, 0);
    assert_true(publish(f, "acme", V2, 10));
    expect(f, "acme=" V1 "+" V2 "@10");
    assert_false(publish(f, "acme", V1, 10)); /* the same as what answers */
    expect(f, "acme=" V1);
    publish(f, "acme", V2, 25);
    expect(f, "acme=" V1 "+" V2 "@25");
    struct told told = change(f, PUBLICATION_PROMOTE, "acme", "");
    assert_int_equal(told.err, ERR_OK);
    assert_string_equal(told.value, V2);
    expect(f, "acme=" V2);
    assert_int_equal(change(f, PUBLICATION_PROMOTE, "acme", "").err, ERR_NOT_FOUND);
}

static void a_rollback_goes_to_what_was_before(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(change(f, PUBLICATION_ROLLBACK, "acme", "").err, ERR_NOT_FOUND);
    publish(f, "acme", V1, 0);
    assert_int_equal(change(f, PUBLICATION_ROLLBACK, "acme", "").err, ERR_NOT_FOUND);
    publish(f, "acme", V2, 0);
    publish(f, "acme", V3, 50);
    assert_string_equal(change(f, PUBLICATION_ROLLBACK, "acme", "").value, V2); /* no canary */
    expect(f, "acme=" V2);
    assert_string_equal(change(f, PUBLICATION_ROLLBACK, "acme", "").value, V1);
    expect(f, "acme=" V1);
    assert_string_equal(change(f, PUBLICATION_ROLLBACK, "acme", V3).value, V3);
    expect(f, "acme=" V3);
    assert_int_equal(
        change(f, PUBLICATION_ROLLBACK, "acme", "4444444444444444").err, ERR_NOT_FOUND);
    assert_string_equal(change(f, PUBLICATION_RELOAD, "acme", "").value, V3);
    assert_int_equal(change(f, PUBLICATION_RELOAD, "nobody", "").err, ERR_NOT_FOUND);
}

static void bundles_are_fetched(void **state)
{
    struct fixture *f = *state;
    struct told told = {0};
    publish(f, "acme", V1, 0);
    assert_int_equal(publications_fetch(f->node.publications, "acme", V1, keep, &told), ERR_OK);
    assert_false(told.is_here);
    loop_run_until(&f->loop, is_told, &told);
    assert_int_equal(told.err, ERR_OK);
    assert_non_null(strstr(told.value, "\"return {}\\n\""));
    told = (struct told){0};
    assert_int_equal(publications_fetch(f->node.publications, "acme", V2, keep, &told), ERR_OK);
    loop_run_until(&f->loop, is_told, &told);
    assert_int_equal(told.err, ERR_NOT_FOUND);
}

static const char *text_of(const json_t *rows, size_t i, const char *name)
{
    const char *text = json_string_value(json_object_get(json_array_get(rows, i), name));
    return text ? text : "";
}

static void people_see_what_nodes_made_of_it(void **state)
{
    struct fixture *f = *state;
    struct told told = {0};
    publish(f, "acme", V1, 0);
    publish(f, "acme", V2, 0);
    expect(f, "acme=" V2);
    publications_fn *none = NULL;
    assert_int_equal(
        publications_note(f->node.publications, "acme", V1, "applied", "", none, NULL), ERR_OK);
    assert_int_equal(publications_note(f->node.publications, "acme", V2, "refused",
                         "agent.lua:3: name is missing", none, NULL),
        ERR_OK);
    assert_int_equal(publications_list(f->node.publications, "acme", keep, &told), ERR_OK);
    loop_run_until(&f->loop, is_told, &told);
    json_t *list = json_loads(told.value, 0, NULL);
    const json_t *versions = json_object_get(list, "versions");
    assert_int_equal(json_array_size(versions), 2);
    assert_string_equal(text_of(versions, 0, "version"), V2);
    assert_string_equal(text_of(versions, 0, "note"), "why not");
    assert_string_equal(text_of(json_object_get(list, "bindings"), 0, "reason"), "publish");
    const json_t *nodes = json_object_get(list, "nodes");
    assert_int_equal(json_array_size(nodes), 2);
    assert_string_equal(text_of(nodes, 0, "node"), "node-a");
    assert_string_equal(text_of(nodes, 0, "state"), "refused");
    assert_string_equal(text_of(nodes, 0, "why"), "agent.lua:3: name is missing");
    assert_string_equal(text_of(nodes, 1, "state"), "applied");
    json_decref(list);
}

/* Told while the server was away: nobody hears it, but it is read when the connection is back. */
static void a_restart_of_the_server_loses_nothing(void **state)
{
    struct fixture *f = *state;
    publish(f, "acme", V1, 0);
    expect(f, "acme=" V1);
    postgres_crash(f->postgres);
    postgres_restart(f->postgres);
    publish(f, "acme", V2, 0);
    expect(f, "acme=" V2);
    publish(f, "acme", V3, 0); /* and it listens again */
    expect(f, "acme=" V3);
}

static void tenants_see_nothing_of_it(void **state)
{
    static const char *const tables[] = {
        "script_versions", "script_bindings", "script_nodes", "script_applied"};
    struct fixture *f = *state;
    struct database *database = open_database(&f->loop, f->url, 1);
    publish(f, "acme", V1, 0);
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
        char sql[100];
        snprintf(sql, sizeof sql, "select count(*) from %s", tables[i]);
        struct answer answer = ask_as(&f->loop, database, "acme", sql);
        assert_int_equal(answer.err, ERR_REFUSED);
        assert_string_equal(answer.sqlstate, "42501");
    }
    database_close(database);
}

static void what_is_missing_is_said(void **state)
{
    struct fixture *f = *state;
    char url[POSTGRES_URL_SIZE], why[512];
    bool is_canary;
    struct publication publication = {
        .tenant_id = "acme", .version = V1, .bundle = "{}", .author = "", .note = ""};
    postgres_new_database(f->postgres, url);
    assert_int_equal(store_publish(url, &publication, &is_canary, why), ERR_REFUSED);
    assert_non_null(strstr(why, "run moonline migrate"));
    assert_int_equal(
        store_publish("postgresql://moonline@/x?host=/nonexistent", &publication, &is_canary, why),
        ERR_UNREACHABLE);
    publication.version = "no version";
    assert_int_equal(store_publish(f->url, &publication, &is_canary, why), ERR_REFUSED);
}

static int set_up(void **state)
{
    *state = postgres_start("store_publications");
    return 0;
}

static int tear_down(void **state)
{
    postgres_stop(*state);
    return 0;
}

#define STORY(test) cmocka_unit_test_setup_teardown(test, open_all, close_all)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORY(a_publish_is_heard),
        STORY(a_canary_stands_beside),
        STORY(a_rollback_goes_to_what_was_before),
        STORY(bundles_are_fetched),
        STORY(people_see_what_nodes_made_of_it),
        STORY(a_restart_of_the_server_loses_nothing),
        STORY(tenants_see_nothing_of_it),
        STORY(what_is_missing_is_said),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
