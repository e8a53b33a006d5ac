/* The tests of a version run on their thread before it is swapped in: a real script host, files on disk. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "bindings/bindings.h"
#include "main/rehearsal_thread.h"
#include "observe/log.h"
#include "script/agent_table.h"
#include "unit/script/scripts_folder.h"

#define LOOK_EVERY_MS 10
#define PATIENCE_MS 20000

static const char AGENT[] = "return { name = 'Bakery', numbers = { '+15550100005' }, greeting = "
                            "'%s', prompt = function() return 'p' end }\n";
static const char TEST[] = "return {\n{ name = 'greets',\n{ expect_say = '%s' } } }\n";

struct process {
    struct scripts_folder folder;
    struct net_loop *loop;
    struct net_timer *timer;
    struct bindings *bindings;
    struct rehearsal_thread *thread;
    struct script_host *host;
    const char *awaited; /* in the table of tenants */
    uint64_t end_ms;
    char table[4096];
};

static void write_file(
    struct process *process, const char *name, const char *format, const char *text)
{
    char path[96], all[512];
    snprintf(path, sizeof path, "tenants/bakery/%s", name);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    snprintf(all, sizeof all, format, text);
#pragma GCC diagnostic pop
    folder_write(&process->folder, path, all);
}

static void look(void *owner)
{
    struct process *process = owner;
    struct strbuf table;
    strbuf_init(&table, sizeof process->table);
    agent_table_json(&table);
    slice_copy(strbuf_slice(&table), process->table, sizeof process->table);
    strbuf_free(&table);
    if (strstr(process->table, process->awaited) || clock_ms() >= process->end_ms)
        net_loop_stop(process->loop);
    else
        net_timer_set(process->timer, clock_ms() + LOOK_EVERY_MS);
}

static void reload_until(struct process *process, const char *awaited)
{
    struct script_job *job = script_job_make(SCRIPT_RELOAD);
    assert_int_equal(script_host_send(process->host, job), ERR_OK);
    process->awaited = awaited;
    process->end_ms = clock_ms() + PATIENCE_MS;
    net_timer_set(process->timer, clock_ms() + LOOK_EVERY_MS);
    net_loop_run(process->loop);
    if (!strstr(process->table, awaited))
        print_message("%s\n", process->table);
    assert_non_null(strstr(process->table, awaited));
}

static int setup(void **state)
{
    struct process *process = calloc(1, sizeof *process);
    log_set_level(LOG_ERROR);
    folder_make(&process->folder);
    write_file(process, "agent.lua", AGENT, "Good morning!");
    write_file(process, "agent_test.lua", TEST, "good morning");
    assert_int_equal(net_loop_create(&process->loop, "test", NULL), ERR_OK);
    assert_int_equal(net_timer_create(&process->timer, process->loop, look, process), ERR_OK);
    struct bindings_options bindings = {.loop = process->loop};
    assert_int_equal(bindings_create(&process->bindings, &bindings), ERR_OK);
    assert_int_equal(rehearsal_thread_create(&process->thread, process->folder.path), ERR_OK);
    struct script_host_options options = {.scripts_path = process->folder.path,
        .lua_library = bindings_library(process->bindings),
        .try_version = rehearsal_thread_try,
        .try_owner = process->thread};
    assert_int_equal(script_host_create(&process->host, process->loop, &options), ERR_OK);
    assert_int_equal(script_host_load(process->host), 1);
    assert_int_equal(rehearsal_thread_start(process->thread, process->host), ERR_OK);
    *state = process;
    return 0;
}

static int teardown(void **state)
{
    struct process *process = *state;
    rehearsal_thread_stop(process->thread);
    script_host_destroy(process->host);
    rehearsal_thread_destroy(process->thread);
    bindings_destroy(process->bindings);
    net_timer_destroy(process->timer);
    net_loop_destroy(process->loop);
    agent_table_clear();
    folder_remove(&process->folder);
    free(process);
    return 0;
}

static void expect_greeting(const char *text)
{
    struct agent *agent = agent_table_find(SLICE("bakery"));
    assert_non_null(agent);
    assert_string_equal(agent->greeting, text);
    agent_release(agent);
}

static void a_version_goes_live_when_its_tests_hold(void **state)
{
    struct process *process = *state;
    char before[VERSION_SIZE], awaited[64];
    struct agent *agent = agent_table_find(SLICE("bakery"));
    memcpy(before, agent->version, sizeof before);
    agent_release(agent);
    write_file(process, "agent.lua", AGENT, "Good evening!");
    reload_until(process, "agent_test.lua:3: greets: expected the agent to say good morning");
    snprintf(awaited, sizeof awaited, "\"version\":\"%s\"", before);
    assert_non_null(strstr(process->table, awaited));
    expect_greeting("Good morning!");

    write_file(process, "agent_test.lua", TEST, "good evening");
    reload_until(process, "\"error\":null");
    expect_greeting("Good evening!");
}

static void a_test_without_end_does_not_hold_the_host(void **state)
{
    struct process *process = *state;
    write_file(process, "agent_test.lua", "while %s do end", "true");
    reload_until(process, "agent_test.lua:1: took too much time");
    expect_greeting("Good morning!");
}

static void the_newest_of_a_tenant_is_what_is_tried(void **state)
{
    struct process *process = *state;
    for (int i = 0; i < 100; i++) { /* more than may wait, all of one tenant */
        char *bundle = strdup("{}");
        rehearsal_thread_try(process->thread, "bakery", "0123456789abcdef", bundle);
    }
    write_file(process, "agent.lua",
        "return { name = '%s', numbers = { '+15550100005' }, greeting = 'Good morning!',\n"
        "prompt = function() return 'p' end }\n",
        "Bakehouse");
    reload_until(process, "Bakehouse");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_version_goes_live_when_its_tests_hold, setup, teardown),
        cmocka_unit_test_setup_teardown(a_test_without_end_does_not_hold_the_host, setup, teardown),
        cmocka_unit_test_setup_teardown(the_newest_of_a_tenant_is_what_is_tried, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
