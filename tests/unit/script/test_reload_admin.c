/* What people ask of versions: lists, rollbacks, publishing; and what a restart remembers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "script/shelf.h"
#include "unit/script/reload_world.h"

#define FAILS                                                                                      \
    "tools = { { name = 't', description = 'd', parameters = { type = 'object',\n"                 \
    "properties = {} }, run = function(call) error('no') end } },"

static int setup_with_shelf(void **state)
{
    char path[128], why[256];
    world_setup(state);
    struct reload_world *world = *state;
    snprintf(path, sizeof path, "%s/shelf", world->folder.path);
    assert_int_equal(shelf_open(&world->options.shelf, path, why), ERR_OK);
    world_restart(world);
    return 0;
}

static int teardown_with_shelf(void **state)
{
    struct reload_world *world = *state;
    struct shelf *shelf = world->options.shelf;
    shelf_settle(shelf);
    world_teardown(state);
    shelf_close(shelf);
    return 0;
}

static void roll_back(struct reload_world *world, const char *version)
{
    expect_outcome(administer(world, SCRIPT_ROLLBACK, "acme", version, NULL, 0), "rolled_back");
}

static void fail_three_times(struct reload_world *world, const char *call_id, const char *text)
{
    expect_prompt(world, call_id, 1, text);
    for (int i = 0; i < 3; i++)
        expect_tool(world, call_id, NULL);
}

static void versions_are_listed(void **state)
{
    struct reload_world *world = *state;
    json_t *list;
    now_says(world, "one", "reload = 'next_call'");
    expect_prompt(world, "c1", 1, "one");
    now_says(world, "two", "");
    expect_prompt(world, "c2", 1, "two");
    expect_prompt(world, "c2", 2, "two");
    save(world, "acme", "three", "canary = 7");
    expect_reload(world, "acme", "canary");
    json_t *row = version_in_state(world, "current", &list);
    assert_int_equal(json_integer_value(json_object_get(row, "calls")), 1);
    assert_int_equal(json_integer_value(json_object_get(row, "runs")), 2);
    assert_int_equal(json_integer_value(json_object_get(row, "errors")), 0);
    assert_true(json_is_string(json_object_get(row, "since")));
    assert_true(json_is_null(json_object_get(row, "why")));
    json_decref(list);
    row = version_in_state(world, "previous", &list);
    assert_int_equal(json_integer_value(json_object_get(row, "calls")), 1);
    json_decref(list);
    row = version_in_state(world, "canary", &list);
    assert_int_equal(json_integer_value(json_object_get(row, "percent")), 7);
    json_decref(list);
    assert_null(administer(world, SCRIPT_VERSIONS, "nobody", "", NULL, 0));
    assert_string_equal(world_why, "there is no such tenant");
}

static void people_roll_back(void **state)
{
    struct reload_world *world = *state;
    assert_null(administer(world, SCRIPT_ROLLBACK, "acme", "", NULL, 0));
    now_says(world, "one", "");
    assert_null(administer(world, SCRIPT_ROLLBACK, "acme", "", NULL, 0));
    assert_string_equal(world_why, "there is no version to go back to");
    now_says(world, "two", "");
    expect_prompt(world, "c1", 1, "two");
    roll_back(world, "");
    expect_prompt(world, "c1", 2, "one");
    expect_prompt(world, "c2", 1, "one");
    expect_reload(world, "acme", "unchanged");
    save(world, "acme", "three", "canary = 50");
    expect_reload(world, "acme", "canary");
    roll_back(world, ""); /* the canary first */
    assert_false(has_state(world, "canary"));
    expect_prompt(world, "c2", 2, "one");
    assert_null(administer(world, SCRIPT_ROLLBACK, "acme", "0123456789abcdef", NULL, 0));
    assert_string_equal(world_why, "there is no such version");
}

