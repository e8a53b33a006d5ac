#include "loop.h"

#include <pthread.h>
#include <stdatomic.h>

#include "base/id.h"
#include "observe/metrics.h"
#include "store/records.h"

struct fixture {
    struct postgres *postgres;
    char url[POSTGRES_URL_SIZE];
    struct loop loop;
    struct records *records;
};

static int open_all(void **state)
{
    static struct postgres *postgres;
    static struct fixture fixture;
    if (!postgres)
        postgres = *state;
    fixture = (struct fixture){.postgres = postgres};
    migrated_database(postgres, fixture.url);
    loop_start(&fixture.loop);
    assert_int_equal(records_open(&fixture.records, fixture.loop.net, fixture.url, 20000), ERR_OK);
    *state = &fixture;
    return 0;
}

static int close_all(void **state)
{
    struct fixture *fixture = *state;
    records_close(fixture->records);
    loop_end(&fixture->loop);
    *state = fixture->postgres;
    return 0;
}

static bool all_written(void *owner)
{
    struct fixture *fixture = owner;
    return records_waiting(fixture->records) == 0;
}

static void put(struct fixture *fixture, enum record_kind kind, const char *json)
{
    assert_int_equal(records_put_take(fixture->records, kind, strdup(json)), ERR_OK);
}

static void expect_text(struct fixture *fixture, const char *sql, const char *expected)
{
    char text[500];
    postgres_text(fixture->url, sql, text, sizeof text);
    assert_string_equal(text, expected);
}

#define CALL "0190a000-0000-7000-8000-00000000000"

static void every_kind_becomes_a_row(void **state)
{
    struct fixture *f = *state;
    put(f, RECORD_MESSAGE,
        "{\"id\":\"" CALL "1\",\"tenant_id\":\"acme\",\"call_id\":\"" CALL "9\",\"turn_index\":1,"
        "\"direction\":\"out\",\"text\":\"Grüß \\\"dich\\\"\",\"tags\":[\"a\",\"b\"],"
        "\"latency_ms\":812,\"created_at\":\"2026-01-02T03:04:05.678Z\",\"unknown\":{\"x\":1}}");
    put(f, RECORD_TURN,
        "{\"id\":\"" CALL "2\",\"tenant_id\":\"acme\",\"call_id\":\"" CALL "9\",\"turn_index\":1,"
        "\"heard_text\":\"hi\",\"is_estimated\":true,\"was_interrupted\":false,\"response_ms\":"
        "640}");
    put(f, RECORD_TOOL_CALL,
        "{\"id\":\"" CALL "3\",\"tenant_id\":\"acme\",\"call_id\":\"" CALL "9\",\"name\":\"book\","
        "\"arguments\":{\"day\":\"Monday\"},\"result\":{\"ok\":true},\"ending\":\"done\"}");
    put(f, RECORD_TENANT,
        "{\"id\":\"acme\",\"name\":\"Acme\",\"profile\":{\"hours\":[1,2]},\"script_version\":"
        "\"v1\"}");
    put(f, RECORD_CALL,
        "{\"id\":\"" CALL "9\",\"tenant_id\":\"acme\",\"call_sid\":\"CA1\",\"attempt\":0,"
        "\"started_at\":\"2026-01-02T03:04:05.678Z\",\"from_number\":\"anonymous\"}");
    loop_run_until(&f->loop, all_written, f);
    expect_text(f,
        "select concat_ws('|', text, tags[2], latency_ms, channel, "
        "to_char(created_at at time zone 'utc', 'YYYY-MM-DD HH24:MI:SS.MS')) from messages",
        "Grüß \"dich\"|b|812|phone|2026-01-02 03:04:05.678");
    expect_text(f,
        "select concat_ws('|', heard_text, is_estimated, was_interrupted, response_ms) "
        "from turns",
        "hi|t|f|640");
    expect_text(f, "select (arguments->>'day') || (result->>'ok') from tool_calls", "Mondaytrue");
    expect_text(
        f, "select name || (profile->'hours'->>1) || script_version from tenants", "Acme2v1");
    expect_text(f, "select from_number || channel || attempt from calls", "anonymousphone0");
    assert_true(records_database_is_up(f->records));
}

