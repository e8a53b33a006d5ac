/* The script thread's work on a real loop: prompts, tools, limits, deadlines, state, reload under live calls. The one
   host function is `sleep(ms)`, written with the four parts of script/wait.h. */
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
#include "script/agent_table.h"
#include "script/host.h"
#include "script/sandbox.h"
#include "script/wait.h"
#include "unit/script/scripts_folder.h"

/* --- a world: folder, loop, host and the mailbox answers come to --- */

struct world {
    struct scripts_folder folder;
    struct net_loop *loop;
    struct script_host *host;
    struct mailbox answers;
    struct net_timer *timer;
    struct letter *unread;
    unsigned sleeping;
    unsigned timeout_ms; /* of the tools that tool_is makes */
};

struct nap {
    struct world *world;
    struct script_run *run;
    uint64_t wait_id;
    struct net_timer *timer;
};

static void nap_cancel(void *operation);
static void nap_over(void *owner);

static int nap_begin(lua_State *lua)
{
    struct world *world = lua_touserdata(lua, lua_upvalueindex(1));
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

static void stop_loop(void *owner)
{
    net_loop_stop(((struct world *)owner)->loop);
}

static int setup(void **state)
{
    struct world *world = calloc(1, sizeof *world);
    folder_make(&world->folder);
    folder_write(&world->folder, "tenants/readme.txt", "");
    assert_int_equal(net_loop_create(&world->loop, "test", NULL), ERR_OK);
    assert_int_equal(net_timer_create(&world->timer, world->loop, stop_loop, world), ERR_OK);
    mailbox_init(&world->answers, 64, stop_loop, world);
    struct script_host_options options = {
        .scripts_path = world->folder.path, .lua_library = {install, world}};
    assert_int_equal(script_host_create(&world->host, world->loop, &options), ERR_OK);
    world->timeout_ms = 9000;
    *state = world;
    return 0;
}

static int teardown(void **state)
{
    struct world *world = *state;
    assert_null(world->unread);
    script_host_destroy(world->host);
    assert_int_equal(world->sleeping, 0);
    agent_table_clear();
    net_timer_destroy(world->timer);
    assert_int_equal(mailbox_count(&world->answers), 0);
    mailbox_destroy(&world->answers);
    net_loop_destroy(world->loop);
    folder_remove(&world->folder);
    free(world);
    return 0;
}

static void tenant_is(struct world *world, const char *id, const char *agent_lua)
{
    char name[128];
    snprintf(name, sizeof name, "tenants/%s/agent.lua", id);
    folder_write(&world->folder, name, agent_lua);
}

/* A tenant with one tool `t` (its body is given) and a prompt that says "one". */
static void tool_is(struct world *world, const char *id, const char *body)
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

static struct script_job *job_for(struct world *world, enum script_job_kind kind,
    const char *tenant, const char *call_id, uint32_t turn)
{
    struct script_job *job = script_job_make(kind);
    job->reply = kind == SCRIPT_RELOAD ? NULL : &world->answers;
    job->call_key = 7;
    job->epoch = turn;
    job->turn = turn;
    slice_copy(slice_from(call_id), job->facts.call_id, sizeof job->facts.call_id);
    slice_copy(slice_from(tenant), job->facts.tenant_id, sizeof job->facts.tenant_id);
    slice_copy(SLICE("+15550100001"), job->facts.caller, sizeof job->facts.caller);
    return job;
}

static void send(struct world *world, enum script_job_kind kind, const char *tenant,
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

static void run_for(struct world *world, unsigned ms)
{
    uint64_t end_ms = clock_ms() + ms;
    while (clock_ms() < end_ms) {
        net_timer_set(world->timer, end_ms);
        net_loop_run(world->loop);
    }
}

/* The next answer, in the order they came. */
static struct script_result *answer(struct world *world)
{
    uint64_t end_ms = clock_ms() + 15000;
    while (!world->unread && clock_ms() < end_ms) {
        world->unread = mailbox_take_all(&world->answers);
        if (world->unread)
            break;
        net_timer_set(world->timer, end_ms);
        net_loop_run(world->loop);
    }
    assert_non_null(world->unread);
    struct script_result *result = (struct script_result *)world->unread;
    world->unread = world->unread->next;
    return result;
}

static void expect_answer(struct world *world, enum script_ending ending, const char *text)
{
    struct script_result *result = answer(world);
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

static void expect_tool(
    struct world *world, const char *body, enum script_ending ending, const char *text)
{
    tool_is(world, "acme", body);
    send(world, SCRIPT_TOOL, "acme", "fresh", 1, "{\"n\":1}");
    expect_answer(world, ending, text);
    send(world, SCRIPT_CALL_END, "acme", "fresh", 1, NULL);
}

static void prompt_is(struct world *world, const char *call_id, uint32_t turn, const char *text)
{
    send(world, SCRIPT_PROMPT, "acme", call_id, turn, NULL);
    expect_answer(world, SCRIPT_DONE, text);
}

/* --- stories --- */

static void prompts_are_built(void **state)
{
    struct world *world = *state;
    tenant_is(world, "acme",
        "return { name = 'A', numbers = { '+15550100002' }, prompt = function(call)\n"
        "return call.caller .. ' ' .. call.turn .. ' ' .. tostring(call.called) end }");
    assert_int_equal(script_host_load(world->host), 1);
    struct agent *agent = agent_table_find_number(SLICE("+15550100002"));
    assert_non_null(agent);
    send(world, SCRIPT_PROMPT, "acme", "c1", 3, NULL);
    struct script_result *result = answer(world);
    assert_int_equal(result->ending, SCRIPT_DONE);
    assert_string_equal(result->text, "+15550100001 3 nil");
    assert_ptr_equal(result->agent, agent);
    assert_string_equal(result->state_json, "{}");
    script_result_free(result);
    agent_release(agent);
    send(world, SCRIPT_PROMPT, "nobody", "c2", 1, NULL);
    expect_answer(world, SCRIPT_ERROR, NULL);
}

static void tools_answer(void **state)
{
    struct world *world = *state;
    expect_tool(world, "return { ok = true, n = args.n }", SCRIPT_DONE, "{\"n\":1,\"ok\":true}");
    expect_tool(world, "return nil, 'no_luck', 'sorry'", SCRIPT_DONE,
        "{\"message\":\"sorry\",\"ok\":false,\"reason\":\"no_luck\"}");
    expect_tool(world, "", SCRIPT_DONE, "{\"ok\":true}");
    expect_tool(world, "return sleep(1)", SCRIPT_DONE, "\"rested\"");
    expect_tool(world, "local ok, text = pcall(function() return sleep(1) end) return { ok, text }",
        SCRIPT_DONE, "[true,\"rested\"]");
    expect_tool(world, "error('oh')", SCRIPT_ERROR, "{\"error\":\"error\"}");
    expect_tool(world, "error({})", SCRIPT_ERROR, "{\"error\":\"error\"}");
    expect_tool(world, "return { f = pairs }", SCRIPT_ERROR, "{\"error\":\"error\"}");
    expect_tool(world, "return (('x'):gsub('x', function() return sleep(1) end))", SCRIPT_DONE,
        "\"rested\"");
    expect_tool(world,
        "local t = { 3, 1, 2 } table.sort(t, function(a, b) sleep(1) return a < b end) return t",
        SCRIPT_DONE, "[1,2,3]");
}

static void arguments_are_checked(void **state)
{
    struct world *world = *state;
    tool_is(world, "acme", "return args.n == nil");
    send(world, SCRIPT_TOOL, "acme", "c1", 1, "{\"n\":\"one\"}");
    expect_answer(world, SCRIPT_DONE,
        "{\"error\":\"bad_arguments\",\"message\":\"n must be of type number\"}");
    send(world, SCRIPT_TOOL, "acme", "c1", 1, "[1]");
    expect_answer(world, SCRIPT_DONE,
        "{\"error\":\"bad_arguments\",\"message\":\"arguments must be an object\"}");
    send(world, SCRIPT_TOOL, "acme", "c1", 1, "{\"n\":");
    expect_answer(world, SCRIPT_DONE, NULL);
    send(world, SCRIPT_TOOL, "acme", "c1", 1, "{\"n\":null}");
    expect_answer(world, SCRIPT_DONE, "true");
    for (int i = 0; i < 7; i++) {
        send(world, SCRIPT_TOOL, "acme", "c1", 1, "");
        expect_answer(world, SCRIPT_DONE, "true");
    }
    send(world, SCRIPT_TOOL, "acme", "c1", 1, "{}");
    expect_answer(world, SCRIPT_ERROR, "{\"error\":\"too_many_calls\"}");
}

static void limits_hold_and_the_tenant_goes_on(void **state)
{
    struct world *world = *state;
    expect_tool(world, "while true do pcall(function() while true do end end) end",
        SCRIPT_OUT_OF_TIME, "{\"error\":\"out_of_time\"}");
    expect_tool(world, "local t = {} while true do t[#t + 1] = ('x'):rep(1000) .. #t end",
        SCRIPT_OUT_OF_MEMORY, "{\"error\":\"out_of_memory\"}");
    expect_tool(world, "local function f() return 1 + f() end return f()", SCRIPT_ERROR,
        "{\"error\":\"error\"}");
    expect_tool(world, "return 'fine'", SCRIPT_DONE, "\"fine\"");
    tenant_is(world, "loops",
        "local n = 0 return { name = 'A', prompt = function(call)\n"
        "n = n + 1 if n > 1 then while true do end end return 'once' end }");
    script_host_load(world->host);
    send(world, SCRIPT_PROMPT, "loops", "c1", 1, NULL);
    expect_answer(world, SCRIPT_OUT_OF_TIME, NULL);
}

/* One tenant's loops, builds and bombs must not keep another's prompt waiting for more than a slice or two. */
static void neighbours_are_not_held_up(void **state)
{
    struct world *world = *state;
    tool_is(world, "calm", "return 1");
    tool_is(world, "acme", "while true do end");
    uint64_t worst_us = 0;
    for (uint32_t turn = 1; turn <= 8; turn++) {
        send(world, SCRIPT_TOOL, "acme", "c1", turn, "{}");
        send(world, SCRIPT_PROMPT, "acme", "c3", turn, NULL);
        send(world, SCRIPT_PROMPT, "calm", "c2", turn, NULL);
        struct script_result *result = answer(world);
        assert_string_equal(result->text, "one");
        if (result->call_key == 7 && result->elapsed_us > worst_us)
            worst_us = result->elapsed_us;
        script_result_free(result);
        send(world, SCRIPT_CALL_END, "acme", "c1", turn, NULL);
        send(world, SCRIPT_CALL_END, "acme", "c3", turn, NULL);
        run_for(world, 1);
    }
    print_message("worst prompt beside an endless loop: %llu us\n", (unsigned long long)worst_us);
}

static void late_tools_go_on_once(void **state)
{
    struct world *world = *state;
    world->timeout_ms = 100;
    tool_is(world, "acme", "sleep(150) call.state.late = true return 'late'");
    send(world, SCRIPT_TOOL, "acme", "c1", 1, "{}");
    expect_answer(world, SCRIPT_TIMEOUT, "{\"error\":\"timeout\"}");
    struct script_result *result = answer(world);
    assert_true(result->is_late);
    assert_int_equal(result->ending, SCRIPT_DONE);
    assert_string_equal(result->text, "\"late\"");
    assert_string_equal(result->tool_name, "t");
    assert_string_equal(result->arguments, "{}");
    assert_string_equal(result->state_json, "{\"late\":true}");
    script_result_free(result);
    run_for(world, 100);
    assert_int_equal(mailbox_count(&world->answers), 0);
}

static void late_tools_have_the_tenants_words(void **state)
{
    static const struct {
        const char *words, *own, *expected;
    } rows[] = {{"failure_text = 'Ours.',", "", "Ours."},
        {"failure_text = 'Ours.',", "failure_text = 'Mine.',", "Mine."}, {"", "", NULL}};
    struct world *world = *state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char text[1000], call_id[8];
        snprintf(text, sizeof text,
            "return { name = 'A', %s tools = { { name = 't', description = 'd', %s\n"
            "timeout_ms = 100, parameters = { type = 'object', properties = {} },\n"
            "run = function() sleep(60000) end } }, prompt = function() return 'p' end }",
            rows[i].words, rows[i].own);
        tenant_is(world, "acme", text);
        script_host_load(world->host);
        snprintf(call_id, sizeof call_id, "c%zu", i);
        send(world, SCRIPT_TOOL, "acme", call_id, 1, "{}");
        struct script_result *result = answer(world);
        assert_int_equal(result->ending, SCRIPT_TIMEOUT);
        assert_string_equal(result->failure_text ? result->failure_text : "none",
            rows[i].expected ? rows[i].expected : "none");
        script_result_free(result);
    }
}

static void waits_end_with_the_call(void **state)
{
    struct world *world = *state;
    tool_is(world, "acme", "sleep(60000) return 1");
    send(world, SCRIPT_TOOL, "acme", "c1", 1, "{}");
    run_for(world, 20);
    assert_int_equal(world->sleeping, 1);
    send(world, SCRIPT_CALL_END, "acme", "c1", 1, NULL);
    run_for(world, 20);
    assert_int_equal(world->sleeping, 0);
    assert_int_equal(mailbox_count(&world->answers), 0);
    send(world, SCRIPT_TOOL, "acme", "c2", 1, "{}"); /* and with the host */
    run_for(world, 20);
}

static void state_is_kept(void **state)
{
    struct world *world = *state;
    const char *count = "call.state.n = (call.state.n or 0) + 1 return call.state.n";
    tool_is(world, "acme", count);
    for (int i = 1; i <= 3; i++) {
        char text[8];
        snprintf(text, sizeof text, "%d", i);
        send(world, SCRIPT_TOOL, "acme", "c1", 1, "{}");
        expect_answer(world, SCRIPT_DONE, text);
    }
    /* Over a reload, and a VM that ran out of memory. */
    tool_is(world, "acme",
        "call.state.n = call.state.n + 10 if args.n then local t = {} while true do t[#t + 1] = "
        "('x'):rep(1e4) .. #t end end\n"
        "return call.state.n");
    prompt_is(world, "c1", 2, "one");
    send(world, SCRIPT_TOOL, "acme", "c1", 2, "{}");
    expect_answer(world, SCRIPT_DONE, "13");
    send(world, SCRIPT_TOOL, "acme", "c1", 2, "{\"n\":1}");
    expect_answer(world, SCRIPT_OUT_OF_MEMORY, NULL);
    send(world, SCRIPT_TOOL, "acme", "c1", 2, "{}");
    expect_answer(world, SCRIPT_DONE, "23");
    /* What is too large or no data is not kept. */
    tool_is(world, "acme",
        "if args.n then call.state.big = ('x'):rep(20000) else call.state = { n = 1, f = pairs } "
        "end return 0");
    prompt_is(world, "c1", 3, "one");
    for (int i = 0; i < 2; i++) {
        send(world, SCRIPT_TOOL, "acme", "c1", 3, i ? "{}" : "{\"n\":1}");
        struct script_result *result = answer(world);
        assert_string_equal(result->state_json, "{\"n\":23}");
        script_result_free(result);
    }
}

static void agent_saying(struct world *world, const char *text)
{
    char agent[256];
    snprintf(agent, sizeof agent,
        "return { name = 'A', tools = { { name = 't', description = 'd', parameters = { type = "
        "'object', properties = {} },\n"
        "run = function() return '%s' end } }, prompt = function() return '%s' end }",
        text, text);
    tenant_is(world, "acme", agent);
}

/* Saved, and found by a reload beside everything else. */
static void text_is(struct world *world, const char *text)
{
    agent_saying(world, text);
    struct agent *before = agent_table_find(SLICE("acme")), *after = before;
    send(world, SCRIPT_RELOAD, "", "", 0, NULL);
    for (unsigned i = 0; after == before && i < 500; i++) {
        run_for(world, 5);
        after = agent_table_find(SLICE("acme"));
        agent_release(after);
    }
    agent_release(before);
    assert_ptr_not_equal(before, after);
}

static void live_calls_take_a_reload_at_their_next_turn(void **state)
{
    struct world *world = *state;
    text_is(world, "old");
    prompt_is(world, "c1", 1, "old");
    text_is(world, "new");
    send(world, SCRIPT_TOOL, "acme", "c1", 1, "{}");
    expect_answer(world, SCRIPT_DONE, "\"old\"");
    prompt_is(world, "c2", 1, "new");
    prompt_is(world, "c1", 2, "new");
    send(world, SCRIPT_TOOL, "acme", "c1", 2, "{}");
    expect_answer(world, SCRIPT_DONE, "\"new\"");
}

static void expect_tenants(const char *expected)
{
    struct strbuf text;
    strbuf_init(&text, 4096);
    agent_table_json(&text);
    assert_non_null(strstr(text.data, expected));
    strbuf_free(&text);
}

static bool has_failed(void)
{
    struct strbuf text;
    strbuf_init(&text, 4096);
    agent_table_json(&text);
    bool is_failed = strstr(text.data, "took more than 50 ms to load") != NULL;
    strbuf_free(&text);
    return is_failed;
}

/* A version that never finishes loading is refused in slices: prompts of others come in between, its own too. */
static void loading_holds_up_nobody(void **state)
{
    struct world *world = *state;
    text_is(world, "good");
    tool_is(world, "calm", "return 1");
    folder_write(&world->folder, "tenants/acme/endless.lua", "while true do pcall(error) end");
    tenant_is(world, "acme", "local endless = require('endless') return { name = 'A' }");
    send(world, SCRIPT_RELOAD, "", "", 0, NULL);
    send(world, SCRIPT_PROMPT, "calm", "c2", 1, NULL);
    expect_answer(world, SCRIPT_DONE, "one");
    prompt_is(world, "c1", 1, "good");
    assert_false(has_failed());
    for (unsigned i = 0; i < 1000 && !has_failed(); i++)
        run_for(world, 5);
    assert_true(has_failed());
    prompt_is(world, "c1", 2, "good");
}

static void a_call_has_64_tools(void **state)
{
    struct world *world = *state;
    tool_is(world, "acme", "return 1");
    for (uint32_t turn = 1; turn <= 9; turn++) {
        prompt_is(world, "c1", turn, "one");
        for (unsigned i = 0; i < 8 && turn < 9; i++) {
            send(world, SCRIPT_TOOL, "acme", "c1", turn, "{}");
            expect_answer(world, SCRIPT_DONE, "1");
        }
    }
    send(world, SCRIPT_TOOL, "acme", "c1", 9, "{}");
    expect_answer(world, SCRIPT_ERROR, "{\"error\":\"too_many_calls\"}");
    prompt_is(world, "c1", 10, "one");
}

static void a_broken_file_changes_nothing(void **state)
{
    struct world *world = *state;
    text_is(world, "good");
    prompt_is(world, "c1", 1, "good");
    expect_tenants("\"status\":\"live\",\"error\":null");
    tenant_is(world, "acme", "return {\n  name = 'A'\n  prompt = 5 }");
    assert_int_equal(script_host_load(world->host), 1);
    expect_tenants("\"status\":\"failed\",\"error\":\"agent.lua:3: '}' expected (to close '{' at "
                   "line 1) near 'prompt'\"");
    prompt_is(world, "c1", 2, "good");
    prompt_is(world, "c2", 1, "good");
    agent_saying(world, "good");
    assert_int_equal(script_host_load(world->host), 1);
    prompt_is(world, "c1", 3, "good");
    expect_tenants("\"status\":\"live\",\"error\":null");
    folder_delete(&world->folder, "tenants/acme/agent.lua");
    assert_int_equal(script_host_load(world->host), 1);
    expect_tenants("\"error\":\"agent.lua:1: agent.lua: No such file or directory\"");
    prompt_is(world, "c1", 4, "good");
}

static void a_number_has_one_tenant(void **state)
{
    struct world *world = *state;
    const char *agent =
        "return { name = 'A',\n numbers = { '+15550100002' }, prompt = function() return 'p' end }";
    tenant_is(world, "one", agent);
    tenant_is(world, "two", agent);
    tenant_is(world, "Bad Name", agent);
    assert_int_equal(script_host_load(world->host), 1);
    expect_tenants(
        "{\"id\":\"two\",\"name\":null,\"version\":null,\"numbers\":[],\"status\":\"failed\","
        "\"error\":\"agent.lua:2: number +15550100002 belongs to tenant one\"}");
}

/* --- hooks --- */

/* A tenant with these members in agent.lua, beside a prompt. */
static void hooks_are(struct world *world, const char *members)
{
    static char text[4096];
    snprintf(text, sizeof text,
        "return { name = 'A', %s, prompt = function(call) return call.phase or 'none' end }",
        members);
    tenant_is(world, "acme", text);
    script_host_load(world->host);
}

static void ask_hook(
    struct world *world, enum script_hook hook, const char *value, const char *call_id)
{
    char values[256];
    struct script_job *job = script_job_make(SCRIPT_HOOK);
    job->hook = hook;
    if (hook == HOOK_ON_USER_TURN)
        job->utterance = slice_dup(SLICE("x"));
    snprintf(values, sizeof values, "[%s]", value);
    job->reply = &world->answers;
    job->call_key = 7;
    job->epoch = 3;
    slice_copy(slice_from(call_id), job->facts.call_id, sizeof job->facts.call_id);
    slice_copy(SLICE("acme"), job->facts.tenant_id, sizeof job->facts.tenant_id);
    job->arguments = slice_dup(slice_from(values));
    assert_int_equal(script_host_send(world->host, job), ERR_OK);
}

/* NULL text: it failed so. */
static void expect_hook(
    struct world *world, enum script_ending ending, const char *text, const char *phase)
{
    struct script_result *result = answer(world);
    assert_int_equal(result->ending, ending);
    assert_int_equal(result->epoch, 3);
    if (text)
        assert_string_equal(result->text, text);
    assert_string_equal(result->phase, phase);
    script_result_free(result);
}

static void end_of_turn_answers(void **state)
{
    struct world *world = *state;
    hooks_are(world,
        "end_of_turn = function(call, signals)\n"
        "  if signals.phase == 'phone_number' and signals.words < 3 then return false end\n"
        "  if signals.text == 'bye' then call.phase = 'phone_number' return true end\n"
        "end");
    ask_hook(world, HOOK_END_OF_TURN, "{\"text\":\"hello\",\"words\":1}", "c1");
    expect_hook(world, SCRIPT_DONE, "null", "");
    ask_hook(world, HOOK_END_OF_TURN, "{\"text\":\"bye\",\"words\":1}", "c1");
    expect_hook(world, SCRIPT_DONE, "true", "phone_number");
    ask_hook(world, HOOK_END_OF_TURN, "{\"text\":\"bye\",\"words\":1}", "c1");
    expect_hook(world, SCRIPT_DONE, "false", "phone_number");
}

static void end_of_turn_fails_alone(void **state)
{
    static const struct {
        const char *body;
        enum script_ending ending;
    } rows[] = {
        {"error('no')", SCRIPT_ERROR},
        {"return 'yes'", SCRIPT_ERROR},
        {"call:say('hello')", SCRIPT_ERROR},
        {"sleep(1)", SCRIPT_ERROR},
        {"while true do end", SCRIPT_OUT_OF_TIME},
        {"local t = {} while true do t[#t + 1] = ('x'):rep(1000) .. #t end", SCRIPT_OUT_OF_MEMORY},
    };
    struct world *world = *state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char members[512], id[8]; /* a call stays on its version until its next prompt */
        snprintf(id, sizeof id, "c%zu", i);
        snprintf(
            members, sizeof members, "end_of_turn = function(call, signals) %s end", rows[i].body);
        hooks_are(world, members);
        ask_hook(world, HOOK_END_OF_TURN, "{}", id);
        expect_hook(world, rows[i].ending, NULL, "");
        send(world, SCRIPT_PROMPT, "acme", id, 1, NULL);
        expect_answer(world, SCRIPT_DONE, "none");
        ask_hook(world, HOOK_ON_DTMF, "\"1\"", id); /* which this tenant does not have */
        expect_hook(world, SCRIPT_ERROR, NULL, "");
    }
}

static void on_dtmf_answers(void **state)
{
    struct world *world = *state;
    hooks_are(world,
        "on_dtmf = function(call, digit)\n"
        "  call.state.keys = (call.state.keys or '') .. digit\n"
        "  if digit == '0' then return true end\n"
        "  if digit == '#' then call.phase = nil return 'I typed ' .. call.state.keys end\n"
        "  call.phase = 'typing'\n"
        "end");
    ask_hook(world, HOOK_ON_DTMF, "\"1\"", "c1");
    expect_hook(world, SCRIPT_DONE, "null", "typing");
    ask_hook(world, HOOK_ON_DTMF, "\"0\"", "c1");
    expect_hook(world, SCRIPT_DONE, "true", "typing");
    ask_hook(world, HOOK_ON_DTMF, "\"#\"", "c1");
    expect_hook(world, SCRIPT_DONE, "\"I typed 10#\"", "");
}

/* What each may answer, and what is refused. */
static void turn_hooks_answer(void **state)
{
    static const struct {
        enum script_hook hook;
        const char *body;
        const char *text; /* NULL: refused */
    } rows[] = {
        {HOOK_ON_USER_TURN, "", "null"},
        {HOOK_ON_USER_TURN, "return 'You said ' .. a", "\"You said x\""},
        {HOOK_ON_USER_TURN, "return { rewrite = 'y' }", "{\"rewrite\":\"y\"}"},
        {HOOK_ON_USER_TURN, "return { say = 'Bye.', hangup = true }",
            "{\"hangup\":true,\"say\":\"Bye.\"}"},
        {HOOK_ON_USER_TURN, "return { transfer = '+15550100099' }",
            "{\"transfer\":\"+15550100099\"}"},
        {HOOK_ON_USER_TURN, "return { say = 'Yes.' }", "{\"say\":\"Yes.\"}"},
        {HOOK_ON_USER_TURN, "return sleep(1)", "\"rested\""},
        {HOOK_ON_USER_TURN, "return call.utterance", "\"x\""},
        {HOOK_ON_USER_TURN, "return true", NULL},
        {HOOK_ON_USER_TURN, "return ''", NULL},
        {HOOK_ON_USER_TURN, "return {}", NULL},
        {HOOK_ON_USER_TURN, "return { hangup = false }", NULL},
        {HOOK_ON_USER_TURN, "return { rewrite = 'y', say = 'z' }", NULL},
        {HOOK_ON_USER_TURN, "return { transfer = '+1', hangup = true }", NULL},
        {HOOK_ON_USER_TURN, "return { say = 'x', listen = true }", NULL},
        {HOOK_ON_USER_TURN, "return { say = function() end }", NULL},
        {HOOK_ON_USER_TURN, "return ('x'):rep(4097)", NULL},
        {HOOK_ON_PARTIAL, "call.state.last = a", "null"},
        {HOOK_ON_PARTIAL, "return 'x'", "null"},
        {HOOK_ON_PARTIAL, "sleep(1)", NULL},
        {HOOK_ON_SILENCE, "return false", "false"},
        {HOOK_ON_SILENCE, "return 'Hello?'", "\"Hello?\""},
        {HOOK_ON_SILENCE, "return true", NULL},
        {HOOK_BEFORE_SAY, "return (a:gsub('x', 'y'))", "\"y\""},
        {HOOK_BEFORE_SAY, "return false", "false"},
        {HOOK_BEFORE_SAY, "return ('x'):rep(1001)", NULL},
        {HOOK_BEFORE_SAY, "return '\\255'", NULL},
        {HOOK_BEFORE_SAY, "return 'a\\0b'", NULL},
        {HOOK_ON_TOOL_ERROR, "return a .. ' ' .. b", "\"x late\""},
        {HOOK_ON_TOOL_ERROR, "return { ok = true, list = { 1 } }", "{\"list\":[1],\"ok\":true}"},
        {HOOK_ON_TOOL_ERROR, "return 7", NULL},
    };
    struct world *world = *state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char members[256], id[8];
        snprintf(id, sizeof id, "c%zu", i);
        snprintf(members, sizeof members, "%s = function(call, a, b) %s end",
            hook_rules[rows[i].hook].name, rows[i].body);
        hooks_are(world, members);
        ask_hook(world, rows[i].hook, "\"x\",\"late\"", id);
        expect_hook(world, rows[i].text ? SCRIPT_DONE : SCRIPT_ERROR, rows[i].text, "");
    }
}

