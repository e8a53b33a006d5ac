#include "unit/script/reload_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <lauxlib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "observe/log.h"
#include "observe/metrics.h"
#include "script/sandbox.h"
#include "script/wait.h"

char world_why[512];

/* --- park() --- */

struct parked {
    struct reload_world *world;
    struct script_run *run;
    uint64_t wait_id;
};

static void forget_parked(struct parked *parked)
{
    struct reload_world *world = parked->world;
    for (unsigned i = 0; i < world->parked_count; i++) {
        if (world->parked[i] != parked)
            continue;
        world->parked_count--;
        memmove(world->parked + i, world->parked + i + 1,
            (world->parked_count - i) * sizeof *world->parked);
    }
    free(parked);
}

static void park_cancel(void *operation)
{
    forget_parked(operation);
}

static int park_begin(lua_State *lua)
{
    struct reload_world *world = lua_touserdata(lua, lua_upvalueindex(1));
    script_wait_check(lua, "park");
    assert_true(world->parked_count < PARKED_MAX);
    struct parked *parked = calloc(1, sizeof *parked);
    *parked = (struct parked){.world = world, .run = script_run_of(lua)};
    parked->wait_id = script_wait_begin(parked->run, park_cancel, parked);
    world->parked[world->parked_count++] = parked;
    return lua_yield(lua, 0);
}

static int park_resume(lua_State *lua, void *operation)
{
    return 0;
}

void let_go(struct reload_world *world)
{
    assert_true(world->parked_count > 0);
    struct parked *parked = world->parked[0];
    script_wait_end(parked->run, parked->wait_id, park_resume, parked);
    forget_parked(parked);
}

static void install(lua_State *lua, void *owner)
{
    lua_pushlightuserdata(lua, owner);
    lua_pushcclosure(lua, park_begin, 1);
    sandbox_give(lua, "park");
}

/* --- the world --- */

int world_setup(void **state)
{
    struct reload_world *world = calloc(1, sizeof *world);
    log_set_level(LOG_ERROR);
    folder_make(&world->folder);
    folder_write(&world->folder, "tenants/readme.txt", "");
    assert_int_equal(net_loop_create(&world->loop, "test", NULL), ERR_OK);
    answers_open(&world->answers, world->loop);
    world->options = (struct script_host_options){
        .scripts_path = world->folder.path, .lua_library = {install, world}};
    assert_int_equal(script_host_create(&world->host, world->loop, &world->options), ERR_OK);
    *state = world;
    return 0;
}

int world_teardown(void **state)
{
    struct reload_world *world = *state;
    script_host_destroy(world->host);
    assert_int_equal(world->parked_count, 0);
    assert_int_equal(metric_get(METRIC_SCRIPT_VMS), 0);
    assert_int_equal(metric_get(METRIC_SCRIPT_VM_BYTES), 0);
    agent_table_clear();
    assert_true(answers_are_all_read(&world->answers));
    answers_close(&world->answers);
    net_loop_destroy(world->loop);
    folder_remove(&world->folder);
    free(world->bundle);
    free(world);
    return 0;
}

void world_restart(struct reload_world *world)
{
    script_host_destroy(world->host);
    agent_table_clear();
    assert_int_equal(script_host_create(&world->host, world->loop, &world->options), ERR_OK);
}

void forget_answer(struct reload_world *world)
{
    script_result_free(answers_next(&world->answers));
}

void forget_answers(struct reload_world *world)
{
    while (!answers_are_all_read(&world->answers))
        forget_answer(world);
}

/* --- files --- */

void save(struct reload_world *world, const char *tenant, const char *text, const char *members)
{
    char name[128], agent[4096];
    snprintf(name, sizeof name, "tenants/%s/agent.lua", tenant);
    snprintf(agent, sizeof agent,
        "return { name = 'A', prompt = function(call) return '%s' end,\n%s }", text, members);
    folder_write(&world->folder, name, agent);
}

void expect_reload(struct reload_world *world, const char *tenant, const char *outcome)
{
    size_t i;
    json_t *row, *list = administer(world, SCRIPT_RELOAD, "", "", NULL, 0);
    const char *found = "none";
    json_array_foreach(json_object_get(list, "tenants"), i, row)
    {
        if (strcmp(json_string_value(json_object_get(row, "tenant")), tenant) == 0)
            found = json_string_value(json_object_get(row, "outcome"));
    }
    assert_string_equal(found, outcome);
    json_decref(list);
}

void now_says(struct reload_world *world, const char *text, const char *members)
{
    save(world, "acme", text, members);
    expect_reload(world, "acme", "applied");
}

/* --- calls --- */

void begin_call(struct reload_world *world, const char *call_id)
{
    slice_copy(slice_from(call_id), world->begun_call, sizeof world->begun_call);
    current_version(world->began_with);
}

