/* Tasks that become calls, and what the carrier says of them, in a real Postgres. */
#include "unit/store/loop.h"

#include "outreach/call_backs.h"
#include "outreach/outbox_kind.h"
#include "store/records.h"
#include "telephony/form.h"

#define OURS "+15550100002"
#define ANN "+15550100001"
#define TASK "10000000-0000-8000-8000-000000000001"
#define HAS(sql) postgres_number(fixture->url, "select count(*) from " sql) == 1

struct fixture {
    struct postgres *postgres;
    char url[POSTGRES_URL_SIZE];
    struct loop loop;
    struct call_backs *call_backs;
    struct records *records;
    const char *until;
    unsigned room;
};

static unsigned room_of(void *owner)
{
    return ((struct fixture *)owner)->room;
}

static void number_of(const char *tenant_id, char out[CALL_BACK_NUMBER_SIZE])
{
    if (strcmp(tenant_id, "acme") == 0)
        strcpy(out, OURS);
}

static int begin(void **state)
{
    static const struct call_backs_ops ops = {room_of, number_of};
    static struct postgres *postgres;
    static struct fixture fixture;
    if (!postgres)
        postgres = *state;
    fixture = (struct fixture){.postgres = postgres, .room = 10};
    migrated_database(postgres, fixture.url);
    loop_start(&fixture.loop);
    struct call_backs_options options = {
        .database_url = fixture.url, .can_call = true, .ops = &ops, .owner = &fixture};
    assert_int_equal(call_backs_open(&fixture.call_backs, fixture.loop.net, &options), ERR_OK);
    assert_int_equal(records_open(&fixture.records, fixture.loop.net, fixture.url, 100), ERR_OK);
    /* Open round the clock, whenever the test runs. */
    postgres_run(fixture.url, "insert into tenants (id, name) values ('acme', 'Acme');"
                              "insert into tenant_settings (tenant_id, quiet_from, quiet_until)"
                              " values ('acme', '00:00', '00:00')");
    *state = &fixture;
    return 0;
}

static int end(void **state)
{
    struct fixture *fixture = *state;
    call_backs_close(fixture->call_backs);
    records_close(fixture->records);
    loop_end(&fixture->loop);
    *state = fixture->postgres;
    return 0;
}

static bool is_so(void *owner)
{
    struct fixture *fixture = owner;
    return postgres_watch(fixture->url, fixture->until) > 0;
}

static void until(struct fixture *fixture, const char *sql)
{
    fixture->until = sql;
    loop_run_until(&fixture->loop, is_so, fixture);
}

static void ask_for(struct fixture *fixture, const char *phone)
{
    char sql[400];
    snprintf(sql, sizeof sql,
        "insert into tasks (id, tenant_id, kind, title, details, phone, is_for_agent)"
        " values ('" TASK "', 'acme', 'call_back', 'Ring Ann', 'about Tuesday', '%s', true)",
        phone);
    postgres_run(fixture->url, sql);
    call_backs_look(fixture->call_backs); /* its own look is up to five seconds away */
}

static void look(struct fixture *fixture)
{
    static const char pause[] = "select 1 from pg_sleep(0.1)";
    call_backs_look(fixture->call_backs);
    for (int i = 0; i < 5; i++)
        until(fixture, pause);
}

/* As the carrier's webhooks do. */
static void tell(struct fixture *fixture, const char *more)
{
    char row[64], json[400];
    long calls = postgres_number(fixture->url, "select count(*) from outbox");
    postgres_text(
        fixture->url, "select id from outbox order by created_at desc limit 1", row, sizeof row);
    snprintf(json, sizeof json, "{\"row\":\"%s\",\"tenant_id\":\"acme\",\"call_sid\":\"CA%ld\",%s}",
        row, calls, more);
    assert_int_equal(records_put_take(fixture->records, RECORD_CALL_BACK, strdup(json)), ERR_OK);
}

static void queue(struct fixture *fixture)
{
    ask_for(fixture, ANN);
    until(fixture, "select count(*) from outbox where status = 'queued'");
}

static void a_task_becomes_one_call(void **state)
{
    struct fixture *fixture = *state;
    queue(fixture);
    look(fixture);
    assert_true(
        HAS("outbox where kind = 'call' and key = 'call_back:" TASK ":1' and from_number = '" OURS
            "' and to_number = '" ANN "' and details->>'title' = 'Ring Ann'"
            " and conversation_id is not null and expires_at > now()"));
    assert_true(HAS("tasks where attempts = 1 and status = 'open'"));
}