/* Its key is no id: one a tenant, whatever it was called before, and nothing of the older one stays. */
static void an_agent_is_what_its_script_says_now(void **state)
{
    struct fixture *f = *state;
    put(f, RECORD_AGENT,
        "{\"tenant_id\":\"acme\",\"name\":\"Acme\",\"numbers\":[\"+15550100002\",\"+15550100003\"],"
        "\"greeting\":\"Hello.\",\"voice\":\"v\",\"script_version\":\"v1\"}");
    put(f, RECORD_AGENT, "{\"tenant_id\":\"other\",\"name\":\"Acme\"}");
    put(f, RECORD_AGENT,
        "{\"tenant_id\":\"acme\",\"name\":\"Acme "
        "Dental\",\"numbers\":[\"+15550100002\"],\"voice\":\"\","
        "\"script_version\":\"v2\"}");
    loop_run_until(&f->loop, all_written, f);
    expect_text(f,
        "select string_agg(concat_ws('|', tenant_id, name, numbers, coalesce(greeting, '-'), "
        "script_version), ' ' order by "
        "tenant_id) from agents",
        "acme|Acme Dental|{+15550100002}|-|v2 other|Acme|{}|-");
}

static void a_later_record_fills_in(void **state)
{
    struct fixture *f = *state;
    put(f, RECORD_CALL,
        "{\"id\":\"" CALL
        "1\",\"tenant_id\":\"acme\",\"call_sid\":\"CA1\",\"direction\":\"inbound\"}");
    put(f, RECORD_CALL,
        "{\"id\":\"" CALL "1\",\"outcome\":\"booked\",\"direction\":null,\"barge_ins\":2}");
    put(f, RECORD_CALL, "{\"id\":\"" CALL "1\",\"barge_ins\":3}");
    put(f, RECORD_CALL,
        "{\"id\":\"" CALL
        "1\",\"tenant_id\":\"acme\",\"call_sid\":\"CA1\",\"direction\":\"inbound\"}");
    loop_run_until(&f->loop, all_written, f);
    expect_text(f,
        "select concat_ws('|', count(*), min(tenant_id), min(direction), min(outcome), "
        "min(barge_ins)) from calls",
        "1|acme|inbound|booked|3");
}

