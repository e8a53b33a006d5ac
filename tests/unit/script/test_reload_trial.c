/* A version that has tests waits for them before it goes live. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "script/hosting.h"
#include "unit/script/reload_world.h"

#define TESTS "tenants/acme/agent_test.lua"

static void try_version(
    void *owner, const char *tenant_id, const char *version, char *bundle_json_take)
{
    struct reload_world *world = owner;
    assert_string_equal(tenant_id, "acme");
    memcpy(world->tried, version, sizeof world->tried);
    free(world->bundle);
    world->bundle = bundle_json_take;
}

static int setup(void **state)
{
    world_setup(state);
    struct reload_world *world = *state;
    world->options.try_version = try_version;
    world->options.try_owner = world;
    world->options.trial_timeout_ms = 60000;
    world_restart(world);
    folder_write(&world->folder, TESTS, "return {}");
    save(world, "acme", "old", "");
    assert_int_equal(
        script_host_load(world->host), 1); /* nothing to answer with: not kept waiting */
    assert_string_equal(world->tried, "");
    return 0;
}

/* The files are looked at; nothing is settled yet. */
static void begin_reload(struct reload_world *world)
{
    ask(world, SCRIPT_RELOAD, "", 0);
    world->tried[0] = 0;
    for (unsigned i = 0; i < 2000 && !world->tried[0]; i++)
        answers_run_for(&world->answers, 1);
    assert_string_not_equal(world->tried, "");
}

static void it_goes_live_when_they_pass(void **state)
{
    struct reload_world *world = *state;
    char current[VERSION_SIZE];
    save(world, "acme", "new", "");
    begin_reload(world);
    assert_true(has_state(world, "trying"));
    assert_non_null(strstr(world->bundle, "agent_test.lua"));
    assert_non_null(strstr(world->bundle, world->tried));
    expect_prompt(world, "c1", 1, "old");
    tests_end(world, true, NULL);
    forget_answer(world); /* the reload's, now that it is settled */
    current_version(current);
    assert_string_equal(current, world->tried);
    expect_prompt(world, "c1", 2, "new");
}

static void it_never_does_when_they_fail(void **state)
{
    struct reload_world *world = *state;
    json_t *list;
    save(world, "acme", "new", "");
    begin_reload(world);
    tests_end(world, false, "agent_test.lua:7: expected the tool book");
    forget_answer(world);
    expect_prompt(world, "c1", 1, "old");
    json_t *row = version_in_state(world, "refused", &list);
    assert_non_null(row);
    assert_string_equal(
        json_string_value(json_object_get(row, "why")), "agent_test.lua:7: expected the tool book");
    json_decref(list);
    expect_reload(world, "acme", "unchanged"); /* not tried again as it is */
    folder_write(&world->folder, TESTS, "return { }");
    begin_reload(world);
    tests_end(world, true, NULL);
    forget_answer(world);
    expect_prompt(world, "c1", 2, "new");
}

static void asked_for_by_name_they_run_again(void **state)
{
    struct reload_world *world = *state;
    save(world, "acme", "new", "");
    begin_reload(world);
    tests_end(world, false, NULL);
    forget_answer(world);
    struct script_job *job = script_job_make(SCRIPT_RELOAD);
    strcpy(job->facts.tenant_id, "acme");
    assert_int_equal(script_host_send(world->host, job), ERR_OK);
    world->tried[0] = 0;
    for (unsigned i = 0; i < 2000 && !world->tried[0]; i++)
        answers_run_for(&world->answers, 1);
    tests_end(world, true, NULL);
    expect_prompt(world, "c1", 1, "new");
}

