/* Who runs next on a script thread: programs by turns, and what calls wait for before new versions. The clock is told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "script/build.h"
#include "script/queue.h"
#include "unit/script/scripts_folder.h"

#define PROGRAMS 4 /* the last two are versions of one tenant */
#define SLICE_US 5000

struct world {
    struct scripts_folder folder;
    struct run_queue queue;
    struct version *versions[PROGRAMS];
    struct script_run runs[PROGRAMS];
    uint64_t now_us;
};

static int setup(void **state)
{
    struct world *world = calloc(1, sizeof *world);
    folder_make(&world->folder);
    for (int i = 0; i < PROGRAMS; i++) {
        char name[64], id[16], why[512];
        snprintf(id, sizeof id, "t%d", i < 3 ? i : 2);
        snprintf(name, sizeof name, "tenants/%s/agent.lua", id);
        folder_write(
            &world->folder, name, "return { name = 'A', prompt = function() return 'text' end }");
        assert_int_equal(build_new(&world->versions[i], world->folder.path, id,
                             &(struct script_library){0}, why),
            ERR_OK);
    }
    world->now_us = 1000000;
    *state = world;
    return 0;
}

static void stops(struct world *world, int number)
{
    struct script_run *run = &world->runs[number];
    if (run->program)
        run_queue_drop(run);
    run->program = NULL;
}

static int teardown(void **state)
{
    struct world *world = *state;
    for (int i = 0; i < PROGRAMS; i++)
        stops(world, i);
    run_queue_clear(&world->queue);
    for (int i = 0; i < PROGRAMS; i++)
        version_release(world->versions[i]);
    folder_remove(&world->folder);
    free(world);
    return 0;
}

static struct program *program(const struct world *world, int number)
{
    return world->versions[number]->program;
}

/* A version that is live, and has a run that never ends. */
static void runs(struct world *world, int number)
{
    char why[512];
    assert_int_equal(build_finish(world->versions[number], why), ERR_OK);
    world->runs[number] =
        (struct script_run){.state = RUN_READY, .program = program(world, number)};
    run_queue_add(&world->queue, &world->runs[number]);
}

static void builds(struct world *world, int number)
{
    run_queue_wake(&world->queue, program(world, number));
}

/* The letters of who had the next slices: 'a' for the first program, and so on; '-': nobody has work. */
static void slices_are(struct world *world, const char *expected)
{
    for (; *expected; expected++) {
        struct program *taken = run_queue_take(&world->queue, world->now_us);
        char letter = '-';
        for (int i = 0; taken && i < PROGRAMS; i++)
            if (program(world, i) == taken)
                letter = (char)('a' + i);
        assert_int_equal(letter, *expected);
        world->now_us += SLICE_US;
        if (taken)
            run_queue_give_back(&world->queue, taken, SLICE_US);
    }
}

static void programs_take_turns(void **state)
{
    struct world *world = *state;
    slices_are(world, "-");
    runs(world, 0);
    slices_are(world, "aaaa");
    runs(world, 1); /* who comes later has no more of a claim than the others */
    slices_are(world, "babab");
}

static void versions_of_a_tenant_share_its_turns(void **state)
{
    struct world *world = *state;
    runs(world, 2);
    runs(world, 3);
    slices_are(world, "cdcd");
    runs(world, 0);
    slices_are(world, "acadacad");
}

static void calls_go_before_new_versions(void **state)
{
    struct world *world = *state;
    builds(world, 1);
    builds(world, 2);
    slices_are(world, "bcbc");
    runs(world, 0);
    slices_are(world, "aaaaabaaaaacaaaaab"); /* a slice for one of them every 25 ms */
}

static void a_rebuild_is_waited_for_by_a_call(void **state)
{
    struct world *world = *state;
    char why[512];
    runs(world, 0);
    assert_int_equal(build_finish(world->versions[1], why), ERR_OK);
    version_discard_program(world->versions[1]);
    assert_int_equal(build_again(world->versions[1], &(struct script_library){0}, why), ERR_OK);
    builds(world, 1);
    builds(world, 2);
    slices_are(world, "ababac");
}

static void what_has_nothing_left_is_forgotten(void **state)
{
    struct world *world = *state;
    runs(world, 0);
    builds(world, 1);
    build_cancel(world->versions[1]);
    slices_are(world, "aa");
    stops(world, 0);
    slices_are(world, "-");
    assert_null(world->queue.ready);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(programs_take_turns, setup, teardown),
        cmocka_unit_test_setup_teardown(versions_of_a_tenant_share_its_turns, setup, teardown),
        cmocka_unit_test_setup_teardown(calls_go_before_new_versions, setup, teardown),
        cmocka_unit_test_setup_teardown(a_rebuild_is_waited_for_by_a_call, setup, teardown),
        cmocka_unit_test_setup_teardown(what_has_nothing_left_is_forgotten, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
