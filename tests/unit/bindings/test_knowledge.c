/* What a tenant knows against a real Postgres: in the prompt of a turn, from a tool, and without a database. */
#include "support/postgres.h"

#include <jansson.h>

#include "base/clock.h"
#include "bindings/bindings.h"
#include "observe/log.h"
#include "script/agent_table.h"
#include "store/migrate.h"
#include "unit/script/answers.h"
#include "unit/script/scripts_folder.h"

struct world {
    struct postgres *postgres;
    struct scripts_folder folder;
    struct net_loop *loop;
    struct database *database;
    struct bindings *bindings;
    struct script_host *host;
    struct answers answers;
};

static const char agent_lua[] =
    "return { name = 'A', knowledge = { limit = 2 }, profile = { services = { { name = 'cleaning', "
    "price = 95 }, 'braces' } },\n"
    "faqs = { { 'Do you take walk-ins?', 'Yes.', tags = 'drop in' }, { 'Where can I park?', "
    "'Behind the house.' } },\n"
    "tools = { require('tools.answer_from_knowledge'), require('tools.lookup_price') },\n"
    "prompt = function(call)\n"
    "  local k = call.knowledge\n"
    "  return k and k[1] and k[1].title .. ' ' .. k[1].text .. ' ' .. #k or k and 'nothing' or "
    "'none'\n"
    "end }\n";

static void open_host(struct world *world, bool has_database)
{
    struct bindings_options bindings = {
        .loop = world->loop, .database = has_database ? world->database : NULL};
    assert_int_equal(bindings_create(&world->bindings, &bindings), ERR_OK);
    struct script_host_options host = {.scripts_path = world->folder.path,
        .lua_library = bindings_library(world->bindings),
        .knowledge = bindings_knowledge(world->bindings)};
    assert_int_equal(script_host_create(&world->host, world->loop, &host), ERR_OK);
    assert_int_equal(script_host_load(world->host), 1);
}

static void close_host(struct world *world)
{
    script_host_destroy(world->host);
    bindings_destroy(world->bindings);
    agent_table_clear();
}

static void copy_tool(struct world *world, const char *name)
{
    char path[300], text[4096], tool[64];
    snprintf(path, sizeof path, SOURCE_DIR "/scripts/tools/%s.lua", name);
    snprintf(tool, sizeof tool, "tools/%s.lua", name);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    text[fread(text, 1, sizeof text - 1, file)] = 0;
    fclose(file);
    folder_write(&world->folder, tool, text);
}

static int setup(void **state)
{
    static struct world world;
    char url[POSTGRES_URL_SIZE], why[512];
    unsigned applied;
    world.postgres = postgres_start("bindings_knowledge");
    postgres_new_database(world.postgres, url);
    assert_int_equal(store_migrate(url, &applied, why), ERR_OK);
    postgres_run(url,
        "insert into faqs (tenant_id, question, answer) values"
        " ('acme', 'How much are braces?', 'From 3000 dollars.');"
        "insert into knowledge_documents (tenant_id, title, body) values"
        " ('acme', 'Telescopes', 'Telescopes ' || repeat(repeat('ab', 100) || ' ', 150))");
    folder_make(&world.folder);
    folder_write(&world.folder, "tenants/acme/agent.lua", agent_lua);
    copy_tool(&world, "answer_from_knowledge");
    copy_tool(&world, "lookup_price");
    assert_int_equal(net_loop_create(&world.loop, "test", NULL), ERR_OK);
    answers_open(&world.answers, world.loop);
    struct database_options database = {
        .url = url, .name = "test", .connections = 4, .max_waiting = 64};
    assert_int_equal(database_open(&world.database, world.loop, &database), ERR_OK);
    for (uint64_t end_ms = clock_ms() + 20000;
         !database_is_up(world.database) && clock_ms() < end_ms;) {
        answers_run_for(&world.answers, 5);
    }
    *state = &world;
    return 0;
}

static int teardown(void **state)
{
    struct world *world = *state;
    database_close(world->database);
    answers_close(&world->answers);
    net_loop_destroy(world->loop);
    folder_remove(&world->folder);
    postgres_stop(world->postgres);
    return 0;
}