static void a_status_closes_the_newest_call(void **state)
{
    struct fixture *f = *state;
    static const char old[] = "{\"id\":\"" CALL "1\",\"tenant_id\":\"t\",\"call_sid\":\"CA1\","
                              "\"started_at\":\"2026-01-01T00:00:00.000Z\"}";
    static const char new[] = "{\"id\":\"" CALL "2\",\"tenant_id\":\"t\",\"call_sid\":\"CA1\","
                              "\"started_at\":\"2026-01-01T00:01:00.000Z\","
                              "\"answered_at\":\"2026-01-01T00:01:02.000Z\"}";
    static const char booked[] = "{\"id\":\"" CALL "3\",\"tenant_id\":\"t\",\"call_sid\":\"CA2\","
                                 "\"outcome\":\"booked\",\"duration_ms\":1234}";
    put(f, RECORD_CALL, new);
    put(f, RECORD_CALL, old);
    put(f, RECORD_CALL, booked);
    put(f, RECORD_CALL, "{\"id\":\"" CALL "4\",\"tenant_id\":\"t\",\"call_sid\":\"CA3\"}");
    put(f, RECORD_CALL, /* newer, but only a second use of the token */
        "{\"id\":\"" CALL "5\",\"tenant_id\":\"t\",\"call_sid\":\"CA3\","
        "\"end_reason\":\"claimed_elsewhere\"}");
    put(f, RECORD_CALL_STATUS,
        "{\"call_sid\":\"CA1\",\"carrier_status\":\"completed\",\"duration_ms\":60000,"
        "\"ended_at\":\"2026-01-01T00:02:00.000Z\"}");
    put(f, RECORD_CALL_STATUS,
        "{\"call_sid\":\"CA2\",\"carrier_status\":\"failed\",\"duration_ms\":2000}");
    put(f, RECORD_CALL_STATUS, "{\"call_sid\":\"CA3\",\"carrier_status\":\"no-answer\"}");
    put(f, RECORD_CALL_STATUS, "{\"call_sid\":\"CA404\",\"carrier_status\":\"completed\"}");
    loop_run_until(&f->loop, all_written, f);
    expect_text(f,
        "select string_agg(concat_ws(',', right(id::text, 1), carrier_status, outcome, "
        "duration_ms, ended_at is not null), '|' order by id) from calls",
        "1,failed,t|2,completed,answered,60000,t|3,failed,booked,1234,f|4,no-answer,abandoned,f|5,"
        "f");
    /* Said again, or out of order: the final word stays, and one that is not final ends nothing. */
    put(f, RECORD_CALL_STATUS,
        "{\"call_sid\":\"CA1\",\"carrier_status\":\"in-progress\",\"ended_at\":\"2026-01-01T00:09:"
        "00Z\"}");
    put(f, RECORD_CALL_STATUS,
        "{\"call_sid\":\"CA1\",\"carrier_status\":\"busy\",\"duration_ms\":1}");
    put(f, RECORD_CALL_STATUS,
        "{\"call_sid\":\"CA3\",\"carrier_status\":\"ringing\",\"ended_at\":\"2026-01-01T00:09:"
        "00Z\"}");
    loop_run_until(&f->loop, all_written, f);
    expect_text(f,
        "select concat_ws(',', carrier_status, duration_ms, ended_at = '2026-01-01T00:02:00Z')"
        " from calls where carrier_status = 'completed'",
        "completed,60000,t");
    expect_text(f, "select count(*) from calls where ended_at = '2026-01-01T00:09:00Z'", "0");
    /* The call's own word, coming later, still counts more. */
    put(f, RECORD_CALL, "{\"id\":\"" CALL "4\",\"outcome\":\"message_taken\"}");
    loop_run_until(&f->loop, all_written, f);
    expect_text(f, "select outcome from calls where carrier_status = 'no-answer'", "message_taken");
}

/* Whichever comes first, the claim or the end; the first end stays. */
static void a_planned_end_is_known_by_its_stream(void **state)
{
    struct fixture *f = *state;
    postgres_run(
        f->url, "insert into stream_claims (call_sid, attempt, node) values ('CA1', 1, 'a')");
    put(f, RECORD_STREAM_END,
        "{\"call_sid\":\"CA1\",\"attempt\":1,\"node\":\"a\",\"end_reason\":\"agent_hangup\","
        "\"ended_at\":\"2026-01-01T00:00:00.000Z\"}");
    put(f, RECORD_STREAM_END,
        "{\"call_sid\":\"CA1\",\"attempt\":1,\"node\":\"a\",\"end_reason\":\"voicemail\","
        "\"ended_at\":\"2026-01-01T00:00:09.000Z\"}");
    put(f, RECORD_STREAM_END, "{\"call_sid\":\"CA2\",\"attempt\":0,\"end_reason\":\"x\"}");
    loop_run_until(&f->loop, all_written, f);
    expect_text(f,
        "select string_agg(concat_ws(',', call_sid, attempt, node, end_reason,"
        " case when ended_at < '2026-01-01T00:00:01Z' then 'first' end), '|' order by call_sid)"
        " from stream_claims",
        "CA1,1,a,agent_hangup,first|CA2,0,,x");
}

