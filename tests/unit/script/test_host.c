/* The script thread's work on a real loop: prompts, tools, limits, deadlines, state, reload under live calls. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "observe/log.h"
#include "script/agent_table.h"
#include "unit/script/host_world.h"

static void prompts_are_built(void **state)
{
    struct host_world *world = *state;
    tenant_is(world, "acme",
        "return { name = 'A', numbers = { '+15550100002' }, prompt = function(call)\n"
        "return call.caller .. ' ' .. call.turn .. ' ' .. tostring(call.called) end }");
    assert_int_equal(script_host_load(world->host), 1);
    struct agent *agent = agent_table_find_number(SLICE("+15550100002"));
    assert_non_null(agent);
    send_job(world, SCRIPT_PROMPT, "acme", "c1", 3, NULL);
    struct script_result *result = answers_next(&world->answers);
    assert_int_equal(result->ending, SCRIPT_DONE);
    assert_string_equal(result->text, "+15550100001 3 nil");
    assert_ptr_equal(result->agent, agent);
    assert_string_equal(result->state_json, "{}");
    script_result_free(result);
    agent_release(agent);
    send_job(world, SCRIPT_PROMPT, "nobody", "c2", 1, NULL);
    expect_answer(world, SCRIPT_ERROR, NULL);
}

static void tools_answer(void **state)
{
    struct host_world *world = *state;
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
    struct host_world *world = *state;
    tool_is(world, "acme", "return args.n == nil");
    send_job(world, SCRIPT_TOOL, "acme", "c1", 1, "{\"n\":\"one\"}");
    expect_answer(
        world, SCRIPT_DONE, "{\"error\":\"bad_arguments\",\"message\":\"n: must be a number\"}");
    send_job(world, SCRIPT_TOOL, "acme", "c1", 1, "[1]");
    expect_answer(world, SCRIPT_DONE,
        "{\"error\":\"bad_arguments\",\"message\":\"arguments must be a JSON object\"}");
    send_job(world, SCRIPT_TOOL, "acme", "c1", 1, "{\"n\":");
    expect_answer(world, SCRIPT_DONE, NULL);
    send_job(world, SCRIPT_TOOL, "acme", "c1", 1, "{\"n\":null}");
    expect_answer(world, SCRIPT_DONE, "true");
    for (int i = 0; i < 7; i++) {
        send_job(world, SCRIPT_TOOL, "acme", "c1", 1, "");
        expect_answer(world, SCRIPT_DONE, "true");
    }
    send_job(world, SCRIPT_TOOL, "acme", "c1", 1, "{}");
    expect_answer(world, SCRIPT_ERROR, "{\"error\":\"too_many_calls\"}");
}

static void limits_hold_and_the_tenant_goes_on(void **state)
{
    struct host_world *world = *state;
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
    send_job(world, SCRIPT_PROMPT, "loops", "c1", 1, NULL);
    expect_answer(world, SCRIPT_OUT_OF_TIME, NULL);
}

/* One tenant's loops, builds and bombs must not keep another's prompt waiting for more than a slice or two. */
static void neighbours_are_not_held_up(void **state)
{
    struct host_world *world = *state;
    tool_is(world, "calm", "return 1");
    tool_is(world, "acme", "while true do end");
    uint64_t worst_us = 0;
    for (uint32_t turn = 1; turn <= 8; turn++) {
        send_job(world, SCRIPT_TOOL, "acme", "c1", turn, "{}");
        send_job(world, SCRIPT_PROMPT, "acme", "c3", turn, NULL);
        send_job(world, SCRIPT_PROMPT, "calm", "c2", turn, NULL);
        struct script_result *result = answers_next(&world->answers);
        assert_string_equal(result->text, "one");
        if (result->call_key == 7 && result->elapsed_us > worst_us)
            worst_us = result->elapsed_us;
        script_result_free(result);
        send_job(world, SCRIPT_CALL_END, "acme", "c1", turn, NULL);
        send_job(world, SCRIPT_CALL_END, "acme", "c3", turn, NULL);
        answers_run_for(&world->answers, 1);
    }
    print_message("worst prompt beside an endless loop: %llu us\n", (unsigned long long)worst_us);
}

