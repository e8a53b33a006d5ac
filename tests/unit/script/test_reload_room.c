/* What versions cost: a tenant has eight VMs at most, and none is left behind by reloads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "observe/metrics.h"
#include "unit/script/reload_world.h"

#define VMS_MAX 8
#define RELOADS 1000
#define TOOL                                                                                       \
    "reload = 'next_call', tools = { { name = 't', description = 'd', timeout_ms = 9000,\n"        \
    "parameters = { type = 'object', properties = {} },\n"                                         \
    "run = function(call) call.state.n = (call.state.n or 0) + 1 park() return 1 end } },"

static const char *numbered(const char *what, unsigned number)
{
    static char names[4][16];
    static unsigned last;
    char *name = names[++last % 4];
    snprintf(name, sizeof names[0], "%s%u", what, number);
    return name;
}

static void a_thousand_reloads_leave_nothing_behind(void **state)
{
    struct reload_world *world = *state;
    for (unsigned i = 1; i <= RELOADS; i++) {
        now_says(world, numbered("v", i), "");
        expect_prompt(world, "c1", i, numbered("v", i));
        assert_in_range(metric_get(METRIC_SCRIPT_VMS), 1, 2);
    }
    json_t *list;
    version_in_state(world, "current", &list);
    assert_in_range(json_array_size(json_object_get(list, "versions")), 1, 3);
    json_decref(list);
}

static void the_vm_goes_with_its_last_call(void **state)
{
    struct reload_world *world = *state;
    now_says(world, "one", "reload = 'next_call'");
    expect_prompt(world, "c1", 1, "one");
    expect_prompt(world, "c2", 1, "one");
    now_says(world, "two", "");
    assert_int_equal(metric_get(METRIC_SCRIPT_VMS), 2);
    end_call(world, "c1");
    expect_prompt(world, "c2", 2, "one");
    assert_int_equal(metric_get(METRIC_SCRIPT_VMS), 2);
    end_call(world, "c2");
    expect_prompt(world, "c3", 1, "two");
    assert_int_equal(metric_get(METRIC_SCRIPT_VMS), 1);
}

/* Twenty calls, each on a version of its own: all go on, in eight VMs. */
static void idle_versions_need_no_vm(void **state)
{
    struct reload_world *world = *state;
    for (unsigned i = 1; i <= 20; i++) {
        now_says(world, numbered("v", i), TOOL);
        expect_prompt(world, numbered("c", i), 1, numbered("v", i));
        ask(world, SCRIPT_TOOL, numbered("c", i), 1);
        run_until_parked(world, 1);
        let_go(world);
        forget_answer(world);
    }
    assert_in_range(metric_get(METRIC_SCRIPT_VMS), 1, VMS_MAX);
    for (unsigned i = 1; i <= 20; i++) {
        expect_prompt(world, numbered("c", i), 2, numbered("v", i));
        expect_state(world, numbered("c", i), 3, "{\"n\":1}");
        assert_in_range(metric_get(METRIC_SCRIPT_VMS), 1, VMS_MAX);
    }
}

static void park_in_all(struct reload_world *world)
{
    for (unsigned i = 1; i <= VMS_MAX; i++) {
        now_says(world, numbered("v", i), TOOL);
        expect_prompt(world, numbered("c", i), 1, numbered("v", i));
        ask(world, SCRIPT_TOOL, numbered("c", i), 1);
        run_until_parked(world, i);
    }
}

/* The call stays, and its version; it only waits no more. */
static void let_one_go(struct reload_world *world)
{
    let_go(world);
    forget_answer(world);
    for (unsigned i = 0; i < 1000; i++) {
        struct agent *agent = agent_table_find(SLICE("acme"));
        bool has_come = agent->tool_count == 0;
        agent_release(agent);
        if (has_come)
            break;
        answers_run_for(&world->answers, 1);
    }
}

static void let_all_go(struct reload_world *world)
{
    while (world->parked_count) {
        let_go(world);
        forget_answer(world);
    }
}

