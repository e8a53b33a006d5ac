/* The two tools of the repository against a real Postgres of the test's own: contacts, opening hours, and two calls
   that race for one slot. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "bindings/bindings.h"
#include "observe/log.h"
#include "script/agent_table.h"
#include "store/migrate.h"
#include "unit/script/answers.h"
#include "unit/script/scripts_folder.h"

#define POSTGRES "bash " SOURCE_DIR "/deploy/private-postgres.sh "
#define CALL_A "00000000-0000-7000-8000-00000000000a"
#define CALL_B "00000000-0000-7000-8000-00000000000b"

struct world {
    struct scripts_folder folder; /* where the server lives */
    struct net_loop *loop;
    struct database *database;
    struct bindings *bindings;
    struct script_host *host;
    struct answers answers;
};

/* The last line that the command prints. */
static void shell(char out[512], const char *command, const char *path)
{
    char text[512], line[512];
    snprintf(text, sizeof text, POSTGRES "%s %s/pg", command, path);
    FILE *in = popen(text, "r");
    assert_non_null(in);
    out[0] = 0;
    while (fgets(line, sizeof line, in))
        snprintf(out, 512, "%.*s", (int)strcspn(line, "\n"), line);
    assert_int_equal(pclose(in), 0);
}

static int setup(void **state)
{
    struct world *world = calloc(1, sizeof *world);
    char url[512], why[512];
    unsigned applied;
    folder_make(&world->folder);
    shell(url, "start --fast", world->folder.path);
    enum err err = store_migrate(url, &applied, why);
    if (err)
        print_message("%s\n", why);
    assert_int_equal(err, ERR_OK);
    assert_int_equal(net_loop_create(&world->loop, "test", NULL), ERR_OK);
    answers_open(&world->answers, world->loop);
    struct database_options database = {
        .url = url, .name = "test", .connections = 4, .max_waiting = 64};
    assert_int_equal(database_open(&world->database, world->loop, &database), ERR_OK);
    struct bindings_options bindings = {.loop = world->loop, .database = world->database};
    assert_int_equal(bindings_create(&world->bindings, &bindings), ERR_OK);
    struct script_host_options host = {
        .scripts_path = SOURCE_DIR "/scripts", .lua_library = bindings_library(world->bindings)};
    assert_int_equal(script_host_create(&world->host, world->loop, &host), ERR_OK);
    assert_true(script_host_load(world->host) > 0);
    *state = world;
    return 0;
}

static int teardown(void **state)
{
    struct world *world = *state;
    char out[512];
    script_host_destroy(world->host);
    bindings_destroy(world->bindings);
    database_close(world->database);
    agent_table_clear();
    answers_close(&world->answers);
    net_loop_destroy(world->loop);
    shell(out, "remove", world->folder.path);
    folder_remove(&world->folder);
    free(world);
    return 0;
}

/* What the agent read back to the callers below. */
#define HEARD                                                                                      \
    "[{\"role\":\"agent\",\"turn\":1,\"text\":\"Ann, Anna O'Lee, Bo. Your number is 555-010-0001? Or is it " \
    "555-010-0003? Saturday, January 3, 2099 at ten in the morning, at 12:30 PM, at noon?\"}]"

static void ask(struct world *world, const char *call_id, const char *tool, const char *arguments)
{
    struct script_job *job = script_job_make(SCRIPT_TOOL);
    job->reply = &world->answers.box;
    slice_copy(slice_from(call_id), job->facts.call_id, sizeof job->facts.call_id);
    slice_copy(SLICE("acme-dental"), job->facts.tenant_id, sizeof job->facts.tenant_id);
    job->tool_name = slice_dup(slice_from(tool));
    job->arguments = slice_dup(slice_from(arguments));
    job->history_json = slice_dup(SLICE(HEARD));
    assert_int_equal(script_host_send(world->host, job), ERR_OK);
}