/* The text of the one answer; heap. */
static char *ask(
    struct world *world, enum script_job_kind kind, const char *tool, const char *words)
{
    struct script_job *job = script_job_make(kind);
    job->reply = &world->answers.box;
    slice_copy(SLICE("call"), job->facts.call_id, sizeof job->facts.call_id);
    slice_copy(SLICE("acme"), job->facts.tenant_id, sizeof job->facts.tenant_id);
    if (kind == SCRIPT_PROMPT)
        job->utterance = slice_dup(slice_from(words));
    else
        job->arguments = slice_dup(slice_from(words));
    job->tool_name = tool ? slice_dup(slice_from(tool)) : NULL;
    assert_int_equal(script_host_send(world->host, job), ERR_OK);
    struct script_result *result = answers_next(&world->answers);
    if (result->why)
        print_message("%s\n", result->why);
    assert_int_equal(result->ending, SCRIPT_DONE);
    char *text = slice_dup(slice_from(result->text));
    script_result_free(result);
    return text;
}

static void expect(struct world *world, enum script_job_kind kind, const char *tool,
    const char *words, const char *expected)
{
    char *text = ask(world, kind, tool, words);
    if (!strstr(text, expected))
        fail_msg("%s: %s", words, text);
    free(text);
}

/* A machine that is busy may miss the 40 ms, which is what a call would do too: asked again then. */
static void expect_known(struct world *world, const char *words, const char *expected)
{
    char *text = ask(world, SCRIPT_PROMPT, NULL, words);
    for (unsigned i = 0; i < 50 && strcmp(text, "none") == 0; i++) {
        free(text);
        text = ask(world, SCRIPT_PROMPT, NULL, words);
    }
    assert_string_equal(text, expected);
    free(text);
}

static void a_turn_knows_what_its_words_are_about(void **state)
{
    struct world *world = *state;
    open_host(world, true);
    expect_known(world, "um can I just drop in", "Do you take walk-ins? Yes. 1");
    expect_known(world, "what would braces be", "How much are braces? From 3000 dollars. 1");
    expect_known(world, "good morning", "nothing");
    expect(world, SCRIPT_PROMPT, NULL, "", "none");
    close_host(world);
}

static void tools_ask_for_themselves(void **state)
{
    struct world *world = *state;
    open_host(world, true);
    expect(world, SCRIPT_TOOL, "answer_from_knowledge", "{\"question\":\"where is parking\"}",
        "{\"known\":[{\"text\":\"Behind the house.\",\"title\":\"Where can I "
        "park?\"}],\"ok\":true}");
    expect(world, SCRIPT_TOOL, "answer_from_knowledge", "{\"question\":\"dinosaurs\"}",
        "{\"ok\":false,\"reason\":\"not_known\"}");
    expect(world, SCRIPT_TOOL, "lookup_price", "{\"service\":\"a cleaning\"}",
        "{\"ok\":true,\"price\":95,\"service\":\"cleaning\"}");
    expect(world, SCRIPT_TOOL, "lookup_price", "{\"service\":\"Braces\"}", "From 3000 dollars.");
    expect(world, SCRIPT_TOOL, "lookup_price", "{\"service\":\"a unicorn\"}",
        "{\"ok\":false,\"reason\":\"no_price_known\"}");
    close_host(world);
}

/* Words of a document may be long. */
static void a_piece_has_an_end(void **state)
{
    struct world *world = *state;
    open_host(world, true);
    char *text = ask(world, SCRIPT_TOOL, "answer_from_knowledge", "{\"question\":\"telescopes\"}");
    assert_non_null(strstr(text, "\"ok\":true"));
    assert_in_range(strlen(text), 2500, 3200);
    free(text);
    close_host(world);
}

static void without_a_database_nothing_is_known(void **state)
{
    struct world *world = *state;
    open_host(world, false);
    expect(world, SCRIPT_PROMPT, NULL, "can I just drop in", "none");
    expect(world, SCRIPT_TOOL, "answer_from_knowledge", "{\"question\":\"parking\"}",
        "\"reason\":\"unavailable\"");
    close_host(world);
}

int main(void)
{
    log_set_level(LOG_ERROR);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_turn_knows_what_its_words_are_about),
        cmocka_unit_test(tools_ask_for_themselves),
        cmocka_unit_test(a_piece_has_an_end),
        cmocka_unit_test(without_a_database_nothing_is_known),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
