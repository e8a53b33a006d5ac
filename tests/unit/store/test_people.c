/* One person is one contact with one thread, whichever way and in whatever order they are heard of; taken out again; and kept
   no longer than a tenant wants. */
#include "support/postgres.h"

#include <pthread.h>

#include "store/migrate.h"
#include "store/record_sql.h"

#define ANN "+15550100001"
#define OURS "+15550100002"
#define BOB "+15550100003"
#define CALL "00000000-0000-4000-8000-0000000000c1"

struct fixture {
    struct postgres *postgres;
    char url[POSTGRES_URL_SIZE];
};

static int set_up(void **state)
{
    static struct fixture fixture;
    char why[512];
    unsigned applied = 0;
    fixture.postgres = postgres_start("store_people");
    postgres_new_database(fixture.postgres, fixture.url);
    if (store_migrate(fixture.url, &applied, why))
        fail_msg("migrate: %s", why);
    *state = &fixture;
    return 0;
}

static int tear_down(void **state)
{
    postgres_stop(((struct fixture *)*state)->postgres);
    return 0;
}

static int empty(void **state)
{
    postgres_run(((struct fixture *)*state)->url,
        "truncate contacts, contact_numbers, conversations, calls, turns, messages, tool_calls, "
        "appointments, notes, leads,"
        " tasks, recordings, voicemails, outbox, opt_outs, consents, kv, audit, erased_people, "
        "erased_calls,"
        " tenant_settings, usage");
    return 0;
}

/* As the journal writes it; `json` may have apostrophes for quotes. */
static void record(PGconn *pg, enum record_kind kind, const char *json)
{
    char text[2000];
    size_t len = strlen(json);
    assert_true(len < sizeof text);
    for (size_t i = 0; i <= len; i++)
        text[i] = json[i] == '\'' ? '"' : json[i];
    char *sql = record_sql(kind);
    const char *params[] = {text};
    PGresult *result = PQexecParams(pg, sql, 1, NULL, params, NULL, NULL, 0);
    if (PQresultStatus(result) != PGRES_COMMAND_OK && PQresultStatus(result) != PGRES_TUPLES_OK)
        fail_msg("%s: %s", text, PQerrorMessage(pg));
    PQclear(result);
    free(sql);
}

/* As a script of the tenant. */
static void as_tenant(PGconn *pg, const char *tenant, const char *sql)
{
    char enter[200];
    snprintf(enter, sizeof enter,
        "begin; select set_config('moonline.tenant', '%s', true), set_config('role', "
        "'moonline_tenant', true)",
        tenant);
    PQclear(postgres_result(pg, tenant, enter));
    PQclear(postgres_result(pg, tenant, sql));
    PQclear(postgres_result(pg, tenant, "commit"));
}

static void expect_text(struct fixture *f, const char *sql, const char *expected)
{
    char text[800];
    postgres_text(f->url, sql, text, sizeof text);
    if (strcmp(text, expected) != 0)
        fail_msg("%s: %s", sql, text);
}

/* ---- one person ---- */

#define STEPS 10

/* What becomes known of Ann, tenant `t`, with ids of its own. */
static void step(PGconn *pg, unsigned number, const char *t, unsigned round)
{
    char call[40], json[600], sql[300];
    snprintf(call, sizeof call, "00000000-0000-4000-8000-%08x00c1", round);
#define RECORD(kind, ...)                                                                          \
    do {                                                                                           \
        snprintf(json, sizeof json, __VA_ARGS__);                                                  \
        record(pg, kind, json);                                                                    \
    } while (0)
    switch (number) {
    case 0:
        RECORD(RECORD_CALL,
            "{'id':'%s','tenant_id':'%s','direction':'inbound','from_number':'" ANN
            "','to_number':'" OURS "','started_at':'2030-01-01T10:00:00Z'}",
            call, t);
        break;
    case 1:
        RECORD(RECORD_CALL,
            "{'id':'%s','tenant_id':'%s','direction':'inbound','from_number':'" ANN
            "','to_number':'" OURS "','ended_at':'2030-01-01T10:05:00Z'}",
            call, t);
        break;
    case 2:
        RECORD(RECORD_CALL, "{'id':'%s','tenant_id':'%s','state':{'x':1}}", call, t);
        break;
    case 3:
        RECORD(RECORD_MESSAGE,
            "{'id':'00000000-0000-4000-8000-%08x0001','tenant_id':'%s','call_id':'%s','direction':'"
            "in',"
            "'text':'hello','created_at':'2030-01-01T10:00:10Z'}",
            round, t, call);
        break;
    case 4:
        RECORD(RECORD_MESSAGE,
            "{'id':'00000000-0000-4000-8000-%08x0002','tenant_id':'%s','direction':'in','channel':'"
            "sms',"
            "'text':'hi','from_number':'" ANN "','to_number':'" OURS
            "','created_at':'2030-01-01T11:00:00Z'}",
            round, t);
        break;
    case 5:
        RECORD(RECORD_RECORDING,
            "{'id':'00000000-0000-4000-8000-%08x0003','tenant_id':'%s','call_id':'%s',"
            "'kind':'voicemail'}",
            round, t, call);
        break;
    case 6:
        RECORD(RECORD_VOICEMAIL,
            "{'id':'00000000-0000-4000-8000-%08x0004','tenant_id':'%s','call_id':'%s','from_number'"
            ":'" ANN "'}",
            round, t, call);
        break;
    case 7:
        snprintf(sql, sizeof sql,
            "insert into appointments (call_id, name, starts_at, ends_at) values ('%s', 'Ann', "
            "'2031-01-01 10:00Z', '2031-01-01 11:00Z')",
            call);
        as_tenant(pg, t, sql);
        break;
    case 8:
        as_tenant(pg, t, "select save_contact('Ann', '" ANN "', 'ann@example.com', null)");
        break;
    case 9:
        as_tenant(pg, t,
            "with c as (select id from save_contact('Ann', null, 'ann@example.com', null))"
            " insert into notes (contact_id, text) select id, 'likes mornings' from c");
        break;
    default:
        fail();
    }
#undef RECORD
}