static void nobody_is_called_who_must_not_be(void **state)
{
    static const struct {
        const char *arrange;
        const char *phone;
        const char *result; /* of the task; "": it waits */
    } cases[] = {
        {"select 1", "911", "failed"},
        {"select 1", "+19005550100", "failed"},
        {"select 1", "+4930123456", "failed"},
        {"select 1", "+18765550100", "failed"},
        {"insert into consents (tenant_id, phone, about, is_given, channel)"
         " values ('acme', '" ANN "', 'calls', false, 'phone')",
            ANN, "failed"},
        {"delete from consents; update tenant_settings set quiet_from = (now() - interval '1 "
         "hour')::time,"
         " quiet_until = (now() + interval '1 hour')::time",
            ANN, ""},
        {"update tenant_settings set quiet_from = '00:00', quiet_until = '00:00';"
         "insert into holidays (tenant_id, day) values ('acme', (now() at time zone 'UTC')::date)",
            ANN, ""},
    };
    struct fixture *fixture = *state;
    postgres_run(fixture->url, "update tenants set time_zone = 'UTC'");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char result[40], sql[200];
        postgres_run(fixture->url, cases[i].arrange);
        ask_for(fixture, cases[i].phone);
        if (cases[i].result[0])
            until(fixture, "select count(*) from tasks where result is not null");
        else
            look(fixture);
        postgres_text(fixture->url, "select result from tasks", result, sizeof result);
        assert_string_equal(result, cases[i].result);
        snprintf(sql, sizeof sql, "select count(*) from tasks where is_for_agent = %s",
            cases[i].result[0] ? "false" : "true");
        assert_int_equal(postgres_number(fixture->url, sql), 1);
        assert_int_equal(postgres_number(fixture->url, "select count(*) from outbox"), 0);
        postgres_run(fixture->url, "delete from tasks");
    }
}

static void nothing_is_asked_for_without_room(void **state)
{
    struct fixture *fixture = *state;
    fixture->room = 0;
    ask_for(fixture, ANN);
    look(fixture);
    assert_int_equal(postgres_number(fixture->url, "select count(*) from outbox"), 0);
}

static void a_person_is_reached(void **state)
{
    struct fixture *fixture = *state;
    queue(fixture);
    tell(fixture, "\"answered_by\":\"human\",\"left_message\":false");
    tell(fixture, "\"carrier_status\":\"completed\"");
    until(fixture, "select count(*) from tasks where status = 'done' and result = 'reached' and "
                   "done_at is not null");
    assert_true(HAS("outbox where status = 'delivered' and carrier_sid = 'CA1'"));
    tell(fixture, "\"carrier_status\":\"busy\""); /* late, and of no weight */
    look(fixture);
    assert_true(HAS("tasks where status = 'done' and result = 'reached'"));
}

static void a_machine_has_words_left_on_it(void **state)
{
    struct fixture *fixture = *state;
    queue(fixture);
    postgres_run(fixture->url, "insert into calls (id, tenant_id, call_sid, outcome) values "
                               "(gen_random_uuid(), 'acme', 'CA1', 'abandoned')");
    tell(fixture, "\"answered_by\":\"machine_end_beep\",\"left_message\":true");
    tell(fixture, "\"carrier_status\":\"completed\"");
    until(fixture, "select count(*) from tasks where status = 'done' and result = 'voicemail'");
    assert_true(HAS("calls where answered_by = 'machine_end_beep' and outcome = 'voicemail'"));
}