static json_t *answer(struct world *world)
{
    struct script_result *result = answers_next(&world->answers);
    json_t *value = json_loads(result->text, 0, NULL);
    if (result->ending != SCRIPT_DONE)
        print_message("%s\n", result->text);
    assert_int_equal(result->ending, SCRIPT_DONE);
    script_result_free(result);
    return value;
}

static bool is_ok(const json_t *value)
{
    return json_is_true(json_object_get(value, "ok"));
}

static void expect_text(const json_t *value, const char *name, const char *text)
{
    const char *found = json_string_value(json_object_get(value, name));
    assert_non_null(found);
    assert_string_equal(found, text);
}

static void contacts_are_kept_once(struct world *world)
{
    ask(world, CALL_A, "create_contact", "{\"name\":\"Ann Lee\",\"phone\":\"555 010 0001\"}");
    json_t *first = answer(world);
    assert_true(is_ok(first));
    expect_text(first, "phone", "+15550100001");
    ask(world, CALL_B, "create_contact", "{\"name\":\"Anna O'Lee\",\"phone\":\"+15550100001\"}");
    json_t *second = answer(world);
    assert_true(is_ok(second));
    expect_text(second, "name", "Anna O'Lee");
    json_decref(first);
    json_decref(second);
}

/* 2099-01-03 is a Saturday, open from nine to one. */
#define SLOT                                                                                       \
    "{\"name\":\"Anna "                                                                            \
    "Lee\",\"phone\":\"5550100001\",\"service\":\"cleaning\",\"start\":\"2099-01-03T10:00\"}"

static void a_slot_goes_to_one_of_two(struct world *world)
{
    ask(world, CALL_A, "book_appointment", SLOT);
    ask(world, CALL_B, "book_appointment", SLOT);
    json_t *one = answer(world), *two = answer(world);
    assert_int_equal(is_ok(one) + is_ok(two), 1);
    const json_t *won = is_ok(one) ? one : two, *lost = is_ok(one) ? two : one;
    expect_text(won, "spoken", "Saturday, January 3 at 10:00 AM");
    expect_text(lost, "reason", "taken");
    const json_t *next = json_object_get(lost, "next");
    assert_int_equal(json_array_size(next), 3);
    expect_text(json_array_get(next, 0), "start", "2099-01-03T10:30");
    expect_text(json_array_get(next, 2), "start", "2099-01-03T11:30");
    json_decref(one);
    json_decref(two);

    /* The winner asks again in the same call: it is still theirs, and still one. */
    unsigned count_ok = 0;
    for (int i = 0; i < 2; i++) {
        ask(world, i ? CALL_A : CALL_B, "book_appointment", SLOT);
        json_t *again = answer(world);
        count_ok += is_ok(again);
        json_decref(again);
    }
    assert_int_equal(count_ok, 1);
}

static void hours_are_kept(struct world *world)
{
    ask(world, CALL_A, "book_appointment",
        "{\"name\":\"Bo\",\"phone\":\"5550100003\",\"service\":\"filling\",\"start\":\"2099-01-"
        "03T12:30\"}");
    json_t *value = answer(world);
    assert_false(is_ok(value));
    expect_text(value, "reason", "closed");
    expect_text(value, "hours", "Saturday 09:00-13:00");
    expect_text(json_array_get(json_object_get(value, "next"), 0), "start", "2099-01-05T08:00");
    json_decref(value);
    /* An hour ends when the doors close. */
    ask(world, CALL_A, "book_appointment",
        "{\"name\":\"Bo\",\"phone\":\"5550100003\",\"service\":\"filling\",\"start\":\"2099-01-"
        "03T12:00\"}");
    value = answer(world);
    assert_true(is_ok(value));
    json_decref(value);
}

static void booking(void **state)
{
    contacts_are_kept_once(*state);
    a_slot_goes_to_one_of_two(*state);
    hours_are_kept(*state);
}

int main(void)
{
    log_set_level(LOG_ERROR);
    const struct CMUnitTest tests[] = {cmocka_unit_test_setup_teardown(booking, setup, teardown)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
