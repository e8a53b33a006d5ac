/* What Postgres decides about texts: the carrier's word, quiet hours, opt-outs, and what a script may send. */
#include "unit/store/loop.h"

#define PERSON "+15550100001"
#define SENDER "+15550100002"

static struct postgres *postgres;
static char url[POSTGRES_URL_SIZE];

static int fresh(void **state)
{
    migrated_database(postgres, url);
    return 0;
}

static void expect_text(const char *sql, const char *expected)
{
    char text[200];
    postgres_text(url, sql, text, sizeof text);
    if (strcmp(text, expected))
        fail_msg("%s: %s, and it is %s", sql, text, expected);
}

static void queue(const char *fact)
{
    char sql[300];
    snprintf(sql, sizeof sql,
        "select queue_text('acme', '%s', '" SENDER "', '" PERSON "', 'Hi', null, 't', null, null)",
        fact);
    postgres_run(url, sql);
}

/* ---- the carrier's word ---- */

static const struct {
    const char *before;
    const char *said[4];
    const char *after;
} words[] = {
    {"sent", {"delivered"}, "delivered"},
    {"sent", {"delivered", "sent", "queued"}, "delivered"},
    {"sent", {"undelivered", "delivered"}, "undelivered"},
    {"sent", {"failed", "sent"}, "failed"},
    {"sending", {"queued"}, "sent"},
    {"sending", {"delivered"}, "delivered"}, /* before the answer to our request */
    {"sending", {"delivered", "queued", "sent"}, "delivered"},
    {"unknown", {"sent"}, "sent"},
    {"unknown", {"sent", "delivered", "delivered"}, "delivered"},
    {"queued", {"sent"}, "sent"}, /* it went after all: never again */
    {"sent", {"something new"}, "sent"},
    {"delivered", {"failed"}, "delivered"},
};

static void a_text_goes_forward_only(void **state)
{
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        char sql[300];
        postgres_run(url, "delete from outbox; delete from messages");
        queue("f");
        snprintf(sql, sizeof sql, "update outbox set status = '%s'", words[i].before);
        postgres_run(url, sql);
        for (size_t said = 0; said < 4 && words[i].said[said]; said++) {
            snprintf(sql, sizeof sql,
                "select text_status(id, tenant_id, 'SM1', '%s', '') from outbox",
                words[i].said[said]);
            postgres_run(url, sql);
        }
        expect_text("select status from outbox", words[i].after);
        expect_text("select status from messages", words[i].after);
    }
}

static void a_word_about_another_text_changes_nothing(void **state)
{
    queue("f");
    postgres_run(url, "update outbox set status = 'sent', carrier_sid = 'SM1'");
    postgres_run(url, "select text_status(id, 'other', 'SM1', 'failed', '30003') from outbox");
    postgres_run(url, "select text_status(id, 'acme', 'SM2', 'failed', '30003') from outbox");
    expect_text("select status from outbox", "sent");
    postgres_run(url, "select text_status(id, 'acme', 'SM1', 'undelivered', '30003') from outbox");
    expect_text("select status || ' ' || error_code from messages", "undelivered 30003");
}

/* ---- quiet hours ---- */

/* New York: clocks go forward on 2026-03-08 at 2:00, and back on 2026-11-01. */
static const struct {
    const char *from, *until; /* "": the default, 21:00 to 8:00 */
    const char *at, *then;
} nights[] = {
    {"", "", "2026-06-10 12:00-04", "2026-06-10 12:00-04"},
    {"", "", "2026-06-10 20:59-04", "2026-06-10 20:59-04"},
    {"", "", "2026-06-10 21:00-04", "2026-06-11 08:00-04"},
    {"", "", "2026-06-10 23:30-04", "2026-06-11 08:00-04"},
    {"", "", "2026-06-11 03:00-04", "2026-06-11 08:00-04"},
    {"", "", "2026-06-11 08:00-04", "2026-06-11 08:00-04"},
    {"", "", "2026-03-07 22:00-05", "2026-03-08 08:00-04"}, /* one hour less */
    {"", "", "2026-10-31 22:00-04", "2026-11-01 08:00-05"}, /* one hour more */
    {"", "", "2026-12-31 22:00-05", "2027-01-01 08:00-05"},
    {"01:00", "02:30", "2026-03-08 01:30-05", "2026-03-08 03:30-04"}, /* an end that is skipped */
    {"00:30", "01:30", "2026-11-01 00:45-04", "2026-11-01 01:30-05"}, /* an end that comes twice */
    {"12:00", "14:00", "2026-06-10 13:00-04", "2026-06-10 14:00-04"},
    {"12:00", "14:00", "2026-06-10 22:00-04", "2026-06-10 22:00-04"},
    {"12:00", "12:00", "2026-06-10 12:00-04", "2026-06-10 12:00-04"}, /* none */
};

static void nobody_is_woken(void **state)
{
    postgres_run(url, "insert into tenants (id, time_zone) values ('acme', 'America/New_York')");
    for (size_t i = 0; i < sizeof nights / sizeof nights[0]; i++) {
        char sql[400];
        snprintf(sql, sizeof sql,
            "delete from tenant_settings; insert into tenant_settings (tenant_id, quiet_from, "
            "quiet_until) values ('acme', nullif('%s', '')::time, nullif('%s', '')::time)",
            nights[i].from, nights[i].until);
        postgres_run(url, sql);
        snprintf(sql, sizeof sql,
            "select case when after_quiet_hours('acme', '%s') = '%s'::timestamptz then 'right' "
            "else '%s: ' || after_quiet_hours('acme', '%s') end",
            nights[i].at, nights[i].then, nights[i].at, nights[i].at);
        expect_text(sql, "right");
    }
}

