/* Two hundred callers of two nodes want one of ten times, at once, through the real tools: ten have one, the others hear of the next
   times, and nobody waits for a deadlock to be broken. A node here is a database pool, bindings and a script host of its own. */
#include "unit/bindings/rows_story.h"

#include <jansson.h>
#include <string.h>

#include "base/clock.h"
#include "observe/log.h"
#include "script/agent_table.h"
#include "store/migrate.h"

#define NODES 2
#define CALLS 200
#define SLOTS 10

struct node {
    struct database *database;
    struct bindings *bindings;
    struct script_host *host;
    struct answers answers;
};

struct race {
    struct postgres *postgres;
    char url[POSTGRES_URL_SIZE];
    struct scripts_folder folder;
    struct net_loop *loop;
    struct node nodes[NODES];
};

/* Ten times a day: eight o'clock to one. */
static const char AGENT[] =
    "return { name = 'Barber', profile = { name = 'Barber', time_zone = 'America/New_York',\n"
    "confirmations = 'never', confirm_by = 'text',\n"
    "hours = { monday = { open = '08:00', close = '13:00' } },\n"
    "services = { { name = 'cut', minutes = 30 } } },\n"
    "tools = { require('tools.book_appointment') }, prompt = function() return 'p' end }";

static void open_node(struct race *race, struct node *node)
{
    struct database_options database = {
        .url = race->url, .name = "test", .connections = 4, .max_waiting = 1024};
    answers_open(&node->answers, race->loop);
    assert_int_equal(database_open(&node->database, race->loop, &database), ERR_OK);
    struct bindings_options bindings = {.loop = race->loop, .database = node->database};
    assert_int_equal(bindings_create(&node->bindings, &bindings), ERR_OK);
    struct script_host_options host = {
        .scripts_path = race->folder.path, .lua_library = bindings_library(node->bindings)};
    assert_int_equal(script_host_create(&node->host, race->loop, &host), ERR_OK);
    assert_int_equal(script_host_load(node->host), 1);
}

static int set_up(void **state)
{
    static struct race race;
    char why[512], command[256];
    unsigned applied;
    race.postgres = postgres_start("bindings_bookings_race");
    postgres_new_database(race.postgres, race.url);
    assert_int_equal(store_migrate(race.url, &applied, why), ERR_OK);
    folder_make(&race.folder);
    snprintf(
        command, sizeof command, "cp -r '%s/scripts/tools' '%s'", SOURCE_DIR, race.folder.path);
    assert_int_equal(system(command), 0);
    folder_write(&race.folder, "tenants/barber/agent.lua", AGENT);
    assert_int_equal(net_loop_create(&race.loop, "test", NULL), ERR_OK);
    for (unsigned i = 0; i < NODES; i++)
        open_node(&race, &race.nodes[i]);
    *state = &race;
    return 0;
}

static int tear_down(void **state)
{
    struct race *race = *state;
    for (unsigned i = 0; i < NODES; i++) {
        script_host_destroy(race->nodes[i].host);
        bindings_destroy(race->nodes[i].bindings);
        database_close(race->nodes[i].database);
        answers_close(&race->nodes[i].answers);
    }
    agent_table_clear();
    net_loop_destroy(race->loop);
    folder_remove(&race->folder);
    postgres_stop(race->postgres);
    return 0;
}

/* Twenty callers for each of the ten times. */
static void ask(struct race *race, unsigned caller)
{
    struct node *node = &race->nodes[caller % NODES];
    unsigned slot = caller / NODES % SLOTS;
    char arguments[256];
    struct script_job *job = script_job_make(SCRIPT_TOOL);
    job->reply = &node->answers.box;
    snprintf(
        job->facts.call_id, sizeof job->facts.call_id, "00000000-0000-7000-8000-%012u", caller);
    slice_copy(SLICE("barber"), job->facts.tenant_id, sizeof job->facts.tenant_id);
    slice_copy(SLICE("+15550100055"), job->facts.called, sizeof job->facts.called);
    snprintf(arguments, sizeof arguments,
        "{\"name\":\"Caller %u\",\"phone\":\"555 02%u %04u\",\"service\":\"cut\","
        "\"start\":\"2099-11-23T%02u:%02u\"}",
        caller, caller % 10, caller, 8 + slot / 2, slot % 2 * 30);
    job->tool_name = slice_dup(SLICE("book_appointment"));
    job->arguments = slice_dup(slice_from(arguments));
    assert_int_equal(script_host_send(node->host, job), ERR_OK);
}

static bool is_offered_others(const json_t *answer)
{
    const char *reason = json_string_value(json_object_get(answer, "reason"));
    return reason && strcmp(reason, "taken") == 0 &&
           json_array_size(json_object_get(answer, "next")) == 3;
}

static void two_hundred_want_ten(void **state)
{
    struct race *race = *state;
    unsigned booked = 0, offered = 0;
    uint64_t start_ms = clock_ms();
    for (unsigned i = 0; i < CALLS; i++)
        ask(race, i);
    for (unsigned i = 0; i < CALLS; i++) {
        struct script_result *result = answers_next(&race->nodes[i % NODES].answers);
        json_t *answer = json_loads(result->text, 0, NULL);
        if (json_is_true(json_object_get(answer, "ok")))
            booked++;
        else if (is_offered_others(answer))
            offered++;
        else
            print_message("%s %s\n", script_ending_name(result->ending), result->text);
        json_decref(answer);
        script_result_free(result);
    }
    print_message("%u booked, %u offered others, in %u ms\n", booked, offered,
        (unsigned)(clock_ms() - start_ms));
    assert_int_equal(booked, SLOTS);
    assert_int_equal(offered, CALLS - SLOTS);
    assert_int_equal(
        postgres_number(race->url, "select count(distinct starts_at) from appointments where "
                                   "status = 'booked' and starts_at < '2099-11-24'"),
        SLOTS);
    /* A text for each, and none for who was refused. */
    assert_int_equal(postgres_number(race->url, "select count(*) from outbox o join appointments a "
                                                "on o.key = 'confirm:' || a.id || ':1' and "
                                                "o.to_number = a.phone"),
        SLOTS);
    assert_int_equal(postgres_number(race->url, "select count(*) from outbox"), SLOTS);
    assert_int_equal(postgres_number(race->url, "select deadlocks from pg_stat_database where "
                                                "datname = current_database()"),
        0);
}

int main(void)
{
    log_set_level(LOG_ERROR);
    const struct CMUnitTest tests[] = {cmocka_unit_test(two_hundred_want_ten)};
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