static void a_canary_goes_by_its_name(void **state)
{
    struct reload_world *world = *state;
    char current[VERSION_SIZE];
    json_t *list;
    now_says(world, "one", "");
    now_says(world, "two", "");
    current_version(current);
    save(world, "acme", "three", "canary = 50");
    expect_reload(world, "acme", "canary");
    assert_null(administer(world, SCRIPT_DROP_CANARY, "acme", current, NULL, 0));
    json_t *row = version_in_state(world, "canary", &list);
    const char *canary = json_string_value(json_object_get(row, "version"));
    expect_outcome(administer(world, SCRIPT_DROP_CANARY, "acme", canary, NULL, 0), "rolled_back");
    assert_null(administer(world, SCRIPT_DROP_CANARY, "acme", canary, NULL, 0));
    assert_string_equal(world_why, "that version is no canary");
    expect_prompt(world, "c1", 1, "two");
    json_decref(list);
}

static void a_version_that_was_taken_back_can_be_wanted(void **state)
{
    struct reload_world *world = *state;
    char new[VERSION_SIZE];
    now_says(world, "old", "");
    now_says(world, "new", FAILS);
    current_version(new);
    fail_three_times(world, "c1", "new");
    expect_prompt(world, "c1", 2, "old");
    roll_back(world, new);
    expect_prompt(world, "c1", 3, "new");
    assert_null(administer(world, SCRIPT_ROLLBACK, "acme", new, NULL, 0));
    assert_string_equal(world_why, "that version is current");
}

/* The bundle of what acme says now, heap. */
static char *bundle_of(struct reload_world *world, const char *version)
{
    json_t *bundle = administer(world, SCRIPT_SOURCES, "acme", version, NULL, 0);
    assert_non_null(bundle);
    char *text = json_dumps(bundle, JSON_COMPACT);
    json_decref(bundle);
    return text;
}

static void a_bundle_is_published(void **state)
{
    struct reload_world *world = *state;
    now_says(world, "one", "");
    char *one = bundle_of(world, "");
    now_says(world, "two", "");
    char *two = bundle_of(world, "");
    now_says(world, "three", "");
    expect_outcome(administer(world, SCRIPT_PUBLISH, "", "", one, 0), "applied");
    expect_prompt(world, "c1", 1, "one");
    expect_outcome(administer(world, SCRIPT_PUBLISH, "acme", "", one, 0), "unchanged");
    expect_outcome(administer(world, SCRIPT_PUBLISH, "acme", "", two, 30), "canary");
    expect_outcome(administer(world, SCRIPT_PUBLISH, "acme", "", two, 30), "unchanged");
    expect_outcome(administer(world, SCRIPT_PUBLISH, "acme", "", two, 0), "applied");
    expect_prompt(world, "c1", 2, "two");
    expect_reload(world, "acme", "unchanged"); /* the files are what they were */
    now_says(world, "four", "");
    assert_null(administer(world, SCRIPT_PUBLISH, "acme", "", "{}", 0));
    assert_null(administer(world, SCRIPT_PUBLISH, "other", "", one, 0));
    assert_string_equal(world_why, "the bundle is another tenant's");
    assert_null(administer(world, SCRIPT_PUBLISH, "acme", "", one, 100));
    free(one);
    free(two);
}

static void what_was_rolled_back_is_not_published_again(void **state)
{
    struct reload_world *world = *state;
    now_says(world, "old", "");
    now_says(world, "new", FAILS);
    char *bundle = bundle_of(world, "");
    fail_three_times(world, "c1", "new");
    expect_outcome(administer(world, SCRIPT_PUBLISH, "acme", "", bundle, 0), "refused");
    expect_prompt(world, "c1", 2, "old");
    free(bundle);
}

static void what_was_published_may_win_over_files(void **state)
{
    struct reload_world *world = *state;
    world->options.keeps_published = true;
    world_restart(world);
    now_says(world, "one", "");
    char *one = bundle_of(world, "");
    now_says(world, "two", ""); /* nothing is published yet */
    expect_outcome(administer(world, SCRIPT_PUBLISH, "acme", "", one, 0), "applied");
    save(world, "acme", "three", "");
    expect_reload(world, "acme", "unchanged");
    world_restart(world);
    assert_int_equal(script_host_load(world->host), 1);
    expect_prompt(world, "c1", 1, "one");
    free(one);
}

