/* What the journal promises while Postgres, the disk or a file is in trouble. */
#include "journal_world.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "observe/metrics.h"
#include "store/unsent.h"

#define CALL "0190a000-0000-7000-8000-00000000000"

static int open_world(void **state)
{
    static struct postgres *postgres;
    static struct world world;
    if (!postgres)
        postgres = *state;
    world_start(&world, postgres);
    *state = &world;
    return 0;
}

static int close_world(void **state)
{
    struct world *world = *state;
    world_end(world);
    *state = world->postgres;
    return 0;
}

/* ---- Postgres ---- */

static void a_stop_leaves_an_empty_folder(void **state)
{
    struct world *w = *state;
    world_open(w, w->url);
    for (unsigned i = 0; i < 500; i++)
        world_put_message(w, i);
    assert_int_equal(world_stop(w), 0);
    expect_rows(w, "select count(distinct text) from messages", 500);
    assert_int_equal(world_files(w, ""), 0);
}

static bool has_no_log(void *owner)
{
    const struct world *w = owner;
    char path[400];
    struct stat log;
    snprintf(path, sizeof path, "%s/%s.db-wal", w->folder, w->node);
    return stat(path, &log) == 0 && log.st_size == 0;
}

/* Of what was written and forgotten nothing can be read any more, while the process runs. */
static void what_is_written_leaves_no_words_behind(void **state)
{
    struct world *w = *state;
    char path[400], bytes[64 * 1024];
    world_open(w, w->url);
    world_put_message(w, 1255132705);
    world_wait(w, is_written);
    world_wait(w, has_no_log);
    snprintf(path, sizeof path, "%s/%s.db", w->folder, w->node);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    size_t len = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    assert_null(memmem(bytes, len, "1255132705", 10));
    assert_int_equal(world_stop(w), 0);
}

/* More rows than the window holds, over two processes that never saw the database. */
static void backlog_is_written_by_the_next_process(void **state)
{
    struct world *w = *state;
    for (unsigned process = 0; process < 2; process++) {
        world_open(w, AWAY);
        for (unsigned i = 0; i < 1500; i++) {
            world_put_message(w, process * 1500 + i);
            world_put_version(w, process * 1500 + i);
        }
        assert_int_equal(world_stop(w), 0);
    }
    assert_int_equal(world_files(w, ".db"), 2);
    world_open(w, w->url);
    world_put_version(w, 5000);
    world_wait(w, is_writing);
    assert_true(world_look(w).waiting > 0);
    world_wait(w, is_written);
    expect_rows(w, "select count(distinct text) from messages", 3000);
    expect_rows(w, "select count(*) from messages", 3000);
    expect_rows(w, "select barge_ins from calls", 5000);
    assert_int_equal(world_stop(w), 0);
    assert_int_equal(world_files(w, ""), 0);
}

/* Their rows lie in a file while they are erased: what is written then counts, and tells of nobody; their STOP holds. */
static void an_erased_person_does_not_come_back(void **state)
{
    struct world *w = *state;
    world_open(w, AWAY);
    world_put(w, RECORD_CALL,
        "{\"id\":\"0190a000-0000-7000-8000-0000000000aa\",\"tenant_id\":\"t\",\"direction\":"
        "\"inbound\",\"from_number\":\"+15550100001\",\"started_at\":\"2020-01-01T10:00:00Z\"}");
    world_put(w, RECORD_MESSAGE,
        "{\"id\":\"0190a000-0000-7000-8000-0000000000ab\",\"tenant_id\":\"t\",\"direction\":\"in\","
        "\"call_id\":\"0190a000-0000-7000-8000-0000000000aa\",\"text\":\"I am at 555 010 0001\"}");
    world_put(w, RECORD_OPT_OUT,
        "{\"tenant_id\":\"t\",\"phone\":\"+15550100001\",\"is_out\":true,\"channel\":\"phone\","
        "\"said\":\"no texts to 555 010 0001\",\"call_id\":"
        "\"0190a000-0000-7000-8000-0000000000aa\"}");
    assert_int_equal(world_stop(w), 0);
    postgres_run(w->url, "select erase_person('t', '+15550100001', 'me', false, true)");
    world_open(w, w->url);
    world_wait(w, is_written);
    assert_int_equal(world_stop(w), 0);
    assert_int_equal(world_files(w, ""), 0);
    expect_rows(w, "select count(*) from calls c join messages m on m.call_id = c.id", 1);
    expect_rows(w, "select count(*) from scan_for('t', '{+15550100001}', '{}')", 0);
    expect_rows(w, "select count(*) from contacts", 0);
    expect_rows(w, "select count(*) from opt_outs where is_opted_out('t', '+15550100001')", 1);
}