static void a_person_is_one_in_any_order(void **state)
{
    struct fixture *f = *state;
    PGconn *pg = PQconnectdb(f->url);
    unsigned random = 7;
    enum { ROUNDS = 60 };
    for (unsigned round = 0; round < ROUNDS; round++) {
        unsigned order[STEPS];
        char tenant[16];
        snprintf(tenant, sizeof tenant, "t%u", round);
        for (unsigned i = 0; i < STEPS; i++) {
            random = random * 1103515245 + 12345;
            unsigned at = (random >> 16) % (i + 1);
            order[i] = order[at];
            order[at] = i;
        }
        for (unsigned i = 0; i < STEPS; i++)
            step(pg, order[i], tenant, round);
    }
    PQfinish(pg);
    static const char *const questions[] = {
        "select count(*) from contacts where name = 'Ann' and phone = '" ANN
        "' and email = 'ann@example.com'",
        "select count(*) from contacts",
        "select count(*) from conversations c join contacts p on p.id = c.contact_id where unread "
        "= 1 and last_message_at = "
        "'2030-01-01 11:00Z'",
        "select count(*) from conversations",
        "select count(*) from calls l join conversations c on c.id = l.conversation_id and "
        "c.contact_id = l.contact_id",
        "select count(*) / 2 from messages m join conversations c on c.id = m.conversation_id and "
        "c.contact_id = m.contact_id",
        "select count(*) from recordings r join conversations c on c.id = r.conversation_id",
        "select count(*) from voicemails v join conversations c on c.id = v.conversation_id",
        "select count(*) from appointments a join contacts p on p.id = a.contact_id",
        "select count(*) from notes n join contacts p on p.id = n.contact_id",
    };
    for (size_t i = 0; i < sizeof questions / sizeof *questions; i++)
        if (postgres_number(f->url, questions[i]) != ROUNDS)
            fail_msg("%ld of %d: %s", postgres_number(f->url, questions[i]), ROUNDS, questions[i]);
}

static void nobody_called(void **state)
{
    struct fixture *f = *state;
    PGconn *pg = PQconnectdb(f->url);
    static const char *const callers[] = {
        "anonymous", "", "+266696687", "sip:ann@example.com", "client:ann"};
    for (size_t i = 0; i < sizeof callers / sizeof *callers; i++) {
        char json[300];
        snprintf(json, sizeof json,
            "{'id':'00000000-0000-4000-8000-00000000000%zu','tenant_id':'a','from_number':'%s'}", i,
            callers[i]);
        record(pg, RECORD_CALL, json);
    }
    PQfinish(pg);
    assert_int_equal(postgres_number(f->url, "select count(*) from calls"), 5);
    assert_int_equal(postgres_number(f->url, "select count(*) from contacts"), 0);
}