static void late_tools_go_on_once(void **state)
{
    struct host_world *world = *state;
    world->timeout_ms = 100;
    tool_is(world, "acme", "sleep(150) call.state.late = true return 'late'");
    send_job(world, SCRIPT_TOOL, "acme", "c1", 1, "{}");
    expect_answer(world, SCRIPT_TIMEOUT, "{\"error\":\"timeout\"}");
    struct script_result *result = answers_next(&world->answers);
    assert_true(result->is_late);
    assert_int_equal(result->ending, SCRIPT_DONE);
    assert_string_equal(result->text, "\"late\"");
    assert_string_equal(result->tool_name, "t");
    assert_string_equal(result->arguments, "{}");
    assert_string_equal(result->state_json, "{\"late\":true}");
    script_result_free(result);
    answers_run_for(&world->answers, 100);
    assert_int_equal(mailbox_count(&world->answers.box), 0);
}

static void late_tools_have_the_tenants_words(void **state)
{
    static const struct {
        const char *words, *own, *expected;
    } rows[] = {{"failure_text = 'Ours.',", "", "Ours."},
        {"failure_text = 'Ours.',", "failure_text = 'Mine.',", "Mine."}, {"", "", NULL}};
    struct host_world *world = *state;
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
        send_job(world, SCRIPT_TOOL, "acme", call_id, 1, "{}");
        struct script_result *result = answers_next(&world->answers);
        assert_int_equal(result->ending, SCRIPT_TIMEOUT);
        assert_string_equal(result->failure_text ? result->failure_text : "none",
            rows[i].expected ? rows[i].expected : "none");
        script_result_free(result);
    }
}

static void waits_end_with_the_call(void **state)
{
    struct host_world *world = *state;
    tool_is(world, "acme", "sleep(60000) return 1");
    send_job(world, SCRIPT_TOOL, "acme", "c1", 1, "{}");
    answers_run_for(&world->answers, 20);
    assert_int_equal(world->sleeping, 1);
    send_job(world, SCRIPT_CALL_END, "acme", "c1", 1, NULL);
    answers_run_for(&world->answers, 20);
    assert_int_equal(world->sleeping, 0);
    assert_int_equal(mailbox_count(&world->answers.box), 0);
    send_job(world, SCRIPT_TOOL, "acme", "c2", 1, "{}"); /* and with the host */
    answers_run_for(&world->answers, 20);
}

static void state_is_kept(void **state)
{
    struct host_world *world = *state;
    const char *count = "call.state.n = (call.state.n or 0) + 1 return call.state.n";
    tool_is(world, "acme", count);
    for (int i = 1; i <= 3; i++) {
        char text[8];
        snprintf(text, sizeof text, "%d", i);
        send_job(world, SCRIPT_TOOL, "acme", "c1", 1, "{}");
        expect_answer(world, SCRIPT_DONE, text);
    }
    /* Over a reload, and a VM that ran out of memory. */
    tool_is(world, "acme",
        "call.state.n = call.state.n + 10 if args.n then local t = {} while true do t[#t + 1] = "
        "('x'):rep(1e4) .. #t end end\n"
        "return call.state.n");
    prompt_is(world, "c1", 2, "one");
    send_job(world, SCRIPT_TOOL, "acme", "c1", 2, "{}");
    expect_answer(world, SCRIPT_DONE, "13");
    send_job(world, SCRIPT_TOOL, "acme", "c1", 2, "{\"n\":1}");
    expect_answer(world, SCRIPT_OUT_OF_MEMORY, NULL);
    send_job(world, SCRIPT_TOOL, "acme", "c1", 2, "{}");
    expect_answer(world, SCRIPT_DONE, "23");
    /* What is too large or no data is not kept. */
    tool_is(world, "acme",
        "if args.n then call.state.big = ('x'):rep(20000) else call.state = { n = 1, f = pairs } "
        "end return 0");
    prompt_is(world, "c1", 3, "one");
    for (int i = 0; i < 2; i++) {
        send_job(world, SCRIPT_TOOL, "acme", "c1", 3, i ? "{}" : "{\"n\":1}");
        struct script_result *result = answers_next(&world->answers);
        assert_string_equal(result->state_json, "{\"n\":23}");
        script_result_free(result);
    }
}