/* Only its own calls, whoever else has parts of them; and said again it changes nothing. */
static void a_dead_process_s_calls_are_closed(void **state)
{
    struct fixture *f = *state;
    postgres_run(f->url,
        "insert into nodes (node) values ('a'), ('b');"
        "insert into calls (id, tenant_id, call_sid, attempt, node, started_at, ended_at,"
        " end_reason) values"
        " ('" CALL "1', 't', 'CA1', 0, 'a', '2026-01-01T00:00:00Z', null, null),"
        " ('" CALL "2', 't', 'CA1', 1, 'b', '2026-01-01T00:01:00Z', null, null),"
        " ('" CALL "3', 't', 'CA2', 0, 'a', '2026-01-01T00:00:00Z', '2026-01-01T00:00:00Z',"
        "  'lost'),"
        " ('" CALL "4', 't', 'CA3', 0, 'a', '2026-01-01T00:00:00Z', '2026-01-01T00:00:07Z',"
        "  'caller_hangup')");
    put(f, RECORD_MESSAGE, /* written after somebody else closed its call */
        "{\"id\":\"" CALL "5\",\"tenant_id\":\"t\",\"call_id\":\"" CALL "3\","
        "\"direction\":\"in\",\"created_at\":\"2026-01-01T00:00:30.000Z\"}");
    for (int again = 0; again < 2; again++) {
        put(f, RECORD_NODE_LOST, "{\"node\":\"a\"}");
        loop_run_until(&f->loop, all_written, f);
        expect_text(f,
            "select string_agg(concat_ws(',', right(id::text, 1), end_reason,"
            " to_char(ended_at at time zone 'utc', 'MI:SS')), '|' order by id) from calls",
            "1,lost,00:00|2|3,lost,00:30|4,caller_hangup,00:07");
        expect_text(f, "select string_agg(node, ',') from nodes", "b");
    }
}

/* A process that was taken for dead. */
static void a_call_s_own_end_corrects_a_lost_one(void **state)
{
    struct fixture *f = *state;
    postgres_run(f->url, "insert into calls (id, tenant_id, ended_at, end_reason, outcome) values"
                         " ('" CALL "1', 't', '2026-01-01T00:00:00Z', 'lost', 'failed')");
    put(f, RECORD_CALL,
        "{\"id\":\"" CALL "1\",\"tenant_id\":\"t\",\"ended_at\":\"2026-01-01T00:05:00.000Z\","
        "\"end_reason\":\"caller_hangup\",\"outcome\":\"answered\"}");
    loop_run_until(&f->loop, all_written, f);
    expect_text(f,
        "select concat_ws(',', end_reason, outcome, ended_at = '2026-01-01T00:05:00Z') from calls",
        "caller_hangup,answered,t");
}

static void a_status_closes_what_broke_before_it(void **state)
{
    struct fixture *f = *state;
    static const char broken[] = "{\"id\":\"" CALL "1\",\"tenant_id\":\"t\",\"call_sid\":\"CA1\","
                                 "\"started_at\":\"2026-01-01T00:00:00.000Z\","
                                 "\"answered_at\":\"2026-01-01T00:00:02.000Z\"}";
    static const char said[] =
        "{\"id\":\"" CALL "5\",\"tenant_id\":\"t\",\"call_id\":\"" CALL "1\","
        "\"direction\":\"in\",\"created_at\":\"2026-01-01T00:00:30.000Z\"}";
    static const char booked[] =
        "{\"id\":\"" CALL "6\",\"tenant_id\":\"t\",\"call_id\":\"" CALL "1\","
        "\"name\":\"book\",\"result\":{\"outcome\":\"booked\"},\"ending\":\"done\"}";
    static const char overflow[] =
        "{\"id\":\"" CALL "2\",\"tenant_id\":\"t\",\"call_sid\":\"CA1\",\"attempt\":1,"
        "\"end_reason\":\"overflow\",\"outcome\":\"abandoned\","
        "\"started_at\":\"2026-01-01T00:00:40.000Z\",\"ended_at\":\"2026-01-01T00:00:40.000Z\"}";
    static const char rows[] =
        "select string_agg(concat_ws(',', right(id::text, 1), end_reason, outcome, carrier_status, "
        "to_char(ended_at at time zone 'utc', 'MI:SS')), '|' order by id) from calls";
    put(f, RECORD_CALL, broken);
    put(f, RECORD_MESSAGE, said);
    put(f, RECORD_TOOL_CALL, booked);
    put(f, RECORD_CALL, overflow);
    put(f, RECORD_CALL, "{\"id\":\"" CALL "3\",\"tenant_id\":\"t\",\"call_sid\":\"CA2\"}");
    put(f, RECORD_CALL_STATUS, "{\"call_sid\":\"CA1\",\"carrier_status\":\"in-progress\"}");
    loop_run_until(&f->loop, all_written, f);
    expect_text(f, rows, "1|2,overflow,abandoned,in-progress,00:40|3");
    for (int i = 0; i < 2; i++)
        put(f, RECORD_CALL_STATUS,
            "{\"call_sid\":\"CA1\",\"carrier_status\":\"completed\",\"duration_ms\":45000,"
            "\"ended_at\":\"2026-01-01T00:00:45.000Z\"}");
    loop_run_until(&f->loop, all_written, f);
    expect_text(f, rows, "1,lost,booked,00:30|2,overflow,abandoned,completed,00:40|3");
}