static void a_script_says_its_own_hours(void **state)
{
    postgres_run(url, "insert into tenants (id, time_zone, profile) values ('acme', "
                      "'Europe/Berlin', '{\"quiet\": {\"from\": \"19:00\", \"to\": \"10:00\"}}'), "
                      "('odd', 'Not/AZone', '{\"quiet\": \"never\"}')");
    expect_text(
        "select after_quiet_hours('acme', '2026-06-10 20:00+02') = '2026-06-11 10:00+02'", "t");
    expect_text("select after_quiet_hours('odd', '2026-06-10 22:00Z') = '2026-06-11 08:00Z'", "t");
    expect_text("select after_quiet_hours('none', '2026-06-10 22:00Z') = '2026-06-11 08:00Z'", "t");
}

/* ---- who wants none ---- */

#define OPT_OUT(is_out, message)                                                                   \
    "select opt_out('acme', '" PERSON "', " is_out ", 'sms', 'word', null, '" message "')"
#define M1 "00000000-0000-8000-8000-000000000001"
#define M2 "00000000-0000-8000-8000-000000000002"

static void stop_cancels_what_waits(void **state)
{
    queue("f1");
    queue("f2");
    expect_text(OPT_OUT("true", M1), "2");
    expect_text("select string_agg(status || ' ' || why, ',') from outbox",
        "cancelled opted out,cancelled opted out");
    expect_text("select min(status) from messages", "cancelled");
    queue("f3");
    expect_text("select status from outbox where key = 'f3'", "cancelled");
}

static void start_takes_it_back_and_an_old_stop_does_not_count_again(void **state)
{
    expect_text(OPT_OUT("true", M1), "0");
    expect_text(OPT_OUT("false", M2), "0");
    expect_text("select count(*) from opt_outs", "0");
    expect_text(OPT_OUT("true", M1), "0"); /* told again */
    expect_text("select count(*) from opt_outs", "0");
    expect_text("select string_agg(is_given::text, ',' order by at) from consents", "false,true");
    queue("f1");
    expect_text("select status from outbox", "queued");
}

static void numbers_that_are_none_opt_out_of_nothing(void **state)
{
    expect_text("select opt_out('acme', 'anonymous', true, 'phone', 'x', null, null)", "0");
    expect_text("select count(*) from consents", "0");
}

/* ---- what a script may send ---- */

#define SEND(fact, to, known)                                                                      \
    "select coalesce(refusal, text_status) from send_text('acme', '" fact "', '" SENDER "', '" to  \
    "', 'Hi', '" M1 "', null, " known ", 3, 2)"

static void scripts_text_whom_they_may(void **state)
{
    postgres_run(url, "insert into contacts (tenant_id, phone) values ('acme', '+15550100007'), "
                      "('other', '+15550100008')");
    expect_text(SEND("a", PERSON, "true"), "queued");
    expect_text(SEND("a", PERSON, "true"), "queued"); /* the same fact */
    expect_text(SEND("b", "+15550100007", "false"), "queued");
    expect_text(SEND("c", "+15550100008", "false"), "recipient"); /* another tenant's */
    expect_text(SEND("d", PERSON, "true"), "queued");
    expect_text(SEND("e", "+15550100007", "false"), "call");
    postgres_run(url, "update outbox set call_id = null");
    expect_text(SEND("f", PERSON, "true"), "day");
    postgres_run(url, "update outbox set created_at = now() - interval '25 hours'");
    expect_text(SEND("g", PERSON, "true"), "queued");
    expect_text("select count(*) from outbox", "4");
}

static void later_ones_wake_nobody(void **state)
{
    postgres_run(url, "insert into tenants (id, time_zone) values ('acme', 'America/New_York')");
    postgres_run(url, "select * from send_text('acme', 'a', '" SENDER "', '" PERSON
                      "', 'Hi', null, (current_date + 2 + time '03:00') at time zone "
                      "'America/New_York', true, 3, 3)");
    expect_text(
        "select (not_before at time zone 'America/New_York')::time from outbox", "08:00:00");
}

static int set_up(void **state)
{
    postgres = postgres_start("outreach_rules");
    return 0;
}

static int tear_down(void **state)
{
    postgres_stop(postgres);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_text_goes_forward_only, fresh),
        cmocka_unit_test_setup(a_word_about_another_text_changes_nothing, fresh),
        cmocka_unit_test_setup(nobody_is_woken, fresh),
        cmocka_unit_test_setup(a_script_says_its_own_hours, fresh),
        cmocka_unit_test_setup(stop_cancels_what_waits, fresh),
        cmocka_unit_test_setup(start_takes_it_back_and_an_old_stop_does_not_count_again, fresh),
        cmocka_unit_test_setup(numbers_that_are_none_opt_out_of_nothing, fresh),
        cmocka_unit_test_setup(scripts_text_whom_they_may, fresh),
        cmocka_unit_test_setup(later_ones_wake_nobody, fresh),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