static void nobody_is_called_again_later_and_then_never(void **state)
{
    struct fixture *fixture = *state;
    queue(fixture);
    tell(fixture, "\"carrier_status\":\"no-answer\"");
    until(fixture, "select count(*) from tasks where result = 'no_answer' and due_at > now() + "
                   "interval '25 minutes'");
    assert_true(HAS(
        "calls where direction = 'outbound' and carrier_status = 'no-answer' and to_number = '" ANN
        "' and task_id = '" TASK "' and conversation_id is not null"));
    look(fixture);
    assert_int_equal(postgres_number(fixture->url, "select count(*) from outbox"), 1);
    for (int attempt = 2; attempt <= 3; attempt++) {
        char sql[120];
        postgres_run(fixture->url, "update tasks set due_at = now()");
        snprintf(sql, sizeof sql, "select count(*) from outbox where key = 'call_back:" TASK ":%d'",
            attempt);
        call_backs_look(fixture->call_backs);
        until(fixture, sql);
        tell(fixture, "\"carrier_status\":\"busy\"");
        until(fixture, "select count(*) from outbox where status = 'undelivered' and created_at ="
                       " (select max(created_at) from outbox)");
    }
    assert_true(HAS("tasks where status = 'open' and attempts = 3 and not is_for_agent and result "
                    "= 'no_answer'"));
}

static void as_many_ring_as_there_is_room_for(void **state)
{
    struct fixture *fixture = *state;
    fixture->room = 3;
    postgres_run(fixture->url,
        "insert into tasks (tenant_id, kind, title, phone, is_for_agent) select 'acme', "
        "'call_back', 'Ring ' || i, '+1555010100' || i, true from generate_series(1, 5) i");
    look(fixture);
    look(fixture);
    assert_int_equal(postgres_number(fixture->url, "select count(*) from outbox"), 3);
    postgres_run(fixture->url, "update outbox set status = 'sent', sent_at = now() - interval '1 "
                               "minute'"); /* they are counted as calls by now */
    look(fixture);
    assert_int_equal(postgres_number(fixture->url, "select count(*) from outbox"), 5);
}

static void tenants_that_are_gone_hold_up_nobody(void **state)
{
    struct fixture *fixture = *state;
    postgres_run(fixture->url,
        "insert into tenant_settings (tenant_id, quiet_from, quiet_until) values ('gone', '00:00', "
        "'00:00');"
        "insert into tasks (tenant_id, kind, title, phone, is_for_agent, due_at) select 'gone', "
        "'call_back', 'Ring ' || i, '+15550102' || i, true, now() - interval '1 hour' "
        "from generate_series(100, 119) i");
    ask_for(fixture, ANN);
    for (int i = 0; i < 3; i++)
        look(fixture);
    until(fixture, "select count(*) from outbox where tenant_id = 'acme'");
}

/* The carrier is asked for this. */
static void the_carrier_is_asked_once_and_told_where_to_ask(void **state)
{
    static const struct outbox_options options = {.public_url = "https://v.example.com"};
    static const struct outbox_item item = {.id = TASK,
        .tenant_id = "acme",
        .from_number = OURS,
        .to_number = ANN,
        .details = "{\"title\":\"Ring Ann\",\"details\":\"about Tuesday\"}",
        .task_id = TASK};
    struct strbuf text;
    struct form form;
    strbuf_init(&text, 8192);
    OUTBOX_CALL.ask(&text, &options, &item);
    assert_false(text.failed);
    assert_int_equal(form_parse(&form, strbuf_slice(&text)), ERR_OK);
    assert_true(slice_is(form_get(&form, "Url"),
        "https://v.example.com/twilio/voice?row=" TASK "&tenant=acme&task=" TASK
        "&title=Ring+Ann&details=about+Tuesday"));
    assert_true(slice_is(form_get(&form, "AsyncAmdStatusCallback"),
        "https://v.example.com/twilio/amd?row=" TASK "&tenant=acme&task=" TASK));
    assert_true(slice_is(form_get(&form, "MachineDetection"), "DetectMessageEnd"));
    form_free(&form);
    strbuf_free(&text);
}

static int set_up(void **state)
{
    *state = postgres_start("outreach_call_backs");
    return 0;
}

static int tear_down(void **state)
{
    postgres_stop(*state);
    return 0;
}

#define STORY(story) cmocka_unit_test_setup_teardown(story, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORY(a_task_becomes_one_call),
        STORY(nobody_is_called_who_must_not_be),
        STORY(nothing_is_asked_for_without_room),
        STORY(a_person_is_reached),
        STORY(a_machine_has_words_left_on_it),
        STORY(nobody_is_called_again_later_and_then_never),
        STORY(as_many_ring_as_there_is_room_for),
        STORY(tenants_that_are_gone_hold_up_nobody),
        cmocka_unit_test(the_carrier_is_asked_once_and_told_where_to_ask),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