static void a_caller_turned_away_keeps_the_first_times(void **state)
{
    struct fixture *f = *state;
    static const char *const minutes[] = {"01", "02"};
    static const char *const ends[] = {"overflow", "agent_hangup", "rejected"};
    for (size_t i = 0; i < 2; i++) {
        char json[300];
        for (size_t row = 0; row < 3; row++) {
            snprintf(json, sizeof json,
                "{\"id\":\"" CALL "%zu\",\"tenant_id\":\"t\",\"end_reason\":\"%s\","
                "\"started_at\":\"2026-01-01T00:%s:00Z\",\"ended_at\":\"2026-01-01T00:%s:01Z\"}",
                row + 1, ends[row], minutes[i], minutes[i]);
            put(f, RECORD_CALL, json);
        }
    }
    loop_run_until(&f->loop, all_written, f);
    expect_text(f,
        "select string_agg(concat_ws(',', end_reason, to_char(started_at at time zone 'utc', "
        "'MI:SS'), to_char(ended_at at time zone 'utc', 'MI:SS')), '|' order by id) from calls",
        "overflow,01:00,01:01|agent_hangup,02:00,02:01|rejected,01:00,01:01");
}

static void tags_are_a_column(void **state)
{
    struct fixture *f = *state;
    put(f, RECORD_CALL,
        "{\"id\":\"" CALL "1\",\"tenant_id\":\"t\",\"tags\":[\"call back\",\"vip\"]}");
    put(f, RECORD_CALL, "{\"id\":\"" CALL "1\",\"tenant_id\":\"t\",\"end_reason\":\"rejected\"}");
    put(f, RECORD_CALL, "{\"id\":\"" CALL "2\",\"tenant_id\":\"t\",\"tags\":[\"a\"]}");
    put(f, RECORD_CALL, "{\"id\":\"" CALL "2\",\"tenant_id\":\"t\",\"tags\":[]}");
    loop_run_until(&f->loop, all_written, f);
    expect_text(f,
        "select string_agg(coalesce(array_to_string(tags, ','), 'null'), '|' order by id) from "
        "calls",
        "call back,vip|");
}