static bool has_two(void *owner)
{
    return postgres_watch(((struct world *)owner)->url, "select count(*) from messages") == 2;
}

static void two_processes_share_a_folder(void **state)
{
    struct world *w = *state;
    struct records *first;
    world_open(w, AWAY);
    world_put_message(w, 1);
    world_wait(w, is_journalled);
    first = w->records;
    world_open(w, w->url); /* the other lives: its file is its own */
    world_put_message(w, 2);
    world_wait(w, is_written);
    expect_rows(w, "select count(*) from messages", 1);
    records_close(first);
    assert_int_equal(world_files(w, ".db"), 2);
    world_wait(w, has_two); /* it looks again by itself */
    world_wait(w, is_written);
    assert_int_equal(world_stop(w), 0);
    assert_int_equal(world_files(w, ""), 0);
}

static bool needs_migration(void *owner)
{
    return world_look(owner).needs_migration;
}

static void rows_wait_for_a_migration(void **state)
{
    struct world *w = *state;
    postgres_run(w->url, "alter table calls drop column barge_ins cascade");
    world_open(w, w->url);
    world_put_version(w, 7);
    world_put_message(w, 1);
    world_wait(w, needs_migration);
    assert_int_equal(world_stop(w), 0); /* and a restart changes nothing */
    world_open(w, w->url);
    world_wait(w, needs_migration);
    postgres_run(w->url, "alter table calls add column barge_ins integer");
    world_wait(w, is_written);
    assert_false(world_look(w).needs_migration);
    expect_rows(w, "select barge_ins from calls", 7);
    expect_rows(w, "select count(*) from messages", 1);
}

static bool is_refused(void *owner)
{
    return world_look(owner).refused == 2 && is_written(owner);
}

static bool is_taken(void *owner)
{
    return world_look(owner).refused == 0 && is_written(owner);
}

static void poison_is_set_aside_and_tried_again(void **state)
{
    struct world *w = *state;
    char why[JOURNAL_WHY_SIZE];
    struct journal_file *file;
    size_t count;
    postgres_run(w->url, "alter table calls add constraint odd check (barge_ins % 2 = 1)");
    world_open(w, w->url);
    for (unsigned i = 0; i < 4; i++) {
        char json[200];
        snprintf(json, sizeof json, "{\"id\":\"" CALL "%u\",\"tenant_id\":\"t\",\"barge_ins\":%u}",
            i, i);
        world_put(w, RECORD_CALL, json);
    }
    world_wait(w, is_refused);
    expect_rows(w, "select count(*) from calls", 2);
    world_stop(w);
    world_open(w, w->url); /* adopted: the file goes, what was refused stays */
    world_wait(w, is_refused);
    assert_int_equal(world_files(w, ".db"), 1);
    postgres_run(w->url, "alter table calls drop constraint odd");
    assert_int_equal(journal_file_look(&file, w->folder, w->node, why), ERR_OK);
    assert_int_equal(journal_file_retry(file, &count), ERR_OK);
    journal_file_close(file);
    assert_int_equal(count, 2);
    world_wait(w, is_taken);
    expect_rows(w, "select count(*) from calls", 4);
    assert_int_equal(world_stop(w), 0);
    assert_int_equal(world_files(w, ""), 0);
}

/* ---- the disk ---- */

