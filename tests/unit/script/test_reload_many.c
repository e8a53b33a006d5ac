/* Many tenants: one save concerns them all, folders go and come back, a number goes from one to another. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "observe/metrics.h"
#include "unit/script/reload_world.h"

#define MANY 50

static const char *office(int number)
{
    static char id[16];
    snprintf(id, sizeof id, "office-%02d", number);
    return id;
}

/* A job of administration whose answer is for later. */
static void begin_reload(struct reload_world *world)
{
    struct script_job *job = script_job_make(SCRIPT_RELOAD);
    job->reply = &world->answers.box;
    assert_int_equal(script_host_send(world->host, job), ERR_OK);
}

static void a_save_for_many_delays_no_prompt(void **state)
{
    struct reload_world *world = *state;
    folder_write(&world->folder, "prompts/shared.lua", "return 'old'");
    for (int i = 0; i < MANY; i++) {
        char name[64];
        snprintf(name, sizeof name, "tenants/%s/agent.lua", office(i));
        folder_write(&world->folder, name,
            "local text = require('prompts.shared')\n"
            "return { name = 'A', prompt = function() return text end }");
    }
    save(world, "acme", "here", "");
    assert_int_equal(script_host_load(world->host), MANY + 1);
    int64_t before = metric_get(METRIC_SCRIPT_RELOADS);
    folder_write(&world->folder, "prompts/shared.lua", "return 'new'");
    begin_reload(world);
    expect_prompt(world, "c1", 1, "here");
    assert_in_range(metric_get(METRIC_SCRIPT_VMS), MANY + 1, MANY + 1 + MANY / 2);
    assert_in_range(metric_get(METRIC_SCRIPT_RELOADS), before, before + MANY / 2);
    forget_answer(world); /* all are settled then */
    assert_int_equal(metric_get(METRIC_SCRIPT_RELOADS), before + MANY);
    assert_int_equal(metric_get(METRIC_SCRIPT_VMS), MANY + 1);
}

static void delete_tenant(struct reload_world *world, const char *tenant)
{
    char name[64];
    snprintf(name, sizeof name, "tenants/%s/agent.lua", tenant);
    folder_delete(&world->folder, name);
    *strrchr(name, '/') = 0;
    folder_delete(&world->folder, name);
}

static void expect_number_of(const char *number, const char *tenant)
{
    struct agent *agent = agent_table_find_number(slice_from(number));
    assert_non_null(agent);
    assert_string_equal(agent->tenant_id, tenant);
    agent_release(agent);
}

static void a_number_goes_from_one_to_another(void **state)
{
    struct reload_world *world = *state;
    const char *number = "+15550100077", *with = "numbers = { '+15550100077' }";
    save(world, "first", "one", "");
    save(world, "second", "two", with);
    assert_int_equal(script_host_load(world->host), 2);
    save(world, "first", "one", with); /* looked at before the second gives it back */
    save(world, "second", "two", "");
    expect_reload(world, "first", "applied");
    expect_number_of(number, "first");
    save(world, "second", "two again", with);
    expect_reload(world, "second", "refused");
    delete_tenant(world, "first");
    expect_reload(world, "second", "applied");
    expect_number_of(number, "second");
}

static void a_withdrawn_tenant_keeps_its_vm_for_calls_only(void **state)
{
    struct reload_world *world = *state;
    now_says(world, "here", "");
    expect_prompt(world, "c1", 1, "here");
    delete_tenant(world, "acme");
    expect_reload(world, "acme", "unchanged");
    assert_int_equal(agent_table_count(), 0);
    assert_int_equal(metric_get(METRIC_SCRIPT_VMS), 1);
    expect_prompt(world, "c1", 2, "here");
    end_call(world, "c1");
    answers_run_for(&world->answers, 1);
    assert_int_equal(metric_get(METRIC_SCRIPT_VMS), 0);
    save(world, "acme", "here", "");
    expect_reload(world, "acme", "unchanged");
    assert_int_equal(agent_table_count(), 1);
    expect_prompt(world, "c2", 1, "here");
}

static void a_canary_comes_back_with_its_folder(void **state)
{
    struct reload_world *world = *state;
    now_says(world, "old", "");
    save(world, "acme", "new", "canary = 50");
    expect_reload(world, "acme", "canary");
    delete_tenant(world, "acme");
    expect_reload(world, "acme", "unchanged");
    assert_int_equal(metric_get(METRIC_SCRIPT_VMS), 0);
    save(world, "acme", "new", "canary = 50");
    expect_reload(world, "acme", "canary");
    assert_true(has_state(world, "canary"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            a_save_for_many_delays_no_prompt, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(
            a_number_goes_from_one_to_another, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(
            a_withdrawn_tenant_keeps_its_vm_for_calls_only, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(
            a_canary_comes_back_with_its_folder, world_setup, world_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