static void ask_hook(struct reload_world *world, enum script_job_kind kind, enum script_hook hook,
    const char *call_id, uint32_t turn)
{
    struct script_job *job = script_job_make(kind);
    job->reply = &world->answers.box;
    job->turn = turn;
    slice_copy(slice_from(call_id), job->facts.call_id, sizeof job->facts.call_id);
    slice_copy(SLICE("acme"), job->facts.tenant_id, sizeof job->facts.tenant_id);
    job->hook = hook;
    if (strcmp(call_id, world->begun_call) == 0)
        memcpy(job->version, world->began_with, sizeof job->version);
    if (kind == SCRIPT_TOOL)
        job->tool_name = slice_dup(SLICE("t"));
    assert_int_equal(script_host_send(world->host, job), ERR_OK);
}

void ask(struct reload_world *world, enum script_job_kind kind, const char *call_id, uint32_t turn)
{
    ask_hook(world, kind, HOOK_END_OF_TURN, call_id, turn);
}

static void expect(struct reload_world *world, const char *text)
{
    struct script_result *result = answers_next(&world->answers);
    if (text && result->ending != SCRIPT_DONE)
        print_message("%s\n", result->why);
    assert_int_equal(result->ending == SCRIPT_DONE, text != NULL);
    if (text)
        assert_string_equal(result->text, text);
    script_result_free(result);
}

void expect_prompt(struct reload_world *world, const char *call_id, uint32_t turn, const char *text)
{
    ask(world, SCRIPT_PROMPT, call_id, turn);
    expect(world, text);
}

void expect_user_turn(
    struct reload_world *world, const char *call_id, uint32_t turn, const char *text)
{
    ask_hook(world, SCRIPT_HOOK, HOOK_ON_USER_TURN, call_id, turn);
    expect(world, text);
}

void expect_tool(struct reload_world *world, const char *call_id, const char *text)
{
    ask(world, SCRIPT_TOOL, call_id, 1);
    expect(world, text);
}

void expect_state(
    struct reload_world *world, const char *call_id, uint32_t turn, const char *state_json)
{
    ask(world, SCRIPT_PROMPT, call_id, turn);
    struct script_result *result = answers_next(&world->answers);
    assert_int_equal(result->ending, SCRIPT_DONE);
    assert_string_equal(result->state_json, state_json);
    script_result_free(result);
}

void end_call(struct reload_world *world, const char *call_id)
{
    ask(world, SCRIPT_CALL_END, call_id, 0);
}

void run_until_parked(struct reload_world *world, unsigned count)
{
    for (unsigned i = 0; i < 2000 && world->parked_count != count; i++)
        answers_run_for(&world->answers, 1);
    assert_int_equal(world->parked_count, count);
}

/* --- people --- */

json_t *administer(struct reload_world *world, enum script_job_kind kind, const char *tenant,
    const char *version, const char *bundle, unsigned percent)
{
    struct script_job *job = script_job_make(kind);
    job->reply = &world->answers.box;
    slice_copy(slice_from(tenant), job->facts.tenant_id, sizeof job->facts.tenant_id);
    slice_copy(slice_from(version), job->version, sizeof job->version);
    job->bundle = bundle ? slice_dup(slice_from(bundle)) : NULL;
    job->canary_percent = percent;
    assert_int_equal(script_host_send(world->host, job), ERR_OK);
    struct script_result *result = answers_next(&world->answers);
    while (world->is_busy && result->kind != kind) {
        script_result_free(result);
        result = answers_next(&world->answers);
    }
    assert_int_equal(result->kind, kind);
    json_t *value = json_loads(result->text, 0, NULL);
    assert_non_null(value);
    if (result->ending != SCRIPT_DONE) {
        snprintf(world_why, sizeof world_why, "%s", result->why);
        json_decref(value);
        value = NULL;
    }
    script_result_free(result);
    return value;
}

void expect_outcome(json_t *answer_value, const char *outcome)
{
    json_t *row = json_array_get(json_object_get(answer_value, "tenants"), 0);
    assert_non_null(row);
    assert_string_equal(json_string_value(json_object_get(row, "outcome")), outcome);
    json_decref(answer_value);
}

json_t *version_in_state(struct reload_world *world, const char *state, json_t **list)
{
    size_t i;
    json_t *row;
    *list = administer(world, SCRIPT_VERSIONS, "acme", "", NULL, 0);
    assert_non_null(*list);
    json_array_foreach(json_object_get(*list, "versions"), i, row)
    {
        if (strcmp(json_string_value(json_object_get(row, "state")), state) == 0)
            return row;
    }
    return NULL;
}

bool has_state(struct reload_world *world, const char *state)
{
    json_t *list;
    bool has = version_in_state(world, state, &list) != NULL;
    json_decref(list);
    return has;
}

void current_version(char out[VERSION_SIZE])
{
    struct agent *agent = agent_table_find(SLICE("acme"));
    assert_non_null(agent);
    memcpy(out, agent->version, VERSION_SIZE);
    agent_release(agent);
}

void tests_end(struct reload_world *world, bool is_ok, const char *why)
{
    struct script_job *job = script_job_make(SCRIPT_TRIED);
    slice_copy(SLICE("acme"), job->facts.tenant_id, sizeof job->facts.tenant_id);
    memcpy(job->version, world->tried, sizeof job->version);
    job->is_ok = is_ok;
    job->why = why ? slice_dup(slice_from(why)) : NULL;
    assert_int_equal(script_host_send(world->host, job), ERR_OK);
}
