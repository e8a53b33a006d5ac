/* A canary answers some of the new calls: always the same ones, at the webhook, at the stream's start and on the script thread. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "observe/metrics.h"
#include "unit/script/reload_world.h"

#define CALLS 200
#define TOOL                                                                                       \
    "tools = { { name = 't', description = 'd', parameters = { type = 'object',\n"                 \
    "properties = {} }, run = function(call) error('no') end } },"

static const char *call_named(unsigned number)
{
    static char name[16];
    snprintf(name, sizeof name, "CA%u", number);
    return name;
}

/* The first call at or after `from` that the canary is for, or not. */
static unsigned find_call(unsigned from, unsigned percent, bool is_canary)
{
    while (agent_is_for_canary(call_named(from), percent) != is_canary)
        from++;
    return from;
}

static void some_new_calls_try_it(void **state)
{
    struct reload_world *world = *state;
    unsigned tried = 0;
    now_says(world, "old", "numbers = { '+15550100002' }");
    save(world, "acme", "new", "numbers = { '+15550100002' }, canary = 20");
    expect_reload(world, "acme", "canary");
    for (unsigned i = 0; i < CALLS; i++) {
        const char *name = call_named(i);
        bool is_canary = agent_is_for_canary(name, 20);
        struct agent *ringing = agent_table_choose_number(SLICE("+15550100002"), name);
        struct agent *starting = agent_table_choose(SLICE("acme"), name);
        assert_ptr_equal(ringing, starting);
        assert_int_equal(ringing->canary_percent, is_canary ? 20 : 0);
        agent_release(ringing);
        agent_release(starting);
        expect_prompt(world, name, 1, is_canary ? "new" : "old");
        end_call(world, name);
        expect_prompt(world, name, 2, is_canary ? "new" : "old"); /* it came back */
        end_call(world, name);
        tried += is_canary;
    }
    assert_in_range(tried, CALLS / 10, CALLS * 3 / 10);
}

static void live_calls_stay_until_it_is_promoted(void **state)
{
    struct reload_world *world = *state;
    unsigned lucky = find_call(0, 50, true);
    char live[16];
    snprintf(live, sizeof live, "%s", call_named(lucky));
    now_says(world, "old", "");
    expect_prompt(world, live, 1, "old");
    save(world, "acme", "new", "canary = 50");
    expect_reload(world, "acme", "canary");
    expect_prompt(world, live, 2, "old");
    unsigned next = find_call(lucky + 1, 50, true);
    expect_prompt(world, call_named(next), 1, "new");
    expect_prompt(world, call_named(next), 2, "new");
    expect_outcome(administer(world, SCRIPT_PROMOTE, "acme", "", NULL, 0), "applied");
    expect_prompt(world, live, 3, "new");
    expect_prompt(world, call_named(next), 3, "new");
    assert_null(administer(world, SCRIPT_PROMOTE, "acme", "", NULL, 0));
    assert_string_equal(world_why, "there is no canary");
}

static void the_same_files_without_the_line_promote_it(void **state)
{
    struct reload_world *world = *state;
    now_says(world, "old", "");
    save(world, "acme", "new", "canary = 50");
    expect_reload(world, "acme", "canary");
    unsigned lucky = find_call(0, 50, true);
    expect_prompt(world, call_named(lucky), 1, "new");
    now_says(world, "newer", "");
    assert_false(has_state(world, "canary"));
    expect_prompt(world, call_named(lucky), 2, "newer");
}

static void its_errors_take_it_back(void **state)
{
    struct reload_world *world = *state;
    char current[VERSION_SIZE], old[VERSION_SIZE];
    now_says(world, "old", "");
    current_version(old);
    save(world, "acme", "new", TOOL "canary = 50");
    expect_reload(world, "acme", "canary");
    unsigned lucky = find_call(0, 50, true);
    expect_prompt(world, call_named(lucky), 1, "new");
    for (int i = 0; i < 3; i++)
        expect_tool(world, call_named(lucky), NULL);
    expect_prompt(world, call_named(lucky), 2, "old");
    assert_true(has_state(world, "rolled_back"));
    assert_false(has_state(world, "canary"));
    current_version(current);
    assert_string_equal(current, old);
    struct agent *agent = agent_table_choose(SLICE("acme"), call_named(find_call(99, 50, true)));
    assert_string_equal(agent->version, old);
    agent_release(agent);
}

/* Whoever began on a canary that another one replaced ends there, or moves when something goes live for all. */
static void a_second_canary_takes_new_calls_only(void **state)
{
    struct reload_world *world = *state;
    unsigned lucky = find_call(0, 50, true);
    char first[16];
    snprintf(first, sizeof first, "%s", call_named(lucky));
    now_says(world, "old", "");
    save(world, "acme", "one", "canary = 50");
    expect_reload(world, "acme", "canary");
    expect_prompt(world, first, 1, "one");
    save(world, "acme", "two", "canary = 50");
    expect_reload(world, "acme", "canary");
    expect_prompt(world, first, 2, "one");
    expect_prompt(world, call_named(find_call(lucky + 1, 50, true)), 1, "two");
    expect_outcome(administer(world, SCRIPT_PROMOTE, "acme", "", NULL, 0), "applied");
    expect_prompt(world, first, 3, "two");
}

static void files_that_go_back_withdraw_it(void **state)
{
    struct reload_world *world = *state;
    now_says(world, "old", "");
    save(world, "acme", "new", "canary = 50");
    expect_reload(world, "acme", "canary");
    save(world, "acme", "old", "");
    expect_reload(world, "acme", "unchanged");
    assert_false(has_state(world, "canary"));
    expect_prompt(world, call_named(find_call(0, 50, true)), 1, "old");
}

static void a_first_version_is_none(void **state)
{
    struct reload_world *world = *state;
    now_says(world, "only", "canary = 1");
    expect_prompt(world, "c1", 1, "only");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(some_new_calls_try_it, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(
            live_calls_stay_until_it_is_promoted, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(
            the_same_files_without_the_line_promote_it, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(its_errors_take_it_back, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(
            a_second_canary_takes_new_calls_only, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(
            files_that_go_back_withdraw_it, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(a_first_version_is_none, world_setup, world_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