/* Booked for a number that is not the one of the call: for whoever has that one. Staff may say that both are one. */
static void another_number_is_another_person_until_merged(void **state)
{
    struct fixture *f = *state;
    PGconn *pg = PQconnectdb(f->url);
    record(pg, RECORD_CALL,
        "{'id':'" CALL "','tenant_id':'a','direction':'inbound','from_number':'" ANN "'}");
    as_tenant(pg, "a",
        "insert into appointments (call_id, name, phone, starts_at, ends_at) values ('" CALL
        "', 'Bob', '" BOB "', '2031-01-01 10:00Z', '2031-01-01 11:00Z')");
    as_tenant(pg, "a",
        "insert into tasks (call_id, title, phone) values ('" CALL "', 'call back', '" BOB "')");
    as_tenant(pg, "a", "insert into leads (call_id, interest) values ('" CALL "', 'a cut')");
    record(pg, RECORD_MESSAGE,
        "{'id':'00000000-0000-4000-8000-000000000001','tenant_id':'a','direction':'in','channel':'"
        "sms',"
        "'text':'x','from_number':'" BOB "','created_at':'2030-01-01T11:00:00Z'}");
    assert_int_equal(postgres_number(f->url, "select count(*) from contacts"), 2);
    assert_int_equal(
        postgres_number(f->url,
            "select count(*) from appointments a join tasks t using (contact_id) join contacts c"
            " on c.id = a.contact_id where c.phone = '" BOB "' and c.name = 'Bob'"),
        1);
    assert_int_equal(postgres_number(f->url, "select count(*) from leads l join contacts c on c.id "
                                             "= l.contact_id where c.phone = '" ANN "'"),
        1);
    PQclear(postgres_result(pg, f->url,
        "select merge_contacts('a', k.id, g.id) from contacts k, contacts g where k.phone = '" ANN
        "' and g.phone = '" BOB "'"));
    /* Either number is that person's from now on, for calls, texts and tools. */
    record(pg, RECORD_CALL,
        "{'id':'00000000-0000-4000-8000-000000000002','tenant_id':'a','direction':'outbound','to_"
        "number':'" BOB "'}");
    as_tenant(pg, "a", "select save_contact('Ann B', '" BOB "', null, null)");
    PQfinish(pg);
    assert_int_equal(postgres_number(f->url, "select count(*) from contacts where phone = '" ANN
                                             "' and name = 'Ann B'"),
        1);
    assert_int_equal(postgres_number(f->url, "select count(*) from contacts"), 1);
    assert_int_equal(
        postgres_number(f->url, "select count(*) from conversations where unread = 1"), 1);
    assert_int_equal(
        postgres_number(f->url, "select count(distinct conversation_id) + count(*) from calls"), 3);
    assert_int_equal(
        postgres_number(f->url,
            "select count(*) from tasks join leads using (contact_id, conversation_id)"
            " join appointments using (contact_id) join messages using (conversation_id)"),
        1);
}

/* A caller says a number that nobody has: it is a further one of theirs, until they go by a name and somebody else is named. */
static void what_a_caller_says_is_the_callers(void **state)
{
    struct fixture *f = *state;
    PGconn *pg = PQconnectdb(f->url);
    as_tenant(pg, "a", "select save_contact('Ann', '" BOB "', 'ann@example.com', null, '" ANN "')");
    as_tenant(pg, "a",
        "select save_lead('ann ', '" BOB "', 'a cut', null, null, null, '" CALL "', '" ANN "')");
    as_tenant(pg, "a",
        "select save_task('message', 't', 'd', null, null, false, null, '" CALL
        "', null, null, null, '" ANN "')");
    record(pg, RECORD_CALL,
        "{'id':'" CALL "','tenant_id':'a','direction':'inbound','from_number':'" ANN "'}");
    record(pg, RECORD_MESSAGE,
        "{'id':'00000000-0000-4000-8000-000000000001','tenant_id':'a','direction':'in','channel':'"
        "sms','text':'x','from_number':'" BOB "','created_at':'2030-01-01T11:00:00Z'}");
    assert_int_equal(postgres_number(f->url, "select count(*) from contacts"), 1);
    assert_int_equal(
        postgres_number(f->url,
            "select count(*) from contacts c join conversations t on t.contact_id = c.id"
            " join leads l on l.conversation_id = t.id join tasks k on k.conversation_id = t.id"
            " join messages m on m.conversation_id = t.id join calls p on p.conversation_id = t.id"
            " where c.phone = '" ANN
            "' and lower(c.name) = 'ann ' and c.email = 'ann@example.com'"),
        1);
    /* Somebody else, by name; and one whose number it is. */
    as_tenant(pg, "a", "select save_contact('Eve', '+15550100009', null, null, '" ANN "')");
    as_tenant(pg, "a", "select save_contact('Eve', '+15550100009', null, null, '" OURS "')");
    assert_int_equal(postgres_number(f->url, "select count(*) from contacts"), 2);
    /* Nobody's number: as it was said. A mailbox that somebody with a number has: theirs. */
    as_tenant(pg, "a", "select save_contact('Ed', '+15550100010', null, null, 'anonymous')");
    as_tenant(pg, "a", "select save_contact('Ann', null, 'ann@example.com', null, '" OURS "')");
    PQfinish(pg);
    expect_text(f, "select string_agg(name || phone, ' ' order by phone) from contacts",
        "Ann" ANN " Eve+15550100009 Ed+15550100010");
    expect_text(f, "select string_agg(phone, ' ') from contact_numbers", BOB);
}

/* ---- at the same moment ---- */

#define CROWD 8
#define CROWD_ROUNDS 12

struct runner {
    struct fixture *fixture;
    unsigned index;
    pthread_barrier_t *start;
};