static void a_full_journal_goes_on_through_memory(void **state)
{
    struct world *w = *state;
    unsigned count = 0;
    w->max_mb = 1;
    world_open(w, AWAY);
    world_wait(w, is_writing);
    while (world_look(w).is_journal_writing && count < 15000) {
        for (unsigned i = 0; i < 500; i++)
            world_put_message(w, count++);
        world_wait(w, is_settled);
    }
    assert_true(count < 15000);
    assert_int_equal(metric_get(METRIC_JOURNAL_WRITING), 0);
    for (unsigned i = 0; i < 100; i++)
        world_put_message(w, count++);
    struct records_state state_full = world_look(w);
    assert_true(state_full.journalled > 0 && state_full.journalled < state_full.waiting);
    assert_true(state_full.has_room);
    world_close(w); /* killed: what was in memory is lost, what was journalled is not */
    w->max_mb = 64;
    world_open(w, w->url);
    world_wait(w, is_writing);
    world_wait(w, is_written);
    assert_true(
        postgres_number(w->url, "select count(*) from messages") >= (long)state_full.journalled);
    expect_rows(w, "select count(*) - count(distinct text) from messages", 0);
}

/* What is set aside takes the room of what it was. */
static void a_full_journal_has_room_for_what_is_refused(void **state)
{
    struct world *w = *state;
    char json[1200];
    unsigned count = 0;
    snprintf(json, sizeof json, "{\"id\":\"no uuid\",\"tenant_id\":\"t\",\"text\":\"%01000d\"}", 0);
    w->max_mb = 1;
    world_open(w, AWAY);
    world_wait(w, is_writing);
    for (unsigned i = 0; i < 300; i++)
        world_put(w, RECORD_MESSAGE, json);
    while (world_look(w).is_journal_writing && count < 15000) {
        for (unsigned i = 0; i < 100; i++)
            world_put_message(w, count++);
        world_wait(w, is_settled);
    }
    world_close(w);
    world_open(w, w->url);
    world_wait(w, is_writing);
    world_wait(w, is_written);
    world_stop(w);
    assert_int_equal(world_files(w, ".db"), 1); /* ours, with what was refused */
    assert_true(postgres_number(w->url, "select count(*) from messages") > 0);
}

/* The limit on what a file may grow to is a disk that is full: writes fail. */
static void limit_files(rlim_t bytes)
{
    struct rlimit limit;
    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &limit);
    limit.rlim_cur = bytes;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void a_disk_that_fails_and_recovers_loses_nothing(void **state)
{
    struct world *w = *state;
    world_open(w, AWAY);
    for (unsigned i = 0; i < 100; i++) {
        world_put_message(w, i);
        world_put_version(w, i);
    }
    world_wait(w, is_journalled);
    limit_files(4096);
    for (unsigned i = 100; i < 2000; i++) {
        world_put_message(w, i);
        world_put_version(w, i);
    }
    world_wait(w, is_stopped);
    limit_files(RLIM_INFINITY);
    world_wait(w, is_journalled);
    assert_int_equal(world_look(w).journalled, 4000);
    assert_int_equal(world_stop(w), 0);
    world_open(w, w->url);
    world_wait(w, is_writing);
    world_wait(w, is_written);
    expect_rows(w, "select count(distinct text) from messages", 2000);
    expect_rows(w, "select barge_ins from calls", 1999);
}

static void a_disk_that_fails_does_not_hold_up_postgres(void **state)
{
    struct world *w = *state;
    world_open(w, w->url);
    world_wait(w, is_writing);
    limit_files(4096);
    for (unsigned i = 0; i < 3000; i++) {
        world_put_message(w, i);
        world_put_version(w, i);
    }
    world_wait(w, is_written);
    limit_files(RLIM_INFINITY);
    expect_rows(w, "select count(distinct text) from messages", 3000);
    expect_rows(w, "select barge_ins from calls", 2999);
}

/* Somebody holds the file: a write takes a second, and fails. Whoever puts does not notice. */
static void a_slow_disk_keeps_nobody_waiting(void **state)
{
    struct world *w = *state;
    char path[400];
    sqlite3 *db;
    world_open(w, w->url);
    world_wait(w, is_writing);
    snprintf(path, sizeof path, "%s/%s.db", w->folder, w->node);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "begin immediate", NULL, NULL, NULL), SQLITE_OK);
    for (unsigned i = 0; i < 300; i++)
        world_put_message(w, i);
    world_wait(w, is_stopped);
    world_wait(w, is_written);
    sqlite3_close(db);
    world_wait(w, is_writing);
    expect_rows(w, "select count(distinct text) from messages", 300);
}

