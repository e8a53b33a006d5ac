#include "unit/bindings/rows_story.h"

#include "base/clock.h"
#include "script/agent_table.h"
#include "store/migrate.h"

static const char AGENT[] =
    "%s\nreturn { name = '%s', profile = { time_zone = 'America/New_York', confirmations = "
    "'never',\n"
    "hours = { monday = { { open = '08:00', close = '12:00' }, { open = '13:00', close = '15:00' } "
    "},\n"
    "  sunday = { open = '00:00', close = '06:00' } },\n"
    "services = { { name = 'cut', minutes = 30 }, { name = 'dye', minutes = 60, buffer_minutes = "
    "30 } },\n"
    "holidays = { ['2099-12-21'] = 'Solstice', ['2099-12-28'] = { open = '09:00', close = '10:00' "
    "} } },\n"
    "tools = { { name = 't', description = 'd', timeout_ms = 9000,\n"
    "parameters = { type = 'object', properties = {} }, run = function(call, args)\n%s\nend } },\n"
    "prompt = function(call) return 'p' end }";

int world_set_up_with(void **state, const char *name, struct bindings_options options)
{
    static struct world world;
    char why[512];
    unsigned applied;
    world.postgres = postgres_start(name);
    postgres_new_database(world.postgres, world.url);
    assert_int_equal(store_migrate(world.url, &applied, why), ERR_OK);
    folder_make(&world.folder);
    assert_int_equal(net_loop_create(&world.loop, "test", NULL), ERR_OK);
    answers_open(&world.answers, world.loop);
    struct database_options database = {
        .url = world.url, .name = "test", .connections = 4, .max_waiting = 64};
    assert_int_equal(database_open(&world.database, world.loop, &database), ERR_OK);
    options.loop = world.loop;
    options.database = world.database;
    options.business_every_ms = 20;
    assert_int_equal(bindings_create(&world.bindings, &options), ERR_OK);
    *state = &world;
    return 0;
}

int world_set_up(void **state, const char *name)
{
    return world_set_up_with(state, name, (struct bindings_options){0});
}

int world_tear_down(void **state)
{
    struct world *world = *state;
    script_host_destroy(world->host);
    bindings_destroy(world->bindings);
    database_close(world->database);
    agent_table_clear();
    answers_close(&world->answers);
    net_loop_destroy(world->loop);
    folder_remove(&world->folder);
    postgres_stop(world->postgres);
    return 0;
}

int world_clean(void **state)
{
    struct world *world = *state;
    postgres_run(world->url, "delete from appointments; delete from contacts; delete from services;"
                             "delete from holidays; delete from business_hours; delete from staff");
    return 0;
}

void world_load(struct world *world, const char *tenant, const char *body)
{
    static char agent[8192];
    char path[64];
    snprintf(agent, sizeof agent, AGENT, world->prelude ? world->prelude : "", tenant, body);
    snprintf(path, sizeof path, "tenants/%s/agent.lua", tenant);
    folder_write(&world->folder, path, agent);
    world_load_folder(world);
}

void world_load_folder(struct world *world)
{
    if (!world->host) {
        struct script_host_options options = {.scripts_path = world->folder.path,
            .lua_library = bindings_library(world->bindings),
            .business = bindings_business(world->bindings)};
        assert_int_equal(script_host_create(&world->host, world->loop, &options), ERR_OK);
    }
    assert_true(script_host_load(world->host) >= 1);
}

static void send(
    struct world *world, enum script_job_kind kind, const char *tenant, const char *call_id)
{
    struct script_job *job = script_job_make(kind);
    job->reply = &world->answers.box;
    job->turn = 1;
    slice_copy(slice_from(call_id), job->facts.call_id, sizeof job->facts.call_id);
    slice_copy(slice_from(tenant), job->facts.tenant_id, sizeof job->facts.tenant_id);
    slice_copy(slice_from(world->caller ? world->caller : "+15550100077"), job->facts.caller,
        sizeof job->facts.caller);
    if (kind == SCRIPT_TOOL) {
        job->tool_name = slice_dup(SLICE("t"));
        job->arguments = slice_dup(SLICE("{}"));
    }
    assert_int_equal(script_host_send(world->host, job), ERR_OK);
}

void world_ask(struct world *world, const char *tenant, const char *call_id)
{
    send(world, SCRIPT_TOOL, tenant, call_id);
}

void world_end_call(struct world *world, const char *tenant, const char *call_id)
{
    send(world, SCRIPT_CALL_END, tenant, call_id);
}

char *world_answer(struct world *world)
{
    struct script_result *result = answers_next(&world->answers);
    char *text = slice_dup(slice_from(result->text));
    if (result->ending != SCRIPT_DONE)
        print_message("%s %s\n", result->text, result->why ? result->why : "");
    assert_int_equal(result->ending, SCRIPT_DONE);
    script_result_free(result);
    return text;
}

void world_run_for(struct world *world, unsigned ms)
{
    answers_run_for(&world->answers, ms);
}

void expect_of(struct world *world, const char *tenant, const char *call_id, const char *body,
    const char *expected)
{
    world_load(world, tenant, body);
    send(world, SCRIPT_PROMPT, tenant, call_id);
    free(world_answer(world));
    world_ask(world, tenant, call_id);
    char *text = world_answer(world);
    if (strcmp(text, expected) != 0)
        fail_msg("%s\n→ %s\nnot %s", body, text, expected);
    free(text);
    world_end_call(world, tenant, call_id);
}

void expect(struct world *world, const char *body, const char *expected)
{
    expect_of(world, "acme", CALL_A, body, expected);
}

void world_race(struct world *world, const char *body, unsigned count,
    void (*on_answer)(void *owner, const char *text), void *owner)
{
    char call_id[64];
    world_load(world, "acme", body);
    for (unsigned i = 0; i < count; i++) {
        snprintf(call_id, sizeof call_id, "00000000-0000-7000-8000-0000000000%02u", i);
        world_ask(world, "acme", call_id);
    }
    for (unsigned i = 0; i < count; i++) {
        char *text = world_answer(world);
        on_answer(owner, text);
        free(text);
    }
    for (unsigned i = 0; i < count; i++) {
        snprintf(call_id, sizeof call_id, "00000000-0000-7000-8000-0000000000%02u", i);
        world_end_call(world, "acme", call_id);
    }
}