static void *call_and_save(void *argument)
{
    struct runner *runner = argument;
    PGconn *pg = PQconnectdb(runner->fixture->url);
    for (unsigned round = 0; round < CROWD_ROUNDS; round++) {
        char json[300], sql[200];
        snprintf(json, sizeof json,
            "{'id':'00000000-0000-4000-8000-%08x%04x','tenant_id':'a','direction':'inbound',"
            "'from_number':'+1555020%04u'}",
            round, runner->index, round);
        snprintf(sql, sizeof sql,
            "select save_contact('Ann', '+1555020%04u', 'ann%u@example.com', null)", round, round);
        pthread_barrier_wait(runner->start);
        if (runner->index % 2)
            as_tenant(pg, "a", sql);
        record(pg, RECORD_CALL, json);
    }
    PQfinish(pg);
    return NULL;
}

static void run_crowd(struct fixture *f, void *(*fn)(void *argument), unsigned count)
{
    pthread_t threads[CROWD];
    struct runner runners[CROWD];
    pthread_barrier_t start;
    pthread_barrier_init(&start, NULL, count);
    for (unsigned i = 0; i < count; i++) {
        runners[i] = (struct runner){f, i, &start};
        assert_int_equal(pthread_create(&threads[i], NULL, fn, &runners[i]), 0);
    }
    for (unsigned i = 0; i < count; i++)
        pthread_join(threads[i], NULL);
    pthread_barrier_destroy(&start);
}

static void callers_at_once_are_one(void **state)
{
    struct fixture *f = *state;
    run_crowd(f, call_and_save, CROWD);
    assert_int_equal(postgres_number(f->url, "select count(*) from contacts"), CROWD_ROUNDS);
    assert_int_equal(postgres_number(f->url, "select count(*) from conversations"), CROWD_ROUNDS);
    assert_int_equal(
        postgres_number(f->url,
            "select count(*) from calls l join conversations c on c.id = l.conversation_id"),
        CROWD * CROWD_ROUNDS);
}

/* The last one merges, the others bring rows of the one who goes. */
static void *bring_or_merge(void *argument)
{
    struct runner *runner = argument;
    PGconn *pg = PQconnectdb(runner->fixture->url);
    for (unsigned round = 0; round < CROWD_ROUNDS; round++) {
        char json[300], sql[300];
        snprintf(sql, sizeof sql,
            "select merge_contacts('a', contact_of('a', '+1555030%04u', 'x'), contact_of('a', "
            "'+1555040%04u', 'x'))",
            round, round);
        pthread_barrier_wait(runner->start);
        if (runner->index == 0)
            PQclear(postgres_result(pg, "merge", sql));
        for (unsigned i = 0; i < 10 && runner->index; i++) {
            snprintf(json, sizeof json,
                "{'id':'00000000-0000-4000-8000-%04x%04x%04x','tenant_id':'a','direction':'in',"
                "'channel':'sms','from_number':'+1555040%04u','created_at':'2030-01-01T11:00:00Z'}",
                round, runner->index, i, round);
            record(pg, RECORD_MESSAGE, json);
        }
    }
    PQfinish(pg);
    return NULL;
}

static void nothing_falls_between_two_who_become_one(void **state)
{
    struct fixture *f = *state;
    run_crowd(f, bring_or_merge, 4);
    assert_int_equal(
        postgres_number(f->url,
            "select count(*) from messages m join conversations c on c.id = m.conversation_id"
            " and c.contact_id = m.contact_id join contacts p on p.id = c.contact_id where p.phone "
            "like '+1555030%'"),
        3 * 10 * CROWD_ROUNDS);
    assert_int_equal(
        postgres_number(f->url, "select sum(unread) from conversations"), 3 * 10 * CROWD_ROUNDS);
}