/* All eight wait for something: the ninth version is told so, and comes when there is room. */
static void a_ninth_waits_until_there_is_room(void **state)
{
    struct reload_world *world = *state;
    park_in_all(world);
    save(world, "acme", "ninth", "");
    json_t *list = administer(world, SCRIPT_RELOAD, "acme", "", NULL, 0);
    json_t *row = json_array_get(json_object_get(list, "tenants"), 0);
    assert_string_equal(json_string_value(json_object_get(row, "error")),
        "agent.lua:1: 8 versions of this tenant are at work in calls; it is tried again when one "
        "is done");
    expect_outcome(list, "refused");
    assert_int_equal(metric_get(METRIC_SCRIPT_VMS), VMS_MAX);
    expect_prompt(world, "new", 1, numbered("v", VMS_MAX));
    let_one_go(world);
    expect_prompt(world, "newer", 1, "ninth");
    expect_state(world, "c1", 2, "{\"n\":1}");
    assert_in_range(metric_get(METRIC_SCRIPT_VMS), 1, VMS_MAX);
    let_all_go(world);
}

static void a_published_ninth_waits_too(void **state)
{
    struct reload_world *world = *state;
    now_says(world, "published", "");
    json_t *bundle = administer(world, SCRIPT_SOURCES, "acme", "", NULL, 0);
    char *text = json_dumps(bundle, JSON_COMPACT);
    park_in_all(world);
    expect_outcome(administer(world, SCRIPT_PUBLISH, "acme", "", text, 0), "refused");
    expect_reload(world, "acme", "unchanged"); /* files are another matter */
    let_one_go(world);
    expect_prompt(world, "newer", 1, "published");
    let_all_go(world);
    json_decref(bundle);
    free(text);
}

static const char *version_of(const char *tenant)
{
    static char version[VERSION_SIZE];
    struct agent *agent = agent_table_find(slice_from(tenant));
    memcpy(version, agent->version, sizeof version);
    agent_release(agent);
    return version;
}

static void save_using(struct reload_world *world, const char *tenant, const char *module)
{
    char name[64], text[256];
    snprintf(name, sizeof name, "tenants/%s/agent.lua", tenant);
    snprintf(text, sizeof text,
        "local words = require('prompts.%s')\n"
        "return { name = 'A', prompt = function() return words.text end }",
        module);
    folder_write(&world->folder, name, text);
}

static void a_shared_file_reloads_who_uses_it(void **state)
{
    static const struct {
        const char *tenant, *outcome;
    } rows[] = {{"first", "applied"}, {"second", "applied"}, {"third", "unchanged"}};
    struct reload_world *world = *state;
    char third[VERSION_SIZE];
    folder_write(&world->folder, "prompts/shared.lua", "return { text = 'one' }");
    folder_write(&world->folder, "prompts/other.lua", "return { text = 'other' }");
    save_using(world, "first", "shared");
    save_using(world, "second", "shared");
    save_using(world, "third", "other");
    assert_int_equal(script_host_load(world->host), 3);
    memcpy(third, version_of("third"), sizeof third);
    int64_t applied = metric_get(METRIC_SCRIPT_RELOADS);
    folder_write(&world->folder, "prompts/shared.lua", "return { text = 'two' }");
    json_t *list = administer(world, SCRIPT_RELOAD, "", "", NULL, 0), *row;
    size_t i;
    assert_int_equal(json_array_size(json_object_get(list, "tenants")), 3);
    json_array_foreach(json_object_get(list, "tenants"), i, row)
    {
        assert_string_equal(json_string_value(json_object_get(row, "tenant")), rows[i].tenant);
        assert_string_equal(json_string_value(json_object_get(row, "outcome")), rows[i].outcome);
    }
    json_decref(list);
    assert_int_equal(metric_get(METRIC_SCRIPT_RELOADS), applied + 2);
    assert_string_equal(version_of("third"), third);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            a_thousand_reloads_leave_nothing_behind, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(
            the_vm_goes_with_its_last_call, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(idle_versions_need_no_vm, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(
            a_ninth_waits_until_there_is_room, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(a_published_ninth_waits_too, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(
            a_shared_file_reloads_who_uses_it, world_setup, world_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
