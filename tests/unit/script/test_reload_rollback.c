/* Versions that fail in live calls: taken back at the third error, and the calls that were on them go on as if nothing had been. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "observe/metrics.h"
#include "unit/script/reload_world.h"

#define TOOL(body)                                                                                 \
    "tools = { { name = 't', description = 'd', parameters = { type = 'object',\n"                 \
    "properties = {} }, run = function(call) " body " end } },"
#define REMEMBERS TOOL("call.state.n = (call.state.n or 0) + 1 return call.state.n")

/* A prompt that loads and renders once, then fails. */
static void save_failing(struct reload_world *world, const char *body, const char *members)
{
    char agent[2048];
    snprintf(agent, sizeof agent,
        "local n = 0\nreturn { name = 'A', %s prompt = function(call)\n"
        "n = n + 1 if n > 1 then\n%s end return 'new' end }",
        members, body);
    folder_write(&world->folder, "tenants/acme/agent.lua", agent);
    expect_reload(world, "acme", "applied");
}

static void expect_live(const char *version)
{
    char current[VERSION_SIZE];
    current_version(current);
    assert_string_equal(current, version);
}

static void prompts_that_fail_take_a_version_back(void **state)
{
    struct reload_world *world = *state;
    char old[VERSION_SIZE];
    json_t *list;
    int64_t before = metric_get(METRIC_SCRIPT_RELOADS_ROLLED_BACK);
    now_says(world, "old", REMEMBERS);
    current_version(old);
    expect_prompt(world, "c1", 1, "old");
    expect_tool(world, "c1", "1");
    save_failing(world, "error('no')", "migrate = function() return { lost = true } end,");
    for (uint32_t turn = 2; turn <= 4; turn++) { /* each is answered by the version before */
        ask(world, SCRIPT_PROMPT, "c1", turn);
        ask(world, SCRIPT_TOOL, "c1", turn);
        forget_answer(world);
        forget_answer(world);
    }
    expect_live(old);
    assert_int_equal(metric_get(METRIC_SCRIPT_RELOADS_ROLLED_BACK), before + 1);
    expect_prompt(world, "c1", 5, "old");
    expect_prompt(world, "c2", 1, "old");
    json_t *row = version_in_state(world, "rolled_back", &list);
    assert_non_null(row);
    const char *why = json_string_value(json_object_get(row, "why"));
    assert_non_null(strstr(why, "agent.lua:4: no; agent.lua:4: no; agent.lua:4: no"));
    assert_int_equal(json_integer_value(json_object_get(row, "errors")), 3);
    json_decref(list);
}

static void each_failed_prompt_is_answered_by_the_version_before(void **state)
{
    struct reload_world *world = *state;
    now_says(world, "old", REMEMBERS);
    expect_prompt(world, "c1", 1, "old");
    expect_tool(world, "c1", "1");
    save_failing(world, "while true do end", "migrate = function() return { lost = true } end,");
    for (uint32_t turn = 2; turn <= 4; turn++)
        expect_state(world, "c1", turn, "{\"n\":1}");
    expect_prompt(world, "c2", 1, "old");
    expect_prompt(world, "c1", 5, "old");
}

static void calls_that_began_on_it_begin_again(void **state)
{
    struct reload_world *world = *state;
    now_says(world, "old", REMEMBERS);
    now_says(world, "new",
        TOOL("call.state.odd = true call.phase = 'odd' if call.turn > 1 then "
             "error('no') end return 1"));
    expect_prompt(world, "c1", 1, "new");
    expect_tool(world, "c1", "1");
    expect_state(world, "c1", 2, "{\"odd\":true}");
    for (int i = 0; i < 3; i++)
        expect_tool(world, "c1", NULL);
    expect_state(world, "c1", 3, "{}");
    expect_prompt(world, "c1", 4, "old");
}

static void tools_and_hooks_count(void **state)
{
    static const char *const members[] = {
        TOOL("error('no')"),
        TOOL("while true do end"),
        TOOL("local t = {} while true do t[#t + 1] = ('x'):rep(1000) .. #t end"),
        TOOL("return { f = pairs }"),
    };
    struct reload_world *world = *state;
    for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
        char old[VERSION_SIZE], text[16];
        snprintf(text, sizeof text, "old %zu", i);
        now_says(world, text, "");
        current_version(old);
        now_says(world, "new", members[i]);
        expect_prompt(world, "c1", 1, "new");
        for (int j = 0; j < 3; j++)
            expect_tool(world, "c1", NULL);
        expect_live(old);
        expect_prompt(world, "c1", 2, text);
        end_call(world, "c1");
    }
    now_says(world, "old", "");
    now_says(world, "new", "end_of_turn = function() error('no') end");
    expect_prompt(world, "c1", 1, "new");
    for (int i = 0; i < 3; i++) {
        ask(world, SCRIPT_HOOK, "c1", 1);
        forget_answer(world);
    }
    expect_prompt(world, "c1", 2, "old");
}