static void a_hook_is_late(void **state)
{
    struct world *world = *state;
    hooks_are(world, "on_user_turn = function(call) call.state.n = 1 sleep(60000) end");
    uint64_t start_ms = clock_ms();
    ask_hook(world, HOOK_ON_USER_TURN, "\"x\"", "c1");
    expect_hook(world, SCRIPT_TIMEOUT, NULL, "");
    assert_true(clock_ms() - start_ms >= hook_rules[HOOK_ON_USER_TURN].timeout_ms);
    assert_int_equal(world->sleeping, 0); /* its wait ends with it */
    hooks_are(world, "on_user_turn = function(call) while true do end end");
    ask_hook(world, HOOK_ON_USER_TURN, "\"x\"", "c1");
    expect_hook(world, SCRIPT_OUT_OF_TIME, NULL, "");
}

/* It begins the turn on the version of now, and the prompt ends it there. */
static void on_user_turn_pins_the_version(void **state)
{
    struct world *world = *state;
    hooks_are(world, "on_user_turn = function(call) return 'one' end");
    ask_hook(world, HOOK_ON_USER_TURN, "\"x\"", "c1");
    expect_hook(world, SCRIPT_DONE, "\"one\"", "");
    hooks_are(world, "on_user_turn = function(call) call.phase = 'two' return 'two' end");
    ask_hook(world, HOOK_ON_USER_TURN, "\"x\"", "c1");
    expect_hook(world, SCRIPT_DONE, "\"two\"", "two");
    tenant_is(world, "acme", "return { name = 'A', prompt = function() return 'three' end }");
    script_host_load(world->host);
    struct script_job *job = job_for(world, SCRIPT_PROMPT, "acme", "c1", 1);
    job->is_turn_begun = true;
    assert_int_equal(script_host_send(world->host, job), ERR_OK);
    expect_answer(world, SCRIPT_DONE, "two");
    ask_hook(world, HOOK_ON_USER_TURN, "\"x\"", "c1"); /* a reload took it away: no failure */
    expect_hook(world, SCRIPT_DONE, "null", "two");
    send(world, SCRIPT_PROMPT, "acme", "c1", 2, NULL);
    expect_answer(world, SCRIPT_DONE, "three");
}

