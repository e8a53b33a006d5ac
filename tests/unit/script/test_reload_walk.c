/* A random walk through everything that can happen to versions and calls: every question gets its answer, a tenant never has more
   than eight VMs, and nothing is left at the end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "observe/metrics.h"
#include "unit/script/reload_world.h"

#define STEPS 1500
#define SEEDS 3
#define CALLS 12
#define VMS_MAX 8
#define TOOL_IS(body)                                                                              \
    "tools = { { name = 't', description = 'd', timeout_ms = 9000,\n"                              \
    "parameters = { type = 'object', properties = {} }, run = function(call)\n"                    \
    "call.state.n = (call.state.n or 0) + 1 " body " return 1 end } },"

static const char *const manners[] = {
    TOOL_IS(""),
    TOOL_IS("park()"),
    TOOL_IS("if call.turn % 3 == 0 then error('no') end"),
    TOOL_IS("") "reload = 'next_call',",
    TOOL_IS("park()") "reload = 'next_call',",
    TOOL_IS("") "canary = 50,",
    TOOL_IS("error('no')") "canary = 30,",
    TOOL_IS("") "migrate = function(state) return { n = state.n } end,",
    TOOL_IS("") "migrate = function(state) error('no') end,",
    "end_of_turn = function() error('no') end,",
    "oops =",
};

static uint64_t walk;

static unsigned any(unsigned count)
{
    walk = walk * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(walk >> 33) % count;
}

static const char *any_call(void)
{
    static char name[8];
    snprintf(name, sizeof name, "c%u", any(CALLS));
    return name;
}

static void save_any(struct reload_world *world)
{
    char text[32];
    snprintf(text, sizeof text, "text %u", any(30));
    save(world, "acme", text, manners[any(sizeof manners / sizeof *manners)]);
    json_decref(administer(world, SCRIPT_RELOAD, any(2) ? "acme" : "", "", NULL, 0));
}

static void ask_any(struct reload_world *world, uint32_t turn)
{
    static const enum script_job_kind kinds[] = {
        SCRIPT_PROMPT, SCRIPT_PROMPT, SCRIPT_TOOL, SCRIPT_HOOK};
    ask(world, kinds[any(4)], any_call(), turn);
}

/* Any version that is listed goes live again by its name, or is published. */
static void bring_back_any(struct reload_world *world)
{
    json_t *list = administer(world, SCRIPT_VERSIONS, "acme", "", NULL, 0);
    json_t *versions = json_object_get(list, "versions");
    json_t *row = json_array_get(versions, any((unsigned)json_array_size(versions)));
    const char *version = json_string_value(json_object_get(row, "version"));
    json_t *bundle = administer(world, SCRIPT_SOURCES, "acme", version, NULL, 0);
    char *text = json_dumps(bundle, JSON_COMPACT);
    if (any(2))
        json_decref(administer(world, SCRIPT_ROLLBACK, "acme", version, NULL, 0));
    else
        json_decref(administer(world, SCRIPT_PUBLISH, "acme", "", text, any(3) * 40));
    free(text);
    json_decref(bundle);
    json_decref(list);
}

static void step(struct reload_world *world, uint32_t turn)
{
    switch (any(10)) {
    case 0:
        save_any(world);
        break;
    case 1:
        end_call(world, any_call());
        break;
    case 2:
        json_decref(administer(world, SCRIPT_PROMOTE, "acme", "", NULL, 0));
        break;
    case 3:
        if (any(8) == 0)
            json_decref(administer(world, SCRIPT_ROLLBACK, "acme", "", NULL, 0));
        else if (any(8) == 0)
            bring_back_any(world);
        break;
    case 4:
        if (world->parked_count)
            let_go(world);
        break;
    default: /* the walk's, not an enum's */
        if (world->parked_count < PARKED_MAX - 4)
            ask_any(world, turn);
        break;
    }
}

static void nothing_is_lost(void **state)
{
    struct reload_world *world = *state;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        char first[16];
        walk = seed;
        snprintf(first, sizeof first, "first %u", (unsigned)seed);
        now_says(world, first, manners[0]);
        for (uint32_t turn = 1; turn <= STEPS; turn++) {
            step(world, turn);
            answers_run_for(&world->answers, any(4) == 0);
            forget_answers(world);
            if (metric_get(METRIC_SCRIPT_VMS) > VMS_MAX)
                fail_msg("seed %u, step %u: too many VMs", (unsigned)seed, turn);
        }
        while (world->parked_count)
            let_go(world);
        answers_run_for(&world->answers, 20);
        forget_answers(world);
    }
}

static int setup(void **state)
{
    world_setup(state);
    ((struct reload_world *)*state)->is_busy = true;
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(nothing_is_lost, setup, world_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