static void a_restart_remembers_what_was_applied(void **state)
{
    struct reload_world *world = *state;
    now_says(world, "good", "");
    save(world, "acme", "bad", "broken =");
    expect_reload(world, "acme", "refused");
    world_restart(world);
    assert_int_equal(script_host_load(world->host), 1);
    expect_prompt(world, "c1", 1, "good");
    now_says(world, "better", "");
    roll_back(world, "");
    world_restart(world);
    assert_int_equal(script_host_load(world->host), 1);
    expect_prompt(world, "c1", 1, "good");
    save(world, "acme", "best", ""); /* while nobody ran */
    world_restart(world);
    assert_int_equal(script_host_load(world->host), 1);
    expect_prompt(world, "c1", 1, "best");
    roll_back(world, ""); /* to what the shelf brought back */
    expect_prompt(world, "c1", 2, "good");
}

static void a_restart_remembers_what_was_taken_back(void **state)
{
    struct reload_world *world = *state;
    now_says(world, "good", "");
    now_says(world, "bad", "");
    roll_back(world, "");
    world_restart(world);
    assert_int_equal(script_host_load(world->host), 1);
    expect_outcome(administer(world, SCRIPT_RELOAD, "acme", "", NULL, 0), "refused");
    expect_prompt(world, "c1", 1, "good");
}

static void a_restart_brings_a_canary_of_files_back(void **state)
{
    struct reload_world *world = *state;
    now_says(world, "old", "");
    save(world, "acme", "new", "canary = 40");
    expect_reload(world, "acme", "canary");
    world_restart(world);
    assert_int_equal(script_host_load(world->host), 1);
    assert_true(has_state(world, "canary"));
    roll_back(world, "");
    world_restart(world);
    assert_int_equal(script_host_load(world->host), 1);
    assert_false(has_state(world, "canary"));
}

static void unpublished_files_are_read_anew_at_each_start(void **state)
{
    struct reload_world *world = *state;
    world->options.keeps_published = true;
    world_restart(world);
    now_says(world, "one", "");
    save(world, "acme", "two", ""); /* while nobody ran */
    world_restart(world);
    assert_int_equal(script_host_load(world->host), 1);
    expect_prompt(world, "c1", 1, "two");
}

static void a_version_of_long_ago_comes_from_the_shelf(void **state)
{
    struct reload_world *world = *state;
    char first[VERSION_SIZE];
    now_says(world, "one", "canary = 10");
    current_version(first);
    now_says(world, "two", "");
    now_says(world, "three", "");
    world_restart(world);
    assert_int_equal(script_host_load(world->host), 1);
    assert_true(has_state(world, "kept"));
    char *bundle = bundle_of(world, first);
    assert_non_null(strstr(bundle, "return 'one'"));
    free(bundle);
    expect_prompt(world, "c1", 1, "three");
    roll_back(world, first); /* for everybody, whatever its canary says */
    expect_prompt(world, "c1", 2, "one");
    expect_prompt(world, "c2", 1, "one");
    assert_false(has_state(world, "canary"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(versions_are_listed, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(people_roll_back, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(a_canary_goes_by_its_name, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(
            a_version_that_was_taken_back_can_be_wanted, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(a_bundle_is_published, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(
            what_was_rolled_back_is_not_published_again, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(
            what_was_published_may_win_over_files, setup_with_shelf, teardown_with_shelf),
        cmocka_unit_test_setup_teardown(
            a_restart_remembers_what_was_applied, setup_with_shelf, teardown_with_shelf),
        cmocka_unit_test_setup_teardown(
            a_restart_remembers_what_was_taken_back, setup_with_shelf, teardown_with_shelf),
        cmocka_unit_test_setup_teardown(
            a_restart_brings_a_canary_of_files_back, setup_with_shelf, teardown_with_shelf),
        cmocka_unit_test_setup_teardown(
            unpublished_files_are_read_anew_at_each_start, setup_with_shelf, teardown_with_shelf),
        cmocka_unit_test_setup_teardown(
            a_version_of_long_ago_comes_from_the_shelf, setup_with_shelf, teardown_with_shelf),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