static void poison_is_skipped(void **state)
{
    struct fixture *f = *state;
    int64_t dropped = metric_get(METRIC_RECORDS_DROPPED);
    static const char *const poison[] = {"{\"id\":\"no uuid\",\"tenant_id\":\"t\"}", "not json", "",
        "[]", "{\"tenant_id\":\"t\"}", "{\"id\":\"" CALL "5\"}",
        "{\"id\":\"" CALL "5\",\"tenant_id\":\"t\",\"from_number\":\"a\\u0000b\"}",
        "{\"id\":\"" CALL "5\",\"tenant_id\":\"t\",\"started_at\":\"yesterdayish\"}",
        "{\"id\":\"" CALL "5\",\"tenant_id\":\"t\",\"barge_ins\":99999999999}",
        "{\"id\":\"" CALL "5\",\"tenant_id\":\"t\",\"from_number\":\"\xff\"}"};
    size_t count = sizeof poison / sizeof poison[0];
    for (size_t i = 0; i < count; i++) {
        char json[200];
        put(f, RECORD_CALL, poison[i]);
        snprintf(json, sizeof json,
            "{\"id\":\"0190a000-0000-7000-8000-0000000001%02zu\","
            "\"tenant_id\":\"t\"}",
            i);
        put(f, RECORD_CALL, json);
    }
    loop_run_until(&f->loop, all_written, f);
    assert_int_equal(postgres_number(f->url, "select count(*) from calls"), count);
    assert_int_equal(metric_get(METRIC_RECORDS_DROPPED) - dropped, count);
}

static void the_bound_says_no(void **state)
{
    struct fixture *f = *state;
    struct records *records;
    int64_t dropped = metric_get(METRIC_RECORDS_DROPPED);
    assert_int_equal(
        records_open(&records, f->loop.net, "postgresql://moonline@/x?host=/nonexistent", 3),
        ERR_OK);
    for (size_t i = 0; i < 5; i++) {
        enum err err = records_put_take(records, RECORD_CALL, strdup("{}"));
        assert_int_equal(err, i < 3 ? ERR_OK : ERR_FULL);
    }
    assert_int_equal(records_waiting(records), 3);
    assert_int_equal(metric_get(METRIC_RECORDS_DROPPED) - dropped, 2);
    assert_false(records_database_is_up(records));
    records_close(records);
}

struct drain {
    bool is_done;
    size_t left;
};

static void drained(void *owner, size_t left)
{
    struct drain *drain = owner;
    assert_false(drain->is_done);
    *drain = (struct drain){true, left};
}

static bool drain_is_done(void *owner)
{
    return ((struct drain *)owner)->is_done;
}

static void draining_waits_for_the_last_row(void **state)
{
    struct fixture *f = *state;
    struct drain drain = {0};
    for (size_t i = 0; i < 300; i++) {
        char json[200], id[ID_SIZE];
        id_make(id);
        snprintf(json, sizeof json, "{\"id\":\"%s\",\"tenant_id\":\"t\"}", id);
        put(f, RECORD_CALL, json);
    }
    records_drain(f->records, clock_ms() + 30000, drained, &drain);
    assert_false(drain.is_done);
    loop_run_until(&f->loop, drain_is_done, &drain);
    assert_int_equal(drain.left, 0);
    assert_int_equal(postgres_number(f->url, "select count(*) from calls"), 300);
    drain.is_done = false;
    records_drain(f->records, clock_ms() + 30000, drained, &drain); /* with nothing to do */
    loop_run_until(&f->loop, drain_is_done, &drain);
}

static void draining_ends_at_its_deadline(void **state)
{
    struct fixture *f = *state;
    struct records *records;
    struct drain drain = {0};
    assert_int_equal(
        records_open(&records, f->loop.net, "postgresql://moonline@/x?host=/nonexistent", 3),
        ERR_OK);
    assert_int_equal(records_put_take(records, RECORD_CALL, strdup("{}")), ERR_OK);
    records_drain(records, clock_ms() + 50, drained, &drain);
    loop_run_until(&f->loop, drain_is_done, &drain);
    assert_int_equal(drain.left, 1);
    records_close(records);
}

/* Written before anyone migrated: nothing is lost by it. */
static void records_wait_for_their_tables(void **state)
{
    struct fixture *f = *state;
    postgres_run(f->url, "alter table turns rename to turns_away");
    put(f, RECORD_TURN, "{\"id\":\"" CALL "1\",\"tenant_id\":\"t\",\"call_id\":\"" CALL "2\"}");
    struct drain drain = {0};
    records_drain(f->records, clock_ms() + 100, drained, &drain);
    loop_run_until(&f->loop, drain_is_done, &drain);
    assert_int_equal(drain.left, 1);
    postgres_run(f->url, "alter table turns_away rename to turns");
    loop_run_until(&f->loop, all_written, f);
    assert_int_equal(postgres_number(f->url, "select count(*) from turns"), 1);
}

