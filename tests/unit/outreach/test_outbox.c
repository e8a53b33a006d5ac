/* The sender between a real Postgres and the sandbox, whose ledger says what it took: whatever breaks, no text goes out
   twice, and none after its person opted out. */
#include "unit/store/loop.h"

#include <jansson.h>
#include <signal.h>
#include <sys/prctl.h>

#include "base/id.h"
#include "outreach/outbox.h"
#include "outreach/stops.h"
#include "store/journal_file.h"
#include "store/records.h"
#include "voice.h"
#include "world.h"

#define ACCOUNT "AC00000000000000000000000000000001"
#define PERSON "+15550100001"
#define PACE_PERCENT 2 /* looks after 60 ms instead of 3 s */
#define OPT_OUT_ROUNDS 200
#define KILLS 20
#define TEXTS_A_KILL 6

struct fixture {
    struct postgres *postgres;
    char url[POSTGRES_URL_SIZE];
    struct loop loop;
    struct world world;
    struct world_options options;
    char base_url[64];
    struct database *database; /* of the test itself */
    struct outbox *outbox;
    char node[ID_SIZE];
    char sql[700];
    long expected;
    uint64_t until_ms;
};

static struct outbox_options options_of(struct fixture *fixture)
{
    id_make(fixture->node);
    return (struct outbox_options){.database_url = fixture->url,
        .rest = {fixture->base_url, ACCOUNT, "secret"},
        .public_url = "http://127.0.0.1:1",
        .node = fixture->node,
        .pace_percent = PACE_PERCENT};
}

static void open_outbox(struct fixture *fixture)
{
    struct outbox_options options = options_of(fixture);
    assert_int_equal(outbox_open(&fixture->outbox, fixture->loop.net, &options), ERR_OK);
}

static void close_outbox(struct fixture *fixture)
{
    outbox_close(fixture->outbox);
    fixture->outbox = NULL;
}

static int open_all(void **state)
{
    static struct postgres *postgres;
    static struct fixture fixture;
    char why[256];
    if (!postgres)
        postgres = *state;
    fixture = (struct fixture){.postgres = postgres,
        .options = {.listen = "127.0.0.1:0",
            .control = "127.0.0.1:0",
            .script_path = SOURCE_DIR "/tests/unit/sandbox/yes.lua",
            .voice = "en-us"}};
    migrated_database(postgres, fixture.url);
    loop_start(&fixture.loop);
    if (world_start(&fixture.world, fixture.loop.net, &fixture.options, why))
        fail_msg("%s", why);
    fixture.world.texts.order = TEXTS_SILENT;
    snprintf(fixture.base_url, sizeof fixture.base_url, "http://127.0.0.1:%d",
        server_port(fixture.world.server));
    fixture.database = open_database(&fixture.loop, fixture.url, 2);
    *state = &fixture;
    return 0;
}

static int close_all(void **state)
{
    struct fixture *fixture = *state;
    close_outbox(fixture);
    database_close(fixture->database);
    world_stop(&fixture->world);
    loop_end(&fixture->loop);
    *state = fixture->postgres;
    return 0;
}

/* ---- verbs ---- */

static void queue(struct fixture *fixture, const char *fact, const char *to, const char *words)
{
    char sql[400];
    snprintf(sql, sizeof sql,
        "select queue_text('acme', '%s', '+15550100002', '%s', '%s', null, 'test', null, null)",
        fact, to, words);
    assert_int_equal(ask(&fixture->loop, fixture->database, sql).err, ERR_OK);
}

static bool is_number_there(void *owner)
{
    struct fixture *fixture = owner;
    return postgres_watch(fixture->url, fixture->sql) == fixture->expected;
}

static void wait_for(struct fixture *fixture, const char *sql, long expected)
{
    snprintf(fixture->sql, sizeof fixture->sql, "%s", sql);
    fixture->expected = expected;
    loop_run_until(&fixture->loop, is_number_there, fixture);
}

static bool is_time(void *owner)
{
    return clock_ms() >= ((struct fixture *)owner)->until_ms;
}

