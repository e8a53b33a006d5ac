#include "unit/script/host_world.h"

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
#include "script/agent_table.h"
#include "script/sandbox.h"
#include "script/wait.h"

/* --- sleep(ms), written with the four parts of script/wait.h --- */

struct nap {
    struct host_world *world;
    struct script_run *run;
    uint64_t wait_id;
    struct net_timer *timer;
};

static void nap_cancel(void *operation);
static void nap_over(void *owner);

static int nap_begin(lua_State *lua)
{
    struct host_world *world = lua_touserdata(lua, lua_upvalueindex(1));
    lua_Integer ms = luaL_checkinteger(lua, 1);
    script_wait_check(lua, "sleep");
    struct nap *nap = calloc(1, sizeof *nap);
    *nap = (struct nap){.world = world, .run = script_run_of(lua)};
    assert_int_equal(net_timer_create(&nap->timer, world->loop, nap_over, nap), ERR_OK);
    net_timer_set(nap->timer, clock_ms() + (uint64_t)ms);
    nap->wait_id = script_wait_begin(nap->run, nap_cancel, nap);
    world->sleeping++;
    return lua_yield(lua, 0);
}

static void nap_free(struct nap *nap)
{
    nap->world->sleeping--;
    net_timer_destroy(nap->timer);
    free(nap);
}

static int nap_resume(lua_State *lua, void *operation);

static void nap_over(void *owner)
{
    struct nap *nap = owner;
    script_wait_end(nap->run, nap->wait_id, nap_resume, nap);
    nap_free(nap);
}

static int nap_resume(lua_State *lua, void *operation)
{
    lua_pushliteral(lua, "rested");
    return 1;
}

static void nap_cancel(void *operation)
{
    nap_free(operation);
}

static void install(lua_State *lua, void *owner)
{
    lua_pushlightuserdata(lua, owner);
    lua_pushcclosure(lua, nap_begin, 1);
    sandbox_give(lua, "sleep");
}

int world_setup(void **state)
{
    struct host_world *world = calloc(1, sizeof *world);
    folder_make(&world->folder);
    folder_write(&world->folder, "tenants/readme.txt", "");
    assert_int_equal(net_loop_create(&world->loop, "test", NULL), ERR_OK);
    answers_open(&world->answers, world->loop);
    struct script_host_options options = {
        .scripts_path = world->folder.path, .lua_library = {install, world}};
    assert_int_equal(script_host_create(&world->host, world->loop, &options), ERR_OK);
    world->timeout_ms = 9000;
    *state = world;
    return 0;
}

int world_teardown(void **state)
{
    struct host_world *world = *state;
    script_host_destroy(world->host);
    assert_int_equal(world->sleeping, 0);
    agent_table_clear();
    assert_true(answers_are_all_read(&world->answers));
    answers_close(&world->answers);
    net_loop_destroy(world->loop);
    folder_remove(&world->folder);
    free(world);
    return 0;
}

void tenant_is(struct host_world *world, const char *id, const char *agent_lua)
{
    char name[128];
    snprintf(name, sizeof name, "tenants/%s/agent.lua", id);
    folder_write(&world->folder, name, agent_lua);
}

void tool_is(struct host_world *world, const char *id, const char *body)
{
    static char text[4096];
    snprintf(text, sizeof text,
        "return { name = 'A', tools = { { name = 't', description = 'd', timeout_ms = %u,\n"
        "parameters = { type = 'object', properties = { n = { type = 'number' } } },\n"
        "run = function(call, args) %s end } }, prompt = function(call) return 'one' end }",
        world->timeout_ms, body);
    tenant_is(world, id, text);
    script_host_load(world->host);
}

struct script_job *job_for(struct host_world *world, enum script_job_kind kind, const char *tenant,
    const char *call_id, uint32_t turn)
{
    struct script_job *job = script_job_make(kind);
    job->reply = kind == SCRIPT_RELOAD ? NULL : &world->answers.box;
    job->call_key = 7;
    job->epoch = turn;
    job->turn = turn;
    slice_copy(slice_from(call_id), job->facts.call_id, sizeof job->facts.call_id);
    slice_copy(slice_from(tenant), job->facts.tenant_id, sizeof job->facts.tenant_id);
    slice_copy(SLICE("+15550100001"), job->facts.caller, sizeof job->facts.caller);
    return job;
}

void send_job(struct host_world *world, enum script_job_kind kind, const char *tenant,
    const char *call_id, uint32_t turn, const char *arguments)
{
    struct script_job *job = job_for(world, kind, tenant, call_id, turn);
    if (kind == SCRIPT_TOOL) {
        job->tool_name = slice_dup(SLICE("t"));
        job->tool_call_id = slice_dup(SLICE("call_1"));
        job->arguments = slice_dup(slice_from(arguments));
    }
    assert_int_equal(script_host_send(world->host, job), ERR_OK);
}

void expect_answer(struct host_world *world, enum script_ending ending, const char *text)
{
    struct script_result *result = answers_next(&world->answers);
    if (result->ending != ending)
        print_message(
            "%s: %s\n", script_ending_name(result->ending), result->why ? result->why : "");
    assert_int_equal(result->ending, ending);
    if (text)
        assert_string_equal(result->text, text);
    assert_int_equal(result->call_key, 7);
    if (result->kind == SCRIPT_TOOL)
        assert_string_equal(result->tool_call_id, "call_1");
    script_result_free(result);
}

void expect_tool(
    struct host_world *world, const char *body, enum script_ending ending, const char *text)
{
    tool_is(world, "acme", body);
    send_job(world, SCRIPT_TOOL, "acme", "fresh", 1, "{\"n\":1}");
    expect_answer(world, ending, text);
    send_job(world, SCRIPT_CALL_END, "acme", "fresh", 1, NULL);
}

void prompt_is(struct host_world *world, const char *call_id, uint32_t turn, const char *text)
{
    send_job(world, SCRIPT_PROMPT, "acme", call_id, turn, NULL);
    expect_answer(world, SCRIPT_DONE, text);
}