/* Everything that takes locks, of two people who become one again and again: no two wait for each other. */
static void *do_everything(void *argument)
{
    struct runner *runner = argument;
    PGconn *pg = PQconnectdb(runner->fixture->url);
    for (unsigned round = 0; round < CROWD_ROUNDS; round++) {
        char json[400], sql[600];
        pthread_barrier_wait(runner->start);
        for (unsigned i = 0; i < 8; i++) {
            unsigned what = (runner->index + i) % CROWD;
            switch (what) {
            case 0: /* a text that opts out, or in again */
            case 1:
                snprintf(json, sizeof json,
                    "{'id':'00000000-0000-4000-8001-%04x%04x%04x','tenant_id':'a','direction':'in',"
                    "'channel':'sms','status':'%s','text':'x','from_number':'%s',"
                    "'created_at':'2030-01-01T11:00:00Z'}",
                    round, runner->index, i, i % 2 ? "stop" : "start", i % 3 ? ANN : BOB);
                record(pg, RECORD_MESSAGE, json);
                break;
            case 2:
                snprintf(sql, sizeof sql,
                    "select queue_text('a', 'f%u.%u.%u', '" OURS "', '%s', 'x', '" CALL
                    "', 'agent', null, null)",
                    round, runner->index, i, i % 2 ? ANN : BOB);
                PQclear(postgres_result(pg, "queue", sql));
                break;
            case 3:
                PQclear(PQexec(pg, "insert into contacts (tenant_id, phone) values ('a', '" BOB
                                   "') on conflict do nothing"));
                PQclear(PQexec(pg, "select merge_contacts('a', k.id, g.id) from contacts k, "
                                   "contacts g where k.phone = '" ANN "' and g.phone = '" BOB
                                   "'")); /* there may be no two */
                PQclear(PQexec(pg, "delete from contact_numbers"));
                break;
            case 4: /* one moves, and is texted */
                as_tenant(pg, "a",
                    "with held as materialized (select take_contacts()), fact as (update "
                    "appointments set starts_at = starts_at from held where phone = '" ANN
                    "' returning appointments.*) select confirm_by_text('m' || clock_timestamp(), "
                    "'" OURS "', phone, 'x', null, null, 1000) from fact");
                break;
            case 5:
                snprintf(sql, sizeof sql,
                    "select save_task('message', 't%u', 'd', 'Ann', '%s', false, null, '" CALL
                    "', '" OURS "', '" OURS "', 'x', '" ANN "')",
                    round * 100 + i, i % 2 ? ANN : BOB);
                as_tenant(pg, "a", sql);
                break;
            case 6: /* with leads that wait for their call */
                record(pg, RECORD_CALL,
                    "{'id':'" CALL "','tenant_id':'a','direction':'inbound','from_number':'" ANN
                    "','ended_at':'2030-01-01T11:00:00Z'}");
                break;
            case 7: /* an answer's end */
                PQclear(
                    PQexec(pg, "update conversations set answering = '" CALL "' where contact_id = "
                               "(select id from contacts where phone = '" ANN "')"));
                snprintf(sql, sizeof sql,
                    "select end_texts(jsonb_build_object('tenant', 'a', 'from', '" ANN
                    "', 'to', '" OURS "', 'conversation', id, 'turn', '" CALL "', 'call', '" CALL
                    "', 'ids', '[]'::jsonb, 'sid', '%u.%u.%u', 'answer', 'yes')) from conversations"
                    " where contact_id = (select id from contacts where phone = '" ANN "')",
                    round, runner->index, i);
                PQclear(PQexec(pg, sql)); /* its turn may be there already */
                break;
            default:
                fail();
            }
        }
    }
    PQfinish(pg);
    return NULL;
}

static void nobody_waits_for_who_waits_for_them(void **state)
{
    struct fixture *f = *state;
    PGconn *pg = PQconnectdb(f->url);
    record(pg, RECORD_CALL,
        "{'id':'" CALL "','tenant_id':'a','direction':'inbound','from_number':'" ANN "'}");
    as_tenant(pg, "a",
        "insert into appointments (call_id, name, phone, starts_at, ends_at) values ('" CALL
        "', 'Ann', '" ANN "', '2031-01-01 10:00Z', '2031-01-01 11:00Z')");
    PQfinish(pg);
    run_crowd(f, do_everything, CROWD);
    postgres_run(f->url, "select pg_stat_clear_snapshot()");
    assert_int_equal(
        postgres_number(
            f->url, "select deadlocks from pg_stat_database where datname = current_database()"),
        0);
    assert_int_equal(
        postgres_number(f->url, "select count(*) from messages m where not exists (select from "
                                "conversations c where c.id = m.conversation_id)"),
        0);
}

/* ---- taken out ---- */

#define TRACE                                                                                      \
    "{'id':'00000000-0000-4000-8000-000000000014','tenant_id':'a','call_id':"                      \
    "'00000000-0000-4000-8000-0000000100c1','part':0,'spans':[{'name':'Ann'}]}"