static void run_for(struct fixture *fixture, unsigned ms)
{
    fixture->until_ms = clock_ms() + ms;
    loop_run_until(&fixture->loop, is_time, fixture);
}

static void expect_status(struct fixture *fixture, const char *key, const char *status)
{
    char sql[300];
    snprintf(sql, sizeof sql,
        "select count(*) from outbox o join messages m on m.id = o.message_id where o.key = '%s' "
        "and o.status = '%s' and m.status = o.status",
        key, status);
    wait_for(fixture, sql, 1);
}

static void break_next(struct fixture *fixture, const char *json)
{
    char why[160];
    json_t *wish = json_loads(json, 0, NULL);
    assert_non_null(wish);
    if (faults_set(&fixture->world.faults, wish, NULL, why))
        fail_msg("%s", why);
    json_decref(wish);
}

static void expect_taken(struct fixture *fixture, json_int_t count)
{
    assert_int_equal(fixture->world.ledger.counts[TALLY_MESSAGES], count);
}

/* ---- one text ---- */

static void a_text_goes_out_once(void **state)
{
    struct fixture *fixture = *state;
    open_outbox(fixture);
    queue(fixture, "f1", PERSON, "See you on Friday");
    queue(fixture, "f1", PERSON, "See you on Friday");
    expect_status(fixture, "f1", "sent");
    run_for(fixture, 100);
    expect_taken(fixture, 1);
    assert_int_equal(postgres_number(fixture->url,
                         "select count(*) from outbox o join messages m on m.carrier_sid = "
                         "o.carrier_sid where o.segments = 1 and m.segments = 1 and o.attempts = 1 "
                         "and o.node is null and o.sent_at is not null"),
        1);
}

static void one_that_is_asked_too_often_goes_later(void **state)
{
    struct fixture *fixture = *state;
    break_next(fixture, "{\"service\":\"twilio\",\"status\":429,\"code\":\"20429\",\"count\":2}");
    open_outbox(fixture);
    queue(fixture, "f1", PERSON, "Hi");
    expect_status(fixture, "f1", "sent");
    expect_taken(fixture, 1);
    assert_int_equal(postgres_number(fixture->url, "select attempts from outbox"), 3);
}

static void a_carrier_that_nobody_reaches_is_asked_again(void **state)
{
    struct fixture *fixture = *state;
    struct outbox_options options = options_of(fixture);
    options.rest.base_url = "http://127.0.0.1:1";
    assert_int_equal(outbox_open(&fixture->outbox, fixture->loop.net, &options), ERR_OK);
    queue(fixture, "f1", PERSON, "Hi");
    wait_for(fixture, "select count(*) from outbox where attempts >= 2 and status = 'queued'", 1);
    close_outbox(fixture);
    open_outbox(fixture);
    expect_status(fixture, "f1", "sent");
    expect_taken(fixture, 1);
}

static void a_refused_one_fails_for_good(void **state)
{
    struct fixture *fixture = *state;
    json_t *wish = json_pack("{s:[s]}", "opted_out", PERSON);
    assert_int_equal(texts_set(&fixture->world.texts, wish), ERR_OK);
    json_decref(wish);
    open_outbox(fixture);
    queue(fixture, "f1", PERSON, "Hi");
    expect_status(fixture, "f1", "failed");
    wait_for(fixture, "select count(*) from opt_outs where phone = '" PERSON "'", 1);
    assert_int_equal(
        postgres_number(fixture->url, "select count(*) from messages where error_code = '21610'"),
        1);
    queue(fixture, "f2", PERSON, "Hi again");
    expect_status(fixture, "f2", "cancelled");
    expect_taken(fixture, 0);
}

static void one_past_its_time_is_cancelled(void **state)
{
    struct fixture *fixture = *state;
    queue(fixture, "f1", PERSON, "Your table is ready");
    postgres_run(fixture->url, "update outbox set expires_at = now() - interval '1 s'");
    open_outbox(fixture);
    expect_status(fixture, "f1", "cancelled");
    expect_taken(fixture, 0);
}

/* ---- no answer ---- */