static void a_folder_that_cannot_be_is_no_reason_to_stop(void **state)
{
    struct world *w = *state;
    char folder[300];
    memcpy(folder, w->folder, sizeof folder);
    world_write_file(w, "file", "");
    snprintf(w->folder + strlen(w->folder), 20, "/file/journal");
    world_open(w, w->url);
    world_put_message(w, 1);
    world_wait(w, is_written);
    assert_true(is_stopped(w));
    assert_int_equal(world_stop(w), 0);
    memcpy(w->folder, folder, sizeof folder);
    expect_rows(w, "select count(*) from messages", 1);
}

/* ---- files ---- */

static void a_damaged_file_is_put_aside(void **state)
{
    struct world *w = *state;
    world_write_file(w, "0190a000-0000-7000-8000-000000000001.db",
        "this is no database, however long one looks at it, and it was never going to be one");
    world_open(w, w->url);
    world_put_message(w, 1);
    world_wait(w, is_written);
    assert_int_equal(world_count(w, ".damaged-", false), 1);
    assert_int_equal(world_stop(w), 0);
    assert_int_equal(world_files(w, ""), 1);
}

/* Our own, while it is written: what is in memory goes into a new one. */
static void our_own_file_may_be_damaged_too(void **state)
{
    struct world *w = *state;
    char path[400];
    world_open(w, AWAY);
    for (unsigned i = 0; i < 50; i++)
        world_put_message(w, i);
    world_wait(w, is_journalled);
    world_sql(w, w->node, "pragma wal_checkpoint(truncate)");
    snprintf(path, sizeof path, "%s/%s.db", w->folder, w->node);
    FILE *file = fopen(path, "r+");
    char noise[4096];
    memset(noise, 0x5a, sizeof noise);
    assert_non_null(file);
    for (unsigned page = 0; page < 12; page++)
        fwrite(noise, 1, sizeof noise, file);
    fclose(file);
    world_sql(w, w->node, "select 1"); /* nothing: only that it can be opened */
    for (unsigned i = 50; i < 2000; i++)
        world_put_message(w, i);
    world_wait(w, is_journalled);
    world_close(w);
    world_open(w, w->url);
    world_wait(w, is_writing);
    world_wait(w, is_written);
    assert_true(postgres_number(w->url, "select count(*) from messages") >= 1950);
}

static void another_version_s_file_is_left_alone(void **state)
{
    struct world *w = *state;
    static const char node[] = "0190a000-0000-7000-8000-000000000001";
    world_sql(w, node, "create table other (a); pragma user_version = 99");
    world_open(w, w->url);
    world_put_message(w, 1);
    world_wait(w, is_written);
    assert_int_equal(world_stop(w), 0);
    world_sql(w, node, "select a from other");
    assert_int_equal(world_files(w, ".db"), 1);
}

/* Killed while it was made: no table yet. */
static void an_unfinished_file_is_finished(void **state)
{
    struct world *w = *state;
    world_write_file(w, "0190a000-0000-7000-8000-000000000001.db", "");
    world_open(w, w->url);
    world_put_message(w, 1);
    world_wait(w, is_written);
    assert_int_equal(world_stop(w), 0);
    assert_int_equal(world_files(w, ""), 0);
}

static bool is_one_refused(void *owner)
{
    return world_look(owner).refused == 1;
}

/* Of a later version of the program: set aside under its name, not lost. */
static void an_unknown_kind_is_set_aside(void **state)
{
    struct world *w = *state;
    char node[ID_SIZE];
    world_open(w, AWAY);
    world_put_message(w, 1);
    world_put_message(w, 2);
    world_stop(w);
    memcpy(node, w->node, sizeof node);
    world_sql(w, node, "update rows set kind = 'holograms' where seq = 1");
    world_open(w, w->url);
    world_put_message(w, 3);
    world_wait(w, has_two);
    world_wait(w, is_one_refused);
}