static void agent_saying(struct host_world *world, const char *text)
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
static void text_is(struct host_world *world, const char *text)
{
    agent_saying(world, text);
    struct agent *before = agent_table_find(SLICE("acme")), *after = before;
    send_job(world, SCRIPT_RELOAD, "", "", 0, NULL);
    for (unsigned i = 0; after == before && i < 500; i++) {
        answers_run_for(&world->answers, 5);
        after = agent_table_find(SLICE("acme"));
        agent_release(after);
    }
    agent_release(before);
    assert_ptr_not_equal(before, after);
}

static void live_calls_take_a_reload_at_their_next_turn(void **state)
{
    struct host_world *world = *state;
    text_is(world, "old");
    prompt_is(world, "c1", 1, "old");
    text_is(world, "new");
    send_job(world, SCRIPT_TOOL, "acme", "c1", 1, "{}");
    expect_answer(world, SCRIPT_DONE, "\"old\"");
    prompt_is(world, "c2", 1, "new");
    prompt_is(world, "c1", 2, "new");
    send_job(world, SCRIPT_TOOL, "acme", "c1", 2, "{}");
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
    struct host_world *world = *state;
    text_is(world, "good");
    tool_is(world, "calm", "return 1");
    folder_write(&world->folder, "tenants/acme/endless.lua", "while true do pcall(error) end");
    tenant_is(world, "acme", "local endless = require('endless') return { name = 'A' }");
    send_job(world, SCRIPT_RELOAD, "", "", 0, NULL);
    send_job(world, SCRIPT_PROMPT, "calm", "c2", 1, NULL);
    expect_answer(world, SCRIPT_DONE, "one");
    prompt_is(world, "c1", 1, "good");
    assert_false(has_failed());
    for (unsigned i = 0; i < 1000 && !has_failed(); i++)
        answers_run_for(&world->answers, 5);
    assert_true(has_failed());
    prompt_is(world, "c1", 2, "good");
}

static void a_call_has_64_tools(void **state)
{
    struct host_world *world = *state;
    tool_is(world, "acme", "return 1");
    for (uint32_t turn = 1; turn <= 9; turn++) {
        prompt_is(world, "c1", turn, "one");
        for (unsigned i = 0; i < 8 && turn < 9; i++) {
            send_job(world, SCRIPT_TOOL, "acme", "c1", turn, "{}");
            expect_answer(world, SCRIPT_DONE, "1");
        }
    }
    send_job(world, SCRIPT_TOOL, "acme", "c1", 9, "{}");
    expect_answer(world, SCRIPT_ERROR, "{\"error\":\"too_many_calls\"}");
    prompt_is(world, "c1", 10, "one");
}

static void a_broken_file_changes_nothing(void **state)
{
    struct host_world *world = *state;
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
    struct host_world *world = *state;
    const char *agent =
        "return { name = 'A',\n numbers = { '+15550100002' }, prompt = function() return 'p' end }";
    tenant_is(world, "one", agent);
    tenant_is(world, "two", agent);
    tenant_is(world, "Bad Name", agent);
    assert_int_equal(script_host_load(world->host), 1);
    expect_tenants(
        "{\"id\":\"two\",\"name\":null,\"version\":null,\"numbers\":[],\"status\":\"failed\","
        "\"error\":\"agent.lua:2: number +15550100002 belongs to tenant one\",\"time_zone\":null}");
}

int main(void)
{
    log_set_level(LOG_ERROR);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(prompts_are_built, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(tools_answer, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(arguments_are_checked, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(
            limits_hold_and_the_tenant_goes_on, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(neighbours_are_not_held_up, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(late_tools_go_on_once, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(
            late_tools_have_the_tenants_words, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(waits_end_with_the_call, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(state_is_kept, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(
            live_calls_take_a_reload_at_their_next_turn, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(loading_holds_up_nobody, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(a_call_has_64_tools, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(a_broken_file_changes_nothing, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(a_number_has_one_tenant, world_setup, world_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