static void one_that_went_without_an_answer_is_found(void **state)
{
    struct fixture *fixture = *state;
    break_next(fixture, "{\"service\":\"twilio\",\"cut_after_bytes\":0,\"count\":1}");
    open_outbox(fixture);
    queue(fixture, "f1", PERSON, "Hi");
    expect_status(fixture, "f1", "sent");
    run_for(fixture, 200);
    expect_taken(fixture, 1);
    assert_int_equal(
        postgres_number(fixture->url, "select count(*) from outbox where carrier_sid is not null"),
        1);
}

/* On a connection that was kept curl would ask again by itself. */
static void not_even_after_one_that_was_answered(void **state)
{
    struct fixture *fixture = *state;
    open_outbox(fixture);
    queue(fixture, "f1", PERSON, "one");
    expect_status(fixture, "f1", "sent");
    break_next(fixture, "{\"service\":\"twilio\",\"cut_after_bytes\":0,\"count\":1}");
    queue(fixture, "f2", PERSON, "two");
    expect_status(fixture, "f2", "sent");
    expect_taken(fixture, 2);
}

static void the_same_words_twice_are_told_apart(void **state)
{
    struct fixture *fixture = *state;
    open_outbox(fixture);
    queue(fixture, "f1", PERSON, "Hi");
    expect_status(fixture, "f1", "sent");
    break_next(fixture, "{\"service\":\"twilio\",\"status\":500,\"count\":1}");
    queue(fixture, "f2", PERSON, "Hi"); /* was not taken, and the other one is not it */
    expect_status(fixture, "f2", "unknown");
    expect_taken(fixture, 1);
}

static void one_that_is_nowhere_stays_unknown(void **state)
{
    struct fixture *fixture = *state;
    break_next(fixture, "{\"service\":\"twilio\",\"status\":502,\"count\":1}");
    open_outbox(fixture);
    queue(fixture, "f1", PERSON, "Hi");
    expect_status(fixture, "f1", "unknown");
    run_for(fixture, 300);
    expect_taken(fixture, 0);
    assert_int_equal(postgres_number(fixture->url, "select looks from outbox"), 4);
    wait_for(fixture, "select count(*) from outbox where status = 'unknown'", 1);
}

/* The carrier says that it was delivered, long after we gave up. */
static void its_callback_settles_it(void **state)
{
    struct fixture *fixture = *state;
    break_next(fixture, "{\"service\":\"twilio\",\"status\":502,\"count\":1}");
    open_outbox(fixture);
    queue(fixture, "f1", PERSON, "Hi");
    expect_status(fixture, "f1", "unknown");
    postgres_run(
        fixture->url, "select text_status(id, tenant_id, 'SM1', 'delivered', '') from outbox");
    expect_status(fixture, "f1", "delivered");
}

static void one_whose_node_died_is_found(void **state)
{
    struct fixture *fixture = *state;
    open_outbox(fixture);
    queue(fixture, "f1", PERSON, "Hi");
    expect_status(fixture, "f1", "sent");
    postgres_run(fixture->url, "update outbox set status = 'sending', carrier_sid = null, "
                               "node = 'gone/1', lease_until = now() - interval '1 s'");
    expect_status(fixture, "f1", "sent");
    expect_taken(fixture, 1);
}

/* ---- bounds ---- */

static void one_tenant_leaves_room_for_others(void **state)
{
    struct fixture *fixture = *state;
    break_next(fixture, "{\"service\":\"twilio\",\"delay_ms\":400}");
    for (unsigned i = 0; i < 9; i++) {
        char fact[16];
        snprintf(fact, sizeof fact, "f%u", i);
        queue(fixture, fact, PERSON, fact);
    }
    open_outbox(fixture);
    wait_for(fixture, "select count(*) from outbox where status = 'sending'", 4);
    run_for(fixture, 100);
    assert_true(
        postgres_number(fixture->url, "select count(*) from outbox where status = 'sending'") <= 4);
    wait_for(fixture, "select count(*) from outbox where status = 'sent'", 9);
    expect_taken(fixture, 9);
}