static void a_version_that_was_taken_back_stays_away_until_the_files_change(void **state)
{
    struct reload_world *world = *state;
    now_says(world, "old", "");
    save_failing(world, "error('no')", "");
    for (uint32_t turn = 1; turn <= 3; turn++)
        expect_prompt(world, "c1", turn, "old");
    expect_reload(world, "acme", "unchanged");
    json_t *list = administer(world, SCRIPT_RELOAD, "acme", "", NULL, 0);
    expect_outcome(list, "refused"); /* by name it is looked at once more, and is known */
    expect_prompt(world, "c1", 4, "old");
    assert_int_equal(metric_get(METRIC_SCRIPT_VMS), 1);
    now_says(world, "mended", "");
    expect_prompt(world, "c1", 5, "mended");
}

static void errors_after_probation_are_only_counted(void **state)
{
    struct reload_world *world = *state;
    world->options.probation_runs = 5;
    world->options.probation_ms = 1;
    world_restart(world);
    now_says(world, "old", "");
    now_says(world, "new", TOOL("error('no')"));
    answers_run_for(&world->answers, 2);
    for (uint32_t turn = 1; turn <= 5; turn++)
        expect_prompt(world, "c1", turn, "new");
    for (int i = 0; i < 6; i++)
        expect_tool(world, "c1", NULL);
    expect_prompt(world, "c1", 6, "new");
}

static void runs_alone_do_not_end_probation(void **state)
{
    struct reload_world *world = *state;
    world->options.probation_runs = 2;
    world_restart(world);
    now_says(world, "old", "");
    now_says(world, "new", TOOL("error('no')"));
    for (uint32_t turn = 1; turn <= 5; turn++)
        expect_prompt(world, "c1", turn, "new");
    for (int i = 0; i < 3; i++)
        expect_tool(world, "c1", NULL);
    expect_prompt(world, "c1", 6, "old");
}

static void a_first_version_has_nowhere_to_go(void **state)
{
    struct reload_world *world = *state;
    save_failing(world, "error('no')", "");
    for (uint32_t turn = 1; turn <= 5; turn++)
        expect_prompt(world, "c1", turn, NULL);
    assert_true(has_state(world, "current"));
    assert_false(has_state(world, "rolled_back"));
}

/* Saved in a hurry: what failed already is no place to go back to. */
static void back_goes_past_versions_that_failed(void **state)
{
    struct reload_world *world = *state;
    now_says(world, "good", "");
    now_says(world, "bad", TOOL("error('no')"));
    expect_prompt(world, "c1", 1, "bad");
    expect_tool(world, "c1", NULL);
    now_says(world, "worse", TOOL("error('never')"));
    expect_prompt(world, "c2", 1, "worse");
    for (int i = 0; i < 3; i++)
        expect_tool(world, "c2", NULL);
    expect_prompt(world, "c2", 2, "good");
    expect_prompt(world, "c1", 2, "good");
}

static void late_tools_of_a_version_that_went_are_answered(void **state)
{
    struct reload_world *world = *state;
    now_says(world, "old", "");
    now_says(world, "new", TOOL("if call.turn == 1 then park() return 'late' end error('no')"));
    expect_prompt(world, "c1", 1, "new");
    ask(world, SCRIPT_TOOL, "c1", 1);
    run_until_parked(world, 1);
    expect_prompt(world, "c2", 2, "new");
    for (int i = 0; i < 3; i++)
        expect_tool(world, "c2", NULL);
    expect_prompt(world, "c1", 2, "old");
    let_go(world);
    forget_answer(world);
    expect_prompt(world, "c1", 3, "old");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            prompts_that_fail_take_a_version_back, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(
            each_failed_prompt_is_answered_by_the_version_before, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(
            calls_that_began_on_it_begin_again, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(tools_and_hooks_count, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(
            a_version_that_was_taken_back_stays_away_until_the_files_change, world_setup,
            world_teardown),
        cmocka_unit_test_setup_teardown(
            errors_after_probation_are_only_counted, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(
            runs_alone_do_not_end_probation, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(
            a_first_version_has_nowhere_to_go, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(
            back_goes_past_versions_that_failed, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(
            late_tools_of_a_version_that_went_are_answered, world_setup, world_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
