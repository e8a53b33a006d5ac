/* How live calls come to a new version: at their next turn, through migrate, or not at all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>

#include "observe/metrics.h"
#include "unit/script/reload_world.h"

#define TOOL(body)                                                                                 \
    "tools = { { name = 't', description = 'd', parameters = { type = 'object',\n"                 \
    "properties = {} }, run = function(call) " body " end } },"

static void a_call_moves_at_its_next_turn(void **state)
{
    struct reload_world *world = *state;
    now_says(world, "one", TOOL("return 'one'"));
    expect_prompt(world, "c1", 1, "one");
    now_says(world, "two", TOOL("return 'two'"));
    expect_tool(world, "c1", "\"one\"");
    expect_prompt(world, "c2", 1, "two");
    expect_prompt(world, "c1", 2, "two");
    expect_tool(world, "c1", "\"two\"");
}

static void a_call_stays_where_its_version_says_so(void **state)
{
    struct reload_world *world = *state;
    now_says(world, "one", "reload = 'next_call'");
    expect_prompt(world, "c1", 1, "one");
    now_says(world, "two", "");
    expect_prompt(world, "c2", 1, "two");
    expect_prompt(world, "c1", 2, "one");
    now_says(world, "three", "");
    expect_prompt(world, "c1", 3, "one");
    expect_prompt(world, "c2", 2, "three");
    assert_true(has_state(world, "held"));
    end_call(world, "c1");
    assert_false(has_state(world, "held"));
}

/* Saved between the greeting and the first turn: the call is not new any more. */
static void a_call_has_the_version_that_greeted_it(void **state)
{
    struct reload_world *world = *state;
    now_says(world, "one", "reload = 'next_call'");
    begin_call(world, "c1");
    now_says(world, "two", "");
    expect_prompt(world, "c1", 1, "one");
    expect_prompt(world, "c2", 1, "two");
    begin_call(world, "c3");
    save(world, "acme", "three", "canary = 99");
    expect_reload(world, "acme", "canary");
    expect_prompt(world, "c3", 1, "two");
    now_says(world, "four", "");
    begin_call(world, "c4");
    now_says(world, "five", "");
    expect_prompt(world, "c4", 1, "five");
}

/* A turn that the script answers by itself has no prompt. */
static void a_turn_begins_with_its_first_hook(void **state)
{
    struct reload_world *world = *state;
    now_says(world, "one",
        "on_user_turn = function(call) call.state.n = (call.state.n or 0) + 1 return 'one' end");
    expect_user_turn(world, "c1", 1, "\"one\"");
    now_says(world, "two",
        "migrate = function(state) return { n = state.n + 10 } end,\n"
        "on_user_turn = function(call) return 'two ' .. call.state.n end");
    expect_user_turn(world, "c1", 2, "\"two 11\"");
    expect_prompt(world, "c1", 2, "two");
    now_says(world, "three", "");
    expect_user_turn(world, "c1", 3, "null"); /* it is not in this version */
    expect_prompt(world, "c1", 3, "three");
}

static void state_is_migrated(void **state)
{
    struct reload_world *world = *state;
    char migrate[512], first[VERSION_SIZE];
    now_says(world, "one", TOOL("call.state.name = 'Ann' return 1"));
    current_version(first);
    expect_prompt(world, "c1", 1, "one");
    expect_tool(world, "c1", "1");
    snprintf(migrate, sizeof migrate,
        "migrate = function(state, from)\n"
        "if from ~= '%s' then error('from ' .. from) end\n"
        "return { who = { first = state.name } } end",
        first);
    now_says(world, "two", migrate);
    expect_state(world, "c1", 2, "{\"who\":{\"first\":\"Ann\"}}");
    expect_state(world, "c2", 1, "{}"); /* a new call has nothing to migrate */
}

static void a_migrate_may_leave_state_as_it_is(void **state)
{
    struct reload_world *world = *state;
    now_says(world, "one", TOOL("call.state.n = 1 call.phase = 'name' return 1"));
    expect_prompt(world, "c1", 1, "one");
    expect_tool(world, "c1", "1");
    now_says(world, "two", "migrate = function(state, from) state.n = 2 end");
    expect_state(world, "c1", 2, "{\"n\":1}");
}