/* ---- opting out while it goes ---- */

static void nobody_hears_from_us_after_opting_out(void **state)
{
    struct fixture *fixture = *state;
    unsigned sent = 0;
    open_outbox(fixture);
    srand(7);
    for (unsigned i = 0; i < OPT_OUT_ROUNDS; i++) {
        char number[20], fact[16], sql[200];
        struct query *query;
        struct answer out = {0};
        snprintf(number, sizeof number, "+1555020%04u", i);
        snprintf(fact, sizeof fact, "f%u", i);
        queue(fixture, fact, number, "Hi");
        run_for(fixture, (unsigned)rand() % 6);
        snprintf(sql, sizeof sql, "select opt_out('acme', '%s', true, 'sms', 'STOP', null, null)",
            number);
        assert_int_equal(
            database_query(&query, fixture->database, sql, NULL, 0, 5000, answer_keep, &out),
            ERR_OK);
        loop_run_until(&fixture->loop, answer_is_here, &out);
        assert_int_equal(out.err, ERR_OK);
        json_int_t taken = fixture->world.ledger.counts[TALLY_MESSAGES];
        run_for(fixture, 15);
        expect_taken(fixture, taken);
        sent = (unsigned)taken;
    }
    print_message("%u of %u went before their person opted out, 0 after\n", sent, OPT_OUT_ROUNDS);
    wait_for(fixture, "select count(*) from outbox where status not in ('sent', 'cancelled')", 0);
    assert_int_equal(
        postgres_number(fixture->url, "select count(*) from outbox where status = 'sent'"), sent);
}

/* What was said to us holds, whether Postgres has it or not. */
static void a_stop_that_is_on_its_way_holds(void **state)
{
    struct fixture *fixture = *state;
    stops_note(SLICE("acme"), SLICE("+15550300001"));
    open_outbox(fixture);
    queue(fixture, "f1", "+15550300001", "Hi");
    wait_for(fixture, "select count(*) from outbox where why = 'an opt-out is on its way'", 1);
    expect_taken(fixture, 0);
    assert_int_equal(ask(&fixture->loop, fixture->database,
                         "select note_opt_out('acme', '+15550300001', true, 'sms', 'STOP', null, "
                         "null)")
                         .err,
        ERR_OK);
    expect_status(fixture, "f1", "cancelled");
    stops_note(SLICE("acme"), SLICE("+15550300002"));
    stops_forget(SLICE("acme"), SLICE("+15550300002"));
    queue(fixture, "f2", "+15550300002", "Hi");
    expect_status(fixture, "f2", "sent");
    expect_taken(fixture, 1);
}

/* A STOP may be among them. */
static void rows_that_wait_come_before_texts(void **state)
{
    struct fixture *fixture = *state;
    struct outbox_options options = options_of(fixture);
    struct records *records;
    char folder[] = "/tmp/moonline-outbox-XXXXXX", command[64];
    assert_non_null(mkdtemp(folder));
    const struct journal_options journal = {.folder = folder, .node = fixture->node, .max_mb = 8};
    assert_int_equal(records_open_journal(&records, fixture->loop.net,
                         "postgresql://moonline@/x?host=/nonexistent", 9, &journal),
        ERR_OK);
    assert_int_equal(records_put_take(records, RECORD_OPT_OUT, strdup("{}")), ERR_OK);
    run_for(fixture, 3100); /* behind is what waits for whole seconds */
    options.records = records;
    assert_int_equal(outbox_open(&fixture->outbox, fixture->loop.net, &options), ERR_OK);
    queue(fixture, "f1", PERSON, "Hi");
    run_for(fixture, 200);
    expect_status(fixture, "f1", "queued");
    close_outbox(fixture);
    records_close(records);
    snprintf(command, sizeof command, "rm -r '%s'", folder);
    assert_int_equal(system(command), 0);
    open_outbox(fixture);
    expect_status(fixture, "f1", "sent");
}

/* ---- killed ---- */