static void a_phase_outlives_version_and_memory(void **state)
{
    struct world *world = *state;
    hooks_are(world,
        "on_dtmf = function(call, digit) call.phase = 'phone_number' return true end,\n"
        "end_of_turn = function() local t = {} while true do t[#t + 1] = ('x'):rep(1000) .. #t end "
        "end");
    ask_hook(world, HOOK_ON_DTMF, "\"1\"", "c1");
    expect_hook(world, SCRIPT_DONE, "true", "phone_number");
    ask_hook(world, HOOK_END_OF_TURN, "{}", "c1");
    expect_hook(world, SCRIPT_OUT_OF_MEMORY, NULL, "phone_number");
    send(world, SCRIPT_PROMPT, "acme", "c1", 1, NULL);
    expect_answer(world, SCRIPT_DONE, "phone_number");
    hooks_are(world, "language = 'de'");
    send(world, SCRIPT_PROMPT, "acme", "c1", 2, NULL);
    expect_answer(world, SCRIPT_DONE, "phone_number");
}

static void a_phase_is_a_name(void **state)
{
    struct world *world = *state;
    hooks_are(world, "on_dtmf = function(call, digit)\n"
                     "  call.phase = ({ a = 'good', b = 7, c = 'no name', d = {} })[digit]\n"
                     "  return true\n"
                     "end");
    ask_hook(world, HOOK_ON_DTMF, "\"a\"", "c1");
    expect_hook(world, SCRIPT_DONE, "true", "good");
    for (const char *key = "bcd"; *key; key++) {
        ask_hook(world, HOOK_ON_DTMF, (char[]){'"', *key, '"', 0}, "c1");
        expect_hook(world, SCRIPT_DONE, "true", "good"); /* the last good one stays */
    }
}