/* Ann called, texted, left a message and booked; Bob spoke of her; Eve is nobody's business. */
static void fill(PGconn *pg)
{
    for (unsigned i = 0; i < STEPS; i++)
        step(pg, i, "a", 1);
    record(pg, RECORD_TURN,
        "{'id':'00000000-0000-4000-8000-000000000011','tenant_id':'a','call_id':"
        "'00000000-0000-4000-8000-0000000100c1','caller_text':'I am "
        "Ann','started_at':'2030-01-01T10:00:00Z'}");
    record(pg, RECORD_TOOL_CALL,
        "{'id':'00000000-0000-4000-8000-000000000012','tenant_id':'a','call_id':"
        "'00000000-0000-4000-8000-0000000100c1','name':'book','arguments':{'name':'Ann'}}");
    record(pg, RECORD_TRACE, TRACE);
    record(pg, RECORD_USAGE,
        "{'id':'00000000-0000-4000-8000-000000000013','tenant_id':'a','call_id':"
        "'00000000-0000-4000-8000-0000000100c1','cost_micro_usd':5}");
    record(pg, RECORD_CALL,
        "{'id':'00000000-0000-4000-8000-0000000000b1','tenant_id':'a','direction':'inbound','from_"
        "number':'" BOB "','started_at':'2030-01-01T10:00:00Z'}");
    record(pg, RECORD_MESSAGE,
        "{'id':'00000000-0000-4000-8000-0000000000b2','tenant_id':'a','direction':'in','call_id':"
        "'00000000-0000-4000-8000-0000000000b1','text':'call my wife at (555) 010-0001'}");
    record(pg, RECORD_MESSAGE,
        "{'id':'00000000-0000-4000-8000-0000000000e1','tenant_id':'a','direction':'in','channel':'"
        "sms',"
        "'from_number':'+15550100009','text':'a text of Eve'}");
    record(pg, RECORD_CALL,
        "{'id':'00000000-0000-4000-8000-0000000000f1','tenant_id':'b','direction':'inbound','from_"
        "number':'" ANN "','started_at':'2030-01-01T10:00:00Z'}");
    PQclear(postgres_result(pg, "",
        "select queue_text('a', 'f1', '" OURS "', '" ANN "', 'see you', null, 'agent', null, null);"
        "insert into opt_outs (tenant_id, phone) values ('a', '" ANN "');"
        "insert into consents (tenant_id, phone, about, is_given, channel, said) values ('a', '" ANN
        "', 'sms', false, 'sms', "
        "'STOP Ann');"
        "insert into kv (tenant_id, key, value) values ('a', 'last " ANN
        "', '1'), ('a', 'other', '2');"
        "insert into audit (tenant_id, actor, action, subject) values ('a', 'x', 'opt_out', '" ANN
        "')"));
}

#define SCAN                                                                                       \
    "select coalesce(string_agg(in_table || '.' || in_column, ' '), '') from scan_for('a', '{" ANN \
    "}', "                                                                                         \
    "'{ann@example.com,ann}')"

static void a_person_is_taken_out(void **state)
{
    struct fixture *f = *state;
    PGconn *pg = PQconnectdb(f->url);
    fill(pg);
    expect_text(f, SCAN,
        "appointments.name audit.subject call_traces.spans calls.from_number consents.phone "
        "consents.said "
        "contacts.email contacts.name "
        "contacts.phone kv.key messages.from_number messages.text messages.to_number "
        "opt_outs.phone outbox.to_number "
        "tool_calls.arguments turns.caller_text voicemails.from_number");
    /* First only asked. */
    expect_text(f, "select erase_person('a', '" ANN "', 'me', true, true) ->> 'people'", "1");
    assert_int_equal(
        postgres_number(f->url, "select count(*) from contacts where tenant_id = 'a'"), 3);
    assert_int_equal(postgres_number(f->url, "select count(*) from erased_people"), 0);
    expect_text(
        f, "select erase_person('a', 'ANN@example.com', 'me', false, true) ->> 'people'", "1");
    expect_text(f, SCAN, "");
    /* What counts is there still, and so is everybody else. */
    assert_int_equal(
        postgres_number(
            f->url, "select count(*) from calls where tenant_id = 'a' and started_at is not null"),
        2);
    assert_int_equal(postgres_number(f->url, "select sum(cost_micro_usd) from usage"), 5);
    assert_int_equal(
        postgres_number(f->url, "select count(*) from appointments where starts_at is not null"),
        1);
    assert_int_equal(
        postgres_number(f->url, "select count(*) from calls where from_number = '" BOB "'"), 1);
    expect_text(
        f, "select string_agg(text, ',') from messages where text is not null", "a text of Eve");
    expect_text(f, "select string_agg(key, ',') from kv", "other");
    assert_int_equal(
        postgres_number(
            f->url, "select count(*) from calls where tenant_id = 'b' and from_number = '" ANN "'"),
        1);
    expect_text(f, "select string_agg(status || ' ' || why, ',') from outbox", "cancelled erased");
    expect_text(
        f, "select string_agg(action, ',' order by id) from audit", "opt_out,erase_contact");

    /* Rows that were on their way, of that call and of another. */
    postgres_run(f->url, "update erased_people set at = '2030-06-01'");
    for (unsigned i = 0; i < 7; i++)
        step(pg, i, "a", 1);
    for (unsigned i = 0; i < 7; i++)
        step(pg, i, "a", 2);
    record(pg, RECORD_TRACE, TRACE);
    expect_text(f, SCAN, "");
    assert_int_equal(
        postgres_number(f->url, "select count(*) from calls where tenant_id = 'a'"), 3);

    /* The opt-out holds; a new word ends it. Who calls again is somebody new. */
    expect_text(f,
        "select status from queue_text('a', 'f2', '" OURS "', '" ANN
        "', 'x', null, 'agent', null, null)",
        "cancelled");
    postgres_run(f->url,
        "insert into consents (tenant_id, phone, about, is_given, channel) values ('a', '" ANN
        "', 'sms', true, 'sms')");
    expect_text(f,
        "select status from queue_text('a', 'f3', '" OURS "', '" ANN
        "', 'x', null, 'agent', null, null)",
        "queued");
    record(pg, RECORD_CALL,
        "{'id':'" CALL "','tenant_id':'a','direction':'inbound','from_number':'" ANN
        "','started_at':'2030-06-02T10:00:00Z'}");
    assert_int_equal(postgres_number(f->url,
                         "select count(*) from calls l join contacts c on c.id = l.contact_id"
                         " where l.id = '" CALL "' and c.phone = '" ANN "' and c.name is null"),
        1);
    PQfinish(pg);
}