/* A node of its own process, until it is killed. */
static pid_t start_node(struct fixture *fixture)
{
    pid_t child = fork();
    if (child)
        return child;
    struct net_loop *loop;
    struct outbox *outbox;
    struct outbox_options options = options_of(fixture);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (net_loop_create(&loop, "node", NULL) || outbox_open(&outbox, loop, &options))
        _exit(1);
    net_loop_run(loop);
    _exit(1);
}

static void kill_node(pid_t child)
{
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
}

/* How many texts the carrier took twice. */
static unsigned count_doubles(struct fixture *fixture)
{
    unsigned doubles = 0;
    json_t *seen = json_object(), *message;
    const char *sid;
    json_object_foreach(fixture->world.messages, sid, message)
    {
        const char *body = json_string_value(json_object_get(message, "body"));
        doubles += json_object_get(seen, body) != NULL;
        json_object_set_new(seen, body, json_true());
    }
    json_decref(seen);
    return doubles;
}

static bool has_taken(void *owner)
{
    struct fixture *fixture = owner;
    return fixture->world.ledger.counts[TALLY_MESSAGES] >= fixture->expected || is_time(owner);
}

static void a_node_that_is_killed_sends_nothing_twice(void **state)
{
    struct fixture *fixture = *state;
    long interrupted = 0;
    srand(11);
    for (unsigned i = 0; i < KILLS; i++) {
        for (unsigned text = 0; text < TEXTS_A_KILL; text++) {
            char fact[32];
            snprintf(fact, sizeof fact, "round %u text %u", i, text);
            queue(fixture, fact, PERSON, fact);
        }
        fixture->expected = (long)fixture->world.ledger.counts[TALLY_MESSAGES] + 1 + rand() % 5;
        fixture->until_ms = clock_ms() + 3000;
        pid_t child = start_node(fixture);
        loop_run_until(&fixture->loop, has_taken, fixture); /* an answer is under way */
        kill_node(child);
        interrupted += postgres_number(
            fixture->url, "select count(*) from outbox where status = 'sending' and looks = 0");
    }
    open_outbox(fixture);
    wait_for(fixture, "select count(*) from outbox where status in ('queued', 'sending')", 0);
    long sent = postgres_number(
        fixture->url, "select count(*) from outbox where status = 'sent' and carrier_sid <> ''");
    long unknown =
        postgres_number(fixture->url, "select count(*) from outbox where status = 'unknown'");
    print_message("%d kills, %ld requests under way; %d texts: %ld sent, %ld unknown, %u doubled\n",
        KILLS, interrupted, KILLS * TEXTS_A_KILL, sent, unknown, count_doubles(fixture));
    assert_true(interrupted > 0);
    assert_int_equal(count_doubles(fixture), 0);
    assert_int_equal(sent + unknown, KILLS * TEXTS_A_KILL);
    expect_taken(fixture, sent);
}

/* ---- */

static int set_up(void **state)
{
    assert_int_equal(voice_start(), ERR_OK);
    *state = postgres_start("outreach_outbox");
    return 0;
}

static int tear_down(void **state)
{
    postgres_stop(*state);
    voice_stop();
    return 0;
}

#define STORY(name) cmocka_unit_test_setup_teardown(name, open_all, close_all)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORY(a_text_goes_out_once),
        STORY(one_that_is_asked_too_often_goes_later),
        STORY(a_carrier_that_nobody_reaches_is_asked_again),
        STORY(a_refused_one_fails_for_good),
        STORY(one_past_its_time_is_cancelled),
        STORY(one_that_went_without_an_answer_is_found),
        STORY(not_even_after_one_that_was_answered),
        STORY(the_same_words_twice_are_told_apart),
        STORY(one_that_is_nowhere_stays_unknown),
        STORY(its_callback_settles_it),
        STORY(one_whose_node_died_is_found),
        STORY(one_tenant_leaves_room_for_others),
        STORY(nobody_hears_from_us_after_opting_out),
        STORY(a_stop_that_is_on_its_way_holds),
        STORY(rows_that_wait_come_before_texts),
        STORY(a_node_that_is_killed_sends_nothing_twice),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