/* ---- rows of a call ---- */

struct asking {
    struct mailbox answers;
    struct unsent_question *answer;
};

static bool is_answered(void *owner)
{
    struct asking *asking = owner;
    if (!asking->answer)
        asking->answer = (struct unsent_question *)mailbox_take_all(&asking->answers);
    return asking->answer != NULL;
}

static void expect_unsent(struct world *w, const char *call_sid, size_t count)
{
    struct asking asking = {0};
    struct unsent_question *question = unsent_make();
    mailbox_init(&asking.answers, 1, NULL, NULL);
    question->reply = &asking.answers;
    question->deadline_ms = clock_ms() + 20000;
    snprintf(question->call_sid, sizeof question->call_sid, "%s", call_sid);
    assert_int_equal(records_of_call(w->records, question), ERR_OK);
    loop_run_until(&w->loop, is_answered, &asking);
    assert_int_equal(asking.answer->err, ERR_OK);
    assert_int_equal(asking.answer->count, count);
    if (count)
        assert_int_equal(asking.answer->rows[0].kind, RECORD_CALL);
    unsent_free(asking.answer);
    mailbox_destroy(&asking.answers);
}

static void put_call(struct world *w, const char *id, const char *call_sid)
{
    char json[300];
    snprintf(
        json, sizeof json, "{\"id\":\"%s\",\"tenant_id\":\"t\",\"call_sid\":\"%s\"}", id, call_sid);
    world_put(w, RECORD_CALL, json);
    snprintf(json, sizeof json,
        "{\"id\":\"%.35sf\",\"call_id\":\"%s\",\"tenant_id\":\"t\",\"text\":\"said\"}", id, id);
    world_put(w, RECORD_MESSAGE, json);
}

static void what_a_call_left_unsent_is_found(void **state)
{
    struct world *w = *state;
    world_open(w, AWAY);
    put_call(w, CALL "1", "CA1");
    put_call(w, CALL "2", "CA2");
    world_stop(w);
    world_open(w, AWAY); /* adopted, not written */
    put_call(w, CALL "3", "CA1");
    expect_unsent(w, "CA1", 4);
    expect_unsent(w, "CA2", 2);
    expect_unsent(w, "CA404", 0);
    struct records *first = w->records;
    world_open(w, AWAY); /* a neighbour, whose file it looks into */
    put_call(w, CALL "4", "CA2");
    expect_unsent(w, "CA1", 4);
    expect_unsent(w, "CA2", 4);
    world_put(w, RECORD_STREAM_END, "{\"call_sid\":\"CA2\",\"attempt\":1}"); /* has no call id */
    expect_unsent(w, "CA2", 5);
    records_close(first);
}

static int set_up(void **state)
{
    *state = postgres_start("store_journal");
    return 0;
}

static int tear_down(void **state)
{
    postgres_stop(*state);
    return 0;
}

#define STORY(name) cmocka_unit_test_setup_teardown(name, open_world, close_world)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORY(a_stop_leaves_an_empty_folder),
        STORY(what_is_written_leaves_no_words_behind),
        STORY(backlog_is_written_by_the_next_process),
        STORY(an_erased_person_does_not_come_back),
        STORY(two_processes_share_a_folder),
        STORY(rows_wait_for_a_migration),
        STORY(poison_is_set_aside_and_tried_again),
        STORY(a_full_journal_goes_on_through_memory),
        STORY(a_full_journal_has_room_for_what_is_refused),
        STORY(a_disk_that_fails_and_recovers_loses_nothing),
        STORY(a_disk_that_fails_does_not_hold_up_postgres),
        STORY(a_slow_disk_keeps_nobody_waiting),
        STORY(a_folder_that_cannot_be_is_no_reason_to_stop),
        STORY(a_damaged_file_is_put_aside),
        STORY(our_own_file_may_be_damaged_too),
        STORY(another_version_s_file_is_left_alone),
        STORY(an_unfinished_file_is_finished),
        STORY(an_unknown_kind_is_set_aside),
        STORY(what_a_call_left_unsent_is_found),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