/* A STOP that was still on its way, in a call's row or a text's own, when its sender was erased. */
static void an_opt_out_outlives_its_sender(void **state)
{
    struct fixture *f = *state;
    PGconn *pg = PQconnectdb(f->url);
    record(pg, RECORD_CALL,
        "{'id':'" CALL "','tenant_id':'a','direction':'inbound','from_number':'" ANN
        "','started_at':'2020-01-01T10:00:00Z'}");
    postgres_run(f->url, "insert into contacts (tenant_id, phone) values ('a', '" BOB "')");
    expect_text(f, "select erase_person('a', '" ANN "', 'me', false, true) ->> 'people'", "1");
    expect_text(f, "select erase_person('a', '" BOB "', 'me', false, true) ->> 'people'", "1");
    for (unsigned twice = 0; twice < 2; twice++) {
        record(pg, RECORD_OPT_OUT,
            "{'tenant_id':'a','phone':'" ANN
            "','is_out':true,'channel':'phone','said':'no texts to " ANN "','call_id':'" CALL "'}");
        record(pg, RECORD_MESSAGE,
            "{'id':'00000000-0000-4000-8000-000000000001','tenant_id':'a','direction':'in','"
            "channel':"
            "'sms','status':'stop','text':'STOP " BOB "','from_number':'" BOB
            "','created_at':'2020-01-01T11:00:00Z'}");
    }
    expect_text(f, SCAN, "");
    expect_text(f,
        "select count(*)::text from scan_for('a', '{" BOB
        "}', '{stop}') where in_column <> 'status'",
        "0");
    assert_int_equal(postgres_number(f->url, "select count(*) from consents"), 2);
    assert_int_equal(postgres_number(f->url, "select count(*) from contacts"), 0);
    expect_text(f,
        "select string_agg((queue_text('a', 'f' || n, '" OURS "', n, 'x', null, 'agent', null, "
        "null)).status, ' ') from unnest(array['" ANN "', '" BOB "']) n",
        "cancelled cancelled");
    /* Who begins anew may say it anew. */
    record(pg, RECORD_MESSAGE,
        "{'id':'00000000-0000-4000-8000-000000000002','tenant_id':'a','direction':'in','channel':"
        "'sms','status':'start','text':'yes','from_number':'" BOB
        "','created_at':'2099-01-01T11:00:00Z'}");
    PQfinish(pg);
    expect_text(f,
        "select (queue_text('a', 'g', '" OURS "', '" BOB
        "', 'x', null, 'agent', null, null)).status",
        "queued");
}

/* An address that several share names nobody. */
static void which_person_must_be_said(void **state)
{
    struct fixture *f = *state;
    postgres_run(f->url, "insert into contacts (tenant_id, phone, email) values ('a', '" ANN
                         "', 'x@example.com'), ('a', '" BOB "', 'X@example.com')");
    PGconn *pg = PQconnectdb(f->url);
    PGresult *result = PQexec(pg, "select erase_person('a', 'x@example.com', 'me', false, true)");
    assert_string_equal(PQresultErrorField(result, PG_DIAG_SQLSTATE), "21000");
    PQclear(result);
    PQfinish(pg);
    expect_text(f, "select erase_person('a', '" BOB "', 'me', false, true) ->> 'people'", "1");
    expect_text(f, "select phone || email from contacts", ANN "x@example.com");
}

/* ---- kept so long ---- */

