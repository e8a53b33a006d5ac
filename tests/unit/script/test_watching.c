/* Folders and files as people and programs change them, from inotify to who answers a number: a host and the watch on its
   folder on one loop, as the threads of the process do it together. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "script/agent_table.h"
#include "script/host.h"
#include "unit/script/scripts_folder.h"

#define LIMIT_MS 10000

struct world {
    struct scripts_folder folder;
    struct net_loop *loop;
    struct script_host *host;
    struct net_watch *watch;
    struct net_timer *timer;
    struct mailbox answers;
};

static void stop(void *owner)
{
    net_loop_stop(((struct world *)owner)->loop);
}

static void reload(void *owner)
{
    struct world *world = owner;
    assert_int_equal(script_host_send(world->host, script_job_make(SCRIPT_RELOAD)), ERR_OK);
}

/* A command of the shell in the folder of tenants. */
static void run(struct world *world, const char *command)
{
    char line[1024];
    snprintf(line, sizeof line, "cd %s/tenants && %s", world->folder.path, command);
    assert_int_equal(system(line), 0);
}

static void turn(struct world *world)
{
    net_timer_set(world->timer, clock_ms() + 2);
    net_loop_run(world->loop);
}

#define until(world, condition)                                                                    \
    do {                                                                                           \
        uint64_t end_ms = clock_ms() + LIMIT_MS;                                                   \
        while (!(condition)) {                                                                     \
            if (clock_ms() > end_ms)                                                               \
                fail_msg("not in time: %s", #condition);                                           \
            turn(world);                                                                           \
        }                                                                                          \
    } while (0)

/* An agent of that number and name; `n` stands for the rest of the number. */
#define AGENT(n, name)                                                                             \
    "return { name = '" name "', numbers = { '+155501000" n                                        \
    "' }, prompt = function() return '" name "' end }\n"

static bool answers(const char *number, const char *name)
{
    struct agent *agent = agent_table_find_number(slice_from(number));
    bool is_so = agent ? strcmp(agent->name, name) == 0 : name[0] == 0;
    agent_release(agent);
    return is_so;
}

#define ACME "+15550100002"
#define OTHER "+15550100003"

static int setup(void **state)
{
    struct world *world = calloc(1, sizeof *world);
    folder_make(&world->folder);
    folder_write(&world->folder, "tenants/acme/agent.lua", AGENT("02", "one"));
    folder_write(&world->folder, "tenants/other/agent.lua", AGENT("03", "other"));
    assert_int_equal(net_loop_create(&world->loop, "test", NULL), ERR_OK);
    assert_int_equal(net_timer_create(&world->timer, world->loop, stop, world), ERR_OK);
    mailbox_init(&world->answers, 64, stop, world);
    struct script_host_options options = {.scripts_path = world->folder.path};
    assert_int_equal(script_host_create(&world->host, world->loop, &options), ERR_OK);
    assert_int_equal(
        net_watch_create(&world->watch, world->loop, world->folder.path, reload, world), ERR_OK);
    assert_int_equal(script_host_load(world->host), 2);
    *state = world;
    return 0;
}

static int teardown(void **state)
{
    struct world *world = *state;
    net_watch_destroy(world->watch);
    script_host_destroy(world->host);
    agent_table_clear();
    mailbox_destroy(&world->answers);
    net_timer_destroy(world->timer);
    net_loop_destroy(world->loop);
    folder_remove(&world->folder);
    free(world);
    return 0;
}

static void acme_is(struct world *world, const char *agent_lua)
{
    folder_write(&world->folder, "tenants/acme/agent.lua", agent_lua);
}

/* GET /api/tenants has this in it. */
static bool is_listed(const char *text)
{
    struct strbuf list;
    strbuf_init(&list, 1 << 20);
    agent_table_json(&list);
    bool is_in = strstr(list.data, text) != NULL;
    strbuf_free(&list);
    return is_in;
}

static void prompt_is(struct world *world, const char *text)
{
    struct script_job *job = script_job_make(SCRIPT_PROMPT);
    job->reply = &world->answers;
    slice_copy(SLICE("call"), job->facts.call_id, sizeof job->facts.call_id);
    slice_copy(SLICE("acme"), job->facts.tenant_id, sizeof job->facts.tenant_id);
    assert_int_equal(script_host_send(world->host, job), ERR_OK);
    until(world, mailbox_count(&world->answers) > 0);
    struct script_result *result = (struct script_result *)mailbox_take_all(&world->answers);
    assert_string_equal(result->text, text);
    script_result_free(result);
}

static void a_new_folder_is_a_tenant(void **state)
{
    struct world *world = *state;
    run(world, "mkdir fresh");
    folder_write(&world->folder, "tenants/fresh/agent.lua", AGENT("04", "fresh"));
    until(world, answers("+15550100004", "fresh"));
    run(world, "cp -r fresh copy && sed -i 's/+15550100004/+15550100005/' copy/agent.lua");
    until(world, answers("+15550100005", "fresh"));
}

static void a_deleted_folder_is_no_tenant_until_it_is_back(void **state)
{
    struct world *world = *state;
    prompt_is(world, "one");
    run(world, "mv acme ../kept");
    until(world, answers(ACME, ""));
    assert_false(is_listed("acme"));
    assert_true(answers(OTHER, "other"));
    prompt_is(world, "one"); /* a call that it has goes on */
    run(world, "mv ../kept acme");
    until(world, answers(ACME, "one"));
    run(world, "rm -r acme");
    until(world, answers(ACME, ""));
    folder_write(&world->folder, "tenants/acme/agent.lua", AGENT("02", "two"));
    until(world, answers(ACME, "two"));
    prompt_is(world, "two");
}

/* A volume that is not mounted, a checkout under way: no reason to forget every tenant. */
static void without_the_folder_of_tenants_all_stay(void **state)
{
    struct world *world = *state;
    run(world, "mv ../tenants ../away && echo > ../note");
    for (int i = 0; i < 100; i++)
        turn(world);
    assert_true(answers(ACME, "one") && answers(OTHER, "other"));
    char line[256];
    snprintf(line, sizeof line, "cd %s && mv away tenants", world->folder.path);
    assert_int_equal(system(line), 0);
    acme_is(world, AGENT("02", "two"));
    until(world, answers(ACME, "two"));
    snprintf(line, sizeof line,
        "cd %s && cp -r tenants /tmp/kept.$$ && rm -r tenants && "
        "cp -r /tmp/kept.$$ tenants && rm -r /tmp/kept.$$",
        world->folder.path);
    assert_int_equal(system(line), 0);
    acme_is(world, AGENT("02", "three"));
    until(world, answers(ACME, "three"));
}

static void a_half_saved_file_is_refused_and_tried_again(void **state)
{
    struct world *world = *state;
    acme_is(world, "return {\n  name = 'two',\n  prompt = function(");
    until(world, is_listed("\"error\":\"agent.lua:3: "));
    assert_true(answers(ACME, "one"));
    acme_is(world, "");
    until(world, is_listed("\"error\":\"agent.lua:1: must return a table\""));
    acme_is(world, AGENT("02", "two"));
    until(world, answers(ACME, "two"));
    assert_false(is_listed("failed"));
    acme_is(world, "return");
    until(world, is_listed("failed"));
    acme_is(world, AGENT("02", "two")); /* undone: as it was */
    until(world, !is_listed("failed"));
}

static void editors_rename(void **state)
{
    struct world *world = *state;
    folder_write(&world->folder, "tenants/acme/.agent.lua.swp", AGENT("02", "two"));
    run(world, "mv acme/.agent.lua.swp acme/agent.lua");
    until(world, answers(ACME, "two"));
    run(world, "mv acme/agent.lua acme/agent.lua~");
    until(world, is_listed("\"error\":\"agent.lua:1: agent.lua: No such file"));
    assert_true(answers(ACME, "two"));
    acme_is(world, AGENT("02", "three"));
    until(world, answers(ACME, "three"));
}

/* Same size, within one step of the file system's clock. */
static void two_edits_in_the_same_moment_end_at_the_last(void **state)
{
    struct world *world = *state;
    for (int i = 0; i < 20; i++) {
        acme_is(world, AGENT("02", "aaa"));
        reload(world);
        turn(world);
        acme_is(world, AGENT("02", "bbb"));
        folder_write(&world->folder, "tenants/other/agent.lua", AGENT("03", "bbb"));
        until(world, answers(ACME, "bbb") && answers(OTHER, "bbb"));
        folder_write(&world->folder, "tenants/other/agent.lua", AGENT("03", "ccc"));
    }
    until(world, answers(OTHER, "ccc"));
}

static void of_500_saves_the_last_counts(void **state)
{
    struct world *world = *state;
    for (int i = 0; i < 500; i++) {
        acme_is(world, i % 7 ? AGENT("02", "some") : "return");
        if (i % 3 == 0)
            turn(world);
    }
    acme_is(world, AGENT("02", "last"));
    until(world, answers(ACME, "last") && !is_listed("failed"));
}

static void links_stay_inside(void **state)
{
    struct world *world = *state;
    run(world, "mkdir acme/parts && echo \"return 'two'\" > acme/parts/hours.lua && "
               "ln -s parts/hours.lua acme/words.lua");
    acme_is(world,
        "return { name = require('words'), numbers = { '" ACME "' }, prompt = function() "
        "return '' end }");
    until(world, answers(ACME, "two"));
    run(world, "echo \"return 'three'\" > acme/parts/hours.lua");
    until(world, answers(ACME, "three"));
    run(world,
        "echo \"return 'four'\" > other/words.lua && ln -sf ../other/words.lua acme/words.lua");
    until(world, is_listed("\"error\":\"agent.lua:1: words.lua leads out of its folder\""));
    assert_true(answers(ACME, "three"));
    run(world,
        "echo \"return 'five'\" > acme/parts/new.lua && ln -sf parts/new.lua acme/words.lua");
    until(world, answers(ACME, "five"));
}

static void a_tenant_may_be_a_link(void **state)
{
    struct world *world = *state;
    folder_write(&world->folder, "releases/1/agent.lua", AGENT("04", "first"));
    folder_write(&world->folder, "releases/2/agent.lua", AGENT("04", "second"));
    run(world, "ln -s ../releases/1 linked");
    until(world, answers("+15550100004", "first"));
    folder_write(&world->folder, "releases/1/agent.lua", AGENT("04", "changed"));
    until(world, answers("+15550100004", "changed"));
    run(world, "ln -sfn ../releases/2 linked");
    until(world, answers("+15550100004", "second"));
    run(world, "rm -r ../releases/2");
    until(world, answers("+15550100004", ""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_new_folder_is_a_tenant, setup, teardown),
        cmocka_unit_test_setup_teardown(
            a_deleted_folder_is_no_tenant_until_it_is_back, setup, teardown),
        cmocka_unit_test_setup_teardown(without_the_folder_of_tenants_all_stay, setup, teardown),
        cmocka_unit_test_setup_teardown(
            a_half_saved_file_is_refused_and_tried_again, setup, teardown),
        cmocka_unit_test_setup_teardown(editors_rename, setup, teardown),
        cmocka_unit_test_setup_teardown(
            two_edits_in_the_same_moment_end_at_the_last, setup, teardown),
        cmocka_unit_test_setup_teardown(of_500_saves_the_last_counts, setup, teardown),
        cmocka_unit_test_setup_teardown(links_stay_inside, setup, teardown),
        cmocka_unit_test_setup_teardown(a_tenant_may_be_a_link, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