#define PRODUCERS 3
#define PER_PRODUCER 2000

struct producer {
    pthread_t thread;
    struct fixture *fixture;
    unsigned number;
    atomic_uint *made;
};

/* About 1000 a second each, until all are made. */
static void *produce(void *argument)
{
    struct producer *producer = argument;
    for (unsigned i = 0; i < PER_PRODUCER; i++) {
        char json[300], id[ID_SIZE];
        id_make(id);
        snprintf(json, sizeof json,
            "{\"id\":\"%s\",\"tenant_id\":\"t\",\"direction\":\"in\",\"text\":\"%u-%u\"}", id,
            producer->number, i);
        put(producer->fixture, RECORD_MESSAGE, json);
        atomic_fetch_add(producer->made, 1);
        usleep(1000);
    }
    return NULL;
}

struct crash {
    struct fixture *fixture;
    atomic_uint made;
    unsigned crashes;
    size_t left; /* waiting after the last crash */
};

/* Due while records are on their way, the second time when the backlog of the first is being written. */
static bool crash_is_due(const struct crash *crash)
{
    size_t left = records_waiting(crash->fixture->records);
    if (crash->crashes == 0)
        return atomic_load(&crash->made) > 1500;
    return crash->crashes == 1 && left > 0 && left < crash->left;
}

static bool crash_along(void *owner)
{
    struct crash *crash = owner;
    if (crash_is_due(crash)) {
        postgres_crash(crash->fixture->postgres);
        postgres_restart(crash->fixture->postgres);
        crash->left = records_waiting(crash->fixture->records);
        crash->crashes++;
    }
    return atomic_load(&crash->made) == PRODUCERS * PER_PRODUCER && all_written(crash->fixture);
}

static void a_killed_server_loses_and_doubles_nothing(void **state)
{
    struct fixture *f = *state;
    struct crash crash = {.fixture = f};
    struct producer producers[PRODUCERS];
    for (unsigned i = 0; i < PRODUCERS; i++) {
        producers[i] = (struct producer){.fixture = f, .number = i, .made = &crash.made};
        assert_int_equal(pthread_create(&producers[i].thread, NULL, produce, &producers[i]), 0);
    }
    loop_run_until(&f->loop, crash_along, &crash);
    for (unsigned i = 0; i < PRODUCERS; i++)
        pthread_join(producers[i].thread, NULL);
    assert_int_equal(crash.crashes, 2);
    assert_int_equal(
        postgres_number(f->url, "select count(*) from messages"), PRODUCERS * PER_PRODUCER);
    assert_int_equal(postgres_number(f->url, "select count(distinct text) from messages"),
        PRODUCERS * PER_PRODUCER);
}

static int set_up(void **state)
{
    *state = postgres_start("store_records");
    return 0;
}

static int tear_down(void **state)
{
    postgres_stop(*state);
    return 0;
}

#define STORY(name) cmocka_unit_test_setup_teardown(name, open_all, close_all)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORY(every_kind_becomes_a_row),
        STORY(an_agent_is_what_its_script_says_now),
        STORY(a_later_record_fills_in),
        STORY(a_planned_end_is_known_by_its_stream),
        STORY(a_call_s_own_end_corrects_a_lost_one),
        STORY(a_dead_process_s_calls_are_closed),
        STORY(a_status_closes_the_newest_call),
        STORY(a_status_closes_what_broke_before_it),
        STORY(a_caller_turned_away_keeps_the_first_times),
        STORY(tags_are_a_column),
        STORY(poison_is_skipped),
        STORY(the_bound_says_no),
        STORY(draining_waits_for_the_last_row),
        STORY(draining_ends_at_its_deadline),
        STORY(records_wait_for_their_tables),
        STORY(a_killed_server_loses_and_doubles_nothing),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