int main(void)
{
    log_set_level(LOG_ERROR);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(prompts_are_built, setup, teardown),
        cmocka_unit_test_setup_teardown(tools_answer, setup, teardown),
        cmocka_unit_test_setup_teardown(arguments_are_checked, setup, teardown),
        cmocka_unit_test_setup_teardown(limits_hold_and_the_tenant_goes_on, setup, teardown),
        cmocka_unit_test_setup_teardown(neighbours_are_not_held_up, setup, teardown),
        cmocka_unit_test_setup_teardown(late_tools_go_on_once, setup, teardown),
        cmocka_unit_test_setup_teardown(late_tools_have_the_tenants_words, setup, teardown),
        cmocka_unit_test_setup_teardown(waits_end_with_the_call, setup, teardown),
        cmocka_unit_test_setup_teardown(state_is_kept, setup, teardown),
        cmocka_unit_test_setup_teardown(
            live_calls_take_a_reload_at_their_next_turn, setup, teardown),
        cmocka_unit_test_setup_teardown(loading_holds_up_nobody, setup, teardown),
        cmocka_unit_test_setup_teardown(a_call_has_64_tools, setup, teardown),
        cmocka_unit_test_setup_teardown(a_broken_file_changes_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(a_number_has_one_tenant, setup, teardown),
        cmocka_unit_test_setup_teardown(end_of_turn_answers, setup, teardown),
        cmocka_unit_test_setup_teardown(end_of_turn_fails_alone, setup, teardown),
        cmocka_unit_test_setup_teardown(on_dtmf_answers, setup, teardown),
        cmocka_unit_test_setup_teardown(turn_hooks_answer, setup, teardown),
        cmocka_unit_test_setup_teardown(a_hook_is_late, setup, teardown),
        cmocka_unit_test_setup_teardown(on_user_turn_pins_the_version, setup, teardown),
        cmocka_unit_test_setup_teardown(a_phase_outlives_version_and_memory, setup, teardown),
        cmocka_unit_test_setup_teardown(a_phase_is_a_name, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