static void rows_are_kept_as_long_as_wished(void **state)
{
    struct fixture *f = *state;
    PGconn *pg = PQconnectdb(f->url);
    fill(pg);
    postgres_run(f->url, "update calls set started_at = now() - interval '40 days', recording_url "
                         "= 'https://x'; update turns set started_at = now() - "
                         "interval '40 days'; update call_traces set created_at = now() - interval "
                         "'40 days'; update messages set created_at = now() - interval "
                         "'40 days' where text <> 'a text of Eve'; update "
                         "tool_calls set created_at = now() - interval '40 days'; update "
                         "recordings set created_at = now() - interval '40 days';"
                         "update conversations set last_message_at = now() - interval '40 days'; "
                         "update appointments set starts_at = now() - "
                         "interval '40 days', ends_at = now() - interval '39 days'; alter table "
                         "contacts disable trigger touch_updated_at; update "
                         "contacts set updated_at = now() - interval '40 days'; alter table "
                         "contacts enable trigger touch_updated_at");
    /* Nobody wished anything. */
    expect_text(f, "select keep_house(2, 'node')", "0");
    postgres_run(
        f->url, "insert into tenant_settings (tenant_id, keep_words_days) values ('a', 30)");
    unsigned steps = 0;
    while (postgres_number(f->url, "select keep_house(2, 'node')") > 0)
        assert_true(++steps < 20);
    assert_true(steps > 1); /* so few at a time */
    expect_text(
        f, "select string_agg(text, ',') from messages where text is not null", "a text of Eve");
    assert_int_equal(
        postgres_number(f->url, "select count(*) from turns where caller_text is not null"), 0);
    assert_int_equal(
        postgres_number(f->url, "select count(*) from tool_calls where arguments is not null"), 0);
    assert_int_equal(
        postgres_number(f->url, "select count(*) from call_traces where spans is not null"), 0);
    assert_int_equal(
        postgres_number(f->url, "select count(*) from recordings where deleted_at is null"), 1);
    assert_int_equal(postgres_number(f->url, "select count(*) from calls where from_number = '" ANN
                                             "' and tenant_id = 'a'"),
        1);
    postgres_run(f->url, "update tenant_settings set keep_sound_days = 30");
    assert_true(postgres_number(f->url, "select keep_house(100, 'node')") > 0);
    assert_int_equal(
        postgres_number(f->url, "select count(*) from recordings where deleted_at is null"), 0);
    assert_int_equal(
        postgres_number(f->url,
            "select count(*) from calls where recording_url is not null and tenant_id = 'a'"),
        0);
    assert_int_equal(
        postgres_number(f->url, "select count(*) from contacts where tenant_id = 'a'"), 3);
    postgres_run(f->url, "update tenant_settings set keep_people_days = 30;"
                         "update conversations set last_message_at = now() where contact_id = "
                         "(select id from contacts where phone = '+15550100009')");
    expect_text(f, "select keep_house(100, 'node')", "2");
    expect_text(
        f, "select string_agg(phone, ',') from contacts where tenant_id = 'a'", "+15550100009");
    assert_int_equal(
        postgres_number(
            f->url, "select count(*) from calls where tenant_id = 'a' and from_number is not null"),
        0);
    assert_int_equal(
        postgres_number(
            f->url, "select count(*) from calls where tenant_id = 'b' and from_number is not null"),
        1);
    assert_true(
        postgres_number(f->url,
            "select count(*) from audit where action = 'retention' and actor = 'node'") >= 3);
    PQfinish(pg);
}

/* A step's work is bounded over all tenants, and what goes on is let alone. */
static void a_round_is_made_of_small_steps(void **state)
{
    struct fixture *f = *state;
    postgres_run(f->url,
        "insert into tenant_settings (tenant_id, keep_words_days) select 't' || n, 1 from "
        "generate_series(1, 20) n;"
        "insert into voicemails (id, tenant_id, transcript, created_at) select gen_random_uuid(), "
        "'t' "
        "|| n % 20 + 1, 'x', now() - interval '3 days' from generate_series(1, 200) n;"
        "insert into calls (id, tenant_id, channel, started_at, ended_at, state) values "
        "(gen_random_uuid(), "
        "'t1', 'sms', now() - interval '3 days', now() - interval '1 hour', '{}')");
    unsigned steps = 0;
    long most = 0, count;
    while ((count = postgres_number(f->url, "select keep_house(4, 'node')")) > 0) {
        most = count > most ? count : most;
        assert_true(++steps < 100);
    }
    assert_true(most <= 8);
    assert_int_equal(
        postgres_number(f->url, "select count(*) from voicemails where transcript is not null"), 0);
    assert_int_equal(
        postgres_number(f->url, "select count(*) from calls where state is not null"), 1);
}

int main(void)
{
#define STORY(test) cmocka_unit_test_setup(test, empty)
    const struct CMUnitTest tests[] = {
        STORY(a_person_is_one_in_any_order),
        STORY(nobody_called),
        STORY(another_number_is_another_person_until_merged),
        STORY(what_a_caller_says_is_the_callers),
        STORY(callers_at_once_are_one),
        STORY(nothing_falls_between_two_who_become_one),
        STORY(nobody_waits_for_who_waits_for_them),
        STORY(a_person_is_taken_out),
        STORY(an_opt_out_outlives_its_sender),
        STORY(which_person_must_be_said),
        STORY(rows_are_kept_as_long_as_wished),
        STORY(a_round_is_made_of_small_steps),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