static void tests_that_do_not_end_have_failed(void **state)
{
    struct reload_world *world = *state;
    json_t *list;
    world->options.trial_timeout_ms = 1;
    world_restart(world);
    assert_int_equal(script_host_load(world->host), 1);
    save(world, "acme", "new", "");
    begin_reload(world);
    forget_answer(world);
    json_t *row = version_in_state(world, "refused", &list);
    assert_non_null(row);
    assert_string_equal(
        json_string_value(json_object_get(row, "why")), "agent_test.lua:1: its tests did not end");
    json_decref(list);
    tests_end(world, true, NULL); /* too late */
    expect_prompt(world, "c1", 1, "old");
}

/* One thread runs them, tenant by tenant: who waits behind others is not late. */
static void an_answer_gives_those_behind_it_their_time(void **state)
{
    struct reload_world *world = *state;
    char tried[VERSION_SIZE];
    save(world, "acme", "new", "");
    begin_reload(world);
    struct tenant *tenant = world->host->tenants;
    memcpy(tried, world->tried, sizeof tried);
    tenant->trial_end_ms = 1;
    strcpy(world->tried, "0123456789abcdef"); /* of what nobody waits for any more */
    tests_end(world, true, NULL);
    for (unsigned i = 0; i < 2000 && tenant->trial_end_ms == 1; i++)
        answers_run_for(&world->answers, 1);
    assert_true(tenant->trial_end_ms > clock_ms());
    memcpy(world->tried, tried, sizeof tried);
    tests_end(world, true, NULL);
    forget_answer(world);
    expect_prompt(world, "c1", 1, "new");
}

/* Saved again while the tests run: theirs is yesterday's news. */
static void a_newer_version_takes_the_place_of_one_that_is_tried(void **state)
{
    struct reload_world *world = *state;
    char first[VERSION_SIZE], second[VERSION_SIZE];
    save(world, "acme", "new", "");
    begin_reload(world);
    memcpy(first, world->tried, sizeof first);
    save(world, "acme", "newer", "");
    begin_reload(world);
    memcpy(second, world->tried, sizeof second);
    memcpy(world->tried, first, sizeof first);
    tests_end(world, true, NULL);
    expect_prompt(world, "c1", 1, "old");
    memcpy(world->tried, second, sizeof second);
    tests_end(world, true, NULL);
    forget_answer(world);
    forget_answer(world);
    expect_prompt(world, "c1", 2, "newer");
    save(world, "acme", "newest", "");
    begin_reload(world);
    save(world, "acme", "newer", ""); /* and back: nothing is to be tried */
    expect_reload(world, "acme", "unchanged");
    forget_answer(world);
    assert_false(has_state(world, "trying"));
}

static void a_version_without_tests_does_not_wait(void **state)
{
    struct reload_world *world = *state;
    folder_delete(&world->folder, TESTS);
    save(world, "acme", "new", "");
    expect_reload(world, "acme", "applied");
    folder_write(&world->folder, TESTS, "return {}"); /* to have them is a change */
    begin_reload(world);
    tests_end(world, true, NULL);
    forget_answer(world);
}

static void a_canary_waits_too(void **state)
{
    struct reload_world *world = *state;
    save(world, "acme", "new", "canary = 50");
    begin_reload(world);
    assert_false(has_state(world, "canary"));
    tests_end(world, true, NULL);
    forget_answer(world);
    assert_true(has_state(world, "canary"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(it_goes_live_when_they_pass, setup, world_teardown),
        cmocka_unit_test_setup_teardown(it_never_does_when_they_fail, setup, world_teardown),
        cmocka_unit_test_setup_teardown(asked_for_by_name_they_run_again, setup, world_teardown),
        cmocka_unit_test_setup_teardown(tests_that_do_not_end_have_failed, setup, world_teardown),
        cmocka_unit_test_setup_teardown(
            an_answer_gives_those_behind_it_their_time, setup, world_teardown),
        cmocka_unit_test_setup_teardown(
            a_newer_version_takes_the_place_of_one_that_is_tried, setup, world_teardown),
        cmocka_unit_test_setup_teardown(
            a_version_without_tests_does_not_wait, setup, world_teardown),
        cmocka_unit_test_setup_teardown(a_canary_waits_too, setup, world_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