static void a_failed_migrate_leaves_the_call_where_it_is(void **state)
{
    static const char *const bodies[] = {"error('no')", "return 'text'", "while true do end",
        "local t = {} while true do t[#t + 1] = ('x'):rep(1000) .. #t end", "return { f = pairs }",
        "return { text = ('x'):rep(20000) }", "park()"};
    struct reload_world *world = *state;
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        char members[512], text[16], call_id[8];
        int64_t failed = metric_get(METRIC_SCRIPT_RELOADS_MIGRATE_FAILED);
        snprintf(text, sizeof text, "before %zu", i);
        snprintf(call_id, sizeof call_id, "c%zu", i);
        now_says(world, text, TOOL("call.state.n = 1 return 1"));
        expect_prompt(world, call_id, 1, text);
        expect_tool(world, call_id, "1");
        snprintf(members, sizeof members, "migrate = function(state, from) %s end", bodies[i]);
        now_says(world, "after", members);
        expect_prompt(world, call_id, 2, text);
        expect_state(world, call_id, 3, "{\"n\":1}");
        assert_int_equal(metric_get(METRIC_SCRIPT_RELOADS_MIGRATE_FAILED), failed + 1);
        now_says(world, "still later", "");
        expect_prompt(world, call_id, 4, text);
        expect_prompt(world, "new", 1, "still later");
        end_call(world, call_id);
        end_call(world, "new");
    }
}

/* Two prompts of one call while migrate is still at work: a draft, and the turn itself. */
static void drafts_share_a_migrate(void **state)
{
    struct reload_world *world = *state;
    now_says(world, "one", TOOL("call.state.n = 1 return 1"));
    expect_prompt(world, "c1", 1, "one");
    expect_tool(world, "c1", "1");
    now_says(world, "two",
        "migrate = function(state) for i = 1, 3e5 do end return { n = state.n + 1 } end");
    ask(world, SCRIPT_PROMPT, "c1", 2);
    expect_state(world, "c1", 2, "{\"n\":2}");
    forget_answer(world);
    expect_state(world, "c1", 3, "{\"n\":2}");
}

static void fields_are_checked(void **state)
{
    static const struct {
        const char *members, *why;
    } rows[] = {
        {"reload = 'never'",
            "agent.lua:2: reload is \"never\": it must be \"next_turn\" or \"next_call\""},
        {"canary = 0", "agent.lua:2: canary is 0: it must be from 1 to 99"},
        {"canary = 100", "agent.lua:2: canary is 100: it must be from 1 to 99"},
        {"migrate = true", "agent.lua:2: migrate is true: it must be a function"},
    };
    struct reload_world *world = *state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        save(world, "acme", "one", rows[i].members);
        json_t *list = administer(world, SCRIPT_RELOAD, "acme", "", NULL, 0);
        json_t *row = json_array_get(json_object_get(list, "tenants"), 0);
        assert_string_equal(json_string_value(json_object_get(row, "error")), rows[i].why);
        expect_outcome(list, "refused");
    }
}

/* A full mailbox refuses questions, but a call always ends. */
static void the_end_of_a_call_is_never_lost(void **state)
{
    struct reload_world *world = *state;
    json_t *list;
    world->options.mailbox_capacity = 1;
    world_restart(world);
    now_says(world, "one", "");
    expect_prompt(world, "c1", 1, "one");
    ask(world, SCRIPT_PROMPT, "c2", 1);
    end_call(world, "c1");
    forget_answer(world);
    json_t *row = version_in_state(world, "current", &list);
    assert_int_equal(json_integer_value(json_object_get(row, "calls")), 1);
    json_decref(list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_call_moves_at_its_next_turn, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(
            a_call_stays_where_its_version_says_so, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(
            a_call_has_the_version_that_greeted_it, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(
            a_turn_begins_with_its_first_hook, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(state_is_migrated, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(
            a_migrate_may_leave_state_as_it_is, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(
            a_failed_migrate_leaves_the_call_where_it_is, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(drafts_share_a_migrate, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(fields_are_checked, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(
            the_end_of_a_call_is_never_lost, world_setup, world_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
