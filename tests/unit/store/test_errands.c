#include "loop.h"

#include <jansson.h>

#include "base/id.h"
#include "base/mailbox.h"
#include "store/errands.h"

struct fixture {
    struct postgres *postgres;
    char url[POSTGRES_URL_SIZE];
    struct loop loop;
    struct errands *errands;
    struct mailbox replies;
    struct errand *answer;
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
    mailbox_init(&fixture.replies, 100, NULL, NULL);
    assert_int_equal(
        errands_open(&fixture.errands, fixture.loop.net, fixture.url, "node-a", 100), ERR_OK);
    *state = &fixture;
    return 0;
}

static int close_all(void **state)
{
    struct fixture *fixture = *state;
    errands_close(fixture->errands);
    mailbox_destroy(&fixture->replies);
    loop_end(&fixture->loop);
    *state = fixture->postgres;
    return 0;
}

static bool has_answer(void *owner)
{
    struct fixture *fixture = owner;
    if (!fixture->answer)
        fixture->answer = (struct errand *)mailbox_take_all(&fixture->replies);
    return fixture->answer;
}

#define CALL "0190a000-0000-7000-8000-00000000000"

static struct errand *make(
    struct fixture *fixture, enum errand_kind kind, const char *call_sid, unsigned attempt)
{
    struct errand *errand = errand_make(kind);
    assert_non_null(errand);
    errand->reply = &fixture->replies;
    errand->key = 7;
    errand->attempt = attempt;
    slice_copy(slice_from(call_sid), errand->call_sid, sizeof errand->call_sid);
    slice_copy(SLICE("acme"), errand->tenant_id, sizeof errand->tenant_id);
    slice_copy(SLICE(CALL "9"), errand->call_id, sizeof errand->call_id);
    slice_copy(SLICE("agent_hangup"), errand->reason, sizeof errand->reason);
    return errand;
}

/* The answer; NULL when it has no row. Valid until the next one. */
static const char *ask_for(
    struct fixture *fixture, enum errand_kind kind, const char *call_sid, unsigned attempt)
{
    static char *kept;
    assert_int_equal(
        errands_send(fixture->errands, make(fixture, kind, call_sid, attempt)), ERR_OK);
    loop_run_until(&fixture->loop, has_answer, fixture);
    assert_int_equal(fixture->answer->err, ERR_OK);
    assert_int_equal(fixture->answer->key, 7);
    free(kept);
    kept = fixture->answer->text;
    fixture->answer->text = NULL;
    errand_free(fixture->answer);
    fixture->answer = NULL;
    return kept;
}

static void a_claim_is_given_once(void **state)
{
    struct fixture *f = *state;
    assert_string_equal(ask_for(f, ERRAND_CLAIM, "CA1", 0), "mine");
    assert_null(ask_for(f, ERRAND_CLAIM, "CA1", 0));
    assert_string_equal(ask_for(f, ERRAND_CLAIM, "CA1", 1), "mine");
    assert_string_equal(ask_for(f, ERRAND_CLAIM, "CA2", 0), "mine");
    assert_int_equal(
        postgres_number(f->url, "select count(*) from stream_claims where node = 'node-a'"), 3);
}

static void an_end_is_known_whatever_came_first(void **state)
{
    struct fixture *f = *state;
    assert_null(ask_for(f, ERRAND_ENDING, "CA1", 1));
    assert_string_equal(ask_for(f, ERRAND_CLAIM, "CA1", 0), "mine");
    assert_null(ask_for(f, ERRAND_ENDING, "CA1", 1));
    assert_string_equal(ask_for(f, ERRAND_END, "CA1", 0), "ended");
    assert_string_equal(ask_for(f, ERRAND_ENDING, "CA1", 1), "ended");
    assert_string_equal(ask_for(f, ERRAND_END, "CA1", 0), "ended");
    assert_string_equal(
        ask_for(f, ERRAND_END, "CA2", 0), "ended"); /* its claim never came through */
    assert_null(ask_for(f, ERRAND_CLAIM, "CA2", 0));
    assert_string_equal(ask_for(f, ERRAND_ENDING, "CA2", 1), "ended");
    assert_string_equal(ask_for(f, ERRAND_CLAIM, "CA2", 1), "mine"); /* it goes on all the same */
    assert_null(ask_for(f, ERRAND_ENDING, "CA2", 2));
}

static void arrange_history(const char *url)
{
    postgres_run(url,
        "insert into calls (id, tenant_id, call_sid, attempt, started_at, state, phase, tags) "
        "values"
        " ('" CALL "1', 'acme', 'CA1', 0, '2026-01-02T03:00:00Z', '{\"name\":\"Ann\"}', 'name',"
        "  '{new,vip}'),"
        " ('" CALL "9', 'acme', 'CA1', 1, '2026-01-02T03:05:00Z', null, null, null),"
        " ('" CALL "2', 'other', 'CA1', 0, '2026-01-02T03:00:00Z', '{\"name\":\"Eve\"}', 'x',"
        "  '{bad}');"
        "insert into messages (id, tenant_id, call_id, turn_index, direction, text, created_at)"
        " values (gen_random_uuid(), 'acme', '" CALL
        "1', 0, 'out', 'Hello.', '2026-01-02T03:00:01Z'),"
        " (gen_random_uuid(), 'acme', '" CALL "1', 1, 'in', 'Book me', '2026-01-02T03:00:02Z'),"
        " (gen_random_uuid(), 'acme', '" CALL "1', 1, 'out', '', '2026-01-02T03:00:03Z'),"
        " (gen_random_uuid(), 'acme', '" CALL "1', 1, 'out', 'Done.', '2026-01-02T03:00:05Z'),"
        " (gen_random_uuid(), 'other', '" CALL "2', 1, 'in', 'secret', '2026-01-02T03:00:02Z');"
        "insert into tool_calls (id, tenant_id, call_id, turn_index, name, arguments, result, "
        "ending,"
        " created_at) values (gen_random_uuid(), 'acme', '" CALL "1', 1, 'book', '{\"day\":1}',"
        " '{\"outcome\":\"booked\"}', 'done', '2026-01-02T03:00:04Z'),"
        " (gen_random_uuid(), 'acme', '" CALL "1', 1, 'book', '{}', null, 'timeout',"
        " '2026-01-02T03:00:04Z')");
}

static void expect_line(json_t *history, size_t i, const char *kind, const char *text)
{
    json_t *line = json_array_get(json_object_get(history, "lines"), i);
    assert_string_equal(json_string_value(json_object_get(line, "kind")), kind);
    json_t *value = json_object_get(line, strcmp(kind, "tool") == 0 ? "name" : "text");
    assert_string_equal(json_string_value(value), text);
    assert_int_equal(json_integer_value(json_object_get(line, "turn")), i > 0);
}

static void history_is_what_this_tenant_s_call_left(void **state)
{
    struct fixture *f = *state;
    arrange_history(f->url);
    json_t *history = json_loads(ask_for(f, ERRAND_HISTORY, "CA1", 1), 0, NULL);
    assert_int_equal(json_integer_value(json_object_get(history, "calls")), 1);
    assert_int_equal(json_integer_value(json_object_get(history, "turn_index")), 1);
    assert_int_equal(json_array_size(json_object_get(history, "lines")), 4);
    expect_line(history, 0, "out", "Hello.");
    expect_line(history, 1, "in", "Book me");
    expect_line(history, 2, "tool", "book");
    expect_line(history, 3, "out", "Done.");
    json_t *state_before = json_object_get(history, "state");
    assert_string_equal(json_string_value(json_object_get(state_before, "name")), "Ann");
    assert_string_equal(json_string_value(json_object_get(history, "phase")), "name");
    json_t *tags = json_object_get(history, "tags");
    assert_int_equal(json_array_size(tags), 2);
    assert_string_equal(json_string_value(json_array_get(tags, 1)), "vip");
    assert_true(json_is_null(json_object_get(history, "outcome")));
    json_decref(history);
}

/* 'failed' is what a part is called that nobody closed; what its script said stands. */
static void the_script_s_outcome_comes_back(void **state)
{
    struct fixture *f = *state;
    arrange_history(f->url);
    postgres_run(f->url, "update calls set outcome = 'lead' where id = '" CALL "1';"
                         "insert into calls (id, tenant_id, call_sid, attempt, outcome, end_reason)"
                         " values ('" CALL "3', 'acme', 'CA1', 1, 'failed', 'lost')");
    json_t *history = json_loads(ask_for(f, ERRAND_HISTORY, "CA1", 2), 0, NULL);
    assert_string_equal(json_string_value(json_object_get(history, "outcome")), "lead");
    json_decref(history);
}

static void the_lost_part_is_closed_with_its_last_message(void **state)
{
    struct fixture *f = *state;
    char text[200];
    arrange_history(f->url);
    ask_for(f, ERRAND_HISTORY, "CA1", 1);
    postgres_text(f->url,
        "select end_reason || ' ' || outcome || ' ' || (ended_at = '2026-01-02T03:00:05Z')"
        " from calls where id = '" CALL "1'",
        text, sizeof text);
    assert_string_equal(text, "lost booked true");
    assert_int_equal(
        postgres_number(f->url, "select count(*) from calls where ended_at is not null"), 1);
}

/* What was being said when the process died counts as a line, with what nobody is known to have heard. */
static void a_reply_that_broke_off_is_in_the_history(void **state)
{
    struct fixture *f = *state;
    arrange_history(f->url);
    postgres_run(f->url,
        "insert into messages (id, tenant_id, call_id, turn_index, direction, text, unheard_text,"
        " created_at) values (gen_random_uuid(), 'acme', '" CALL
        "1', 1, 'out', '', 'See you on Monday.', '2026-01-02T03:00:06Z')");
    json_t *history = json_loads(ask_for(f, ERRAND_HISTORY, "CA1", 1), 0, NULL);
    expect_line(history, 4, "out", "");
    json_t *line = json_array_get(json_object_get(history, "lines"), 4);
    assert_string_equal(json_string_value(json_object_get(line, "unheard")), "See you on Monday.");
    json_decref(history);
}

static void a_call_without_rows_has_an_empty_history(void **state)
{
    json_t *history = json_loads(ask_for(*state, ERRAND_HISTORY, "CA7", 1), 0, NULL);
    assert_int_equal(json_integer_value(json_object_get(history, "calls")), 0);
    assert_int_equal(json_array_size(json_object_get(history, "lines")), 0);
    assert_true(json_is_null(json_object_get(history, "state")));
    json_decref(history);
}

/* ---- processes ---- */

static bool has_told(void *owner)
{
    struct fixture *f = owner;
    return postgres_number(f->url, "select count(*) from nodes where node = 'node-a'");
}

static void a_process_tells_that_it_lives(void **state)
{
    struct fixture *f = *state;
    loop_run_until(&f->loop, has_told, f);
    postgres_run(f->url, "update nodes set seen_at = now() - interval '1 hour'");
    assert_string_equal(ask_for(f, ERRAND_HERE, "", 0), "0");
    assert_int_equal(postgres_number(f->url,
                         "select count(*) from nodes where seen_at > now() - interval '1 minute'"),
        1);
}

/* Behind what the process tells by itself at its start. Open calls of three processes, and one that is over; who was seen how many seconds ago. */
static void arrange_nodes(struct fixture *f, const char *seen)
{
    char sql[2000];
    loop_run_until(&f->loop, has_told, f);
    snprintf(sql, sizeof sql,
        "insert into calls (id, tenant_id, call_sid, node, started_at, ended_at, end_reason) values"
        " ('" CALL "1', 'acme', 'CA1', 'node-a', now(), null, null),"
        " ('" CALL "2', 'acme', 'CA2', 'node-b', now(), null, null),"
        " ('" CALL "3', 'acme', 'CA3', 'node-c', now(), null, null),"
        " ('" CALL "4', 'acme', 'CA4', 'node-b', now(), now(), 'caller_hangup'),"
        " ('" CALL "5', 'acme', 'CA5', null, now(), null, null);"
        "delete from nodes;"
        "insert into nodes (node, seen_at) select node, now() - age * interval '1 second'"
        " from (values %s) seen (node, age)",
        seen);
    postgres_run(f->url, sql);
}

static void expect_closed(struct fixture *f, const char *expected)
{
    char text[200];
    postgres_text(f->url,
        "select coalesce(string_agg(call_sid || ' ' || end_reason, ', ' order by call_sid), '')"
        " from calls where ended_at is not null",
        text, sizeof text);
    assert_string_equal(text, expected);
}

static void calls_of_a_process_that_is_not_heard_of_are_closed(void **state)
{
    struct fixture *f = *state;
    arrange_nodes(f, "('node-a', 10), ('node-b', 300), ('node-c', 20), ('old', 100000)");
    assert_string_equal(ask_for(f, ERRAND_HERE, "", 0), "1");
    expect_closed(f, "CA2 lost, CA4 caller_hangup");
    assert_string_equal(ask_for(f, ERRAND_HERE, "", 0), "0");
    assert_int_equal(postgres_number(f->url, "select count(*) from nodes"), 3);
}

/* Whoever was away itself does not know who else was. */
static void nobody_is_called_dead_at_the_first_look(void **state)
{
    struct fixture *f = *state;
    arrange_nodes(f, "('node-a', 300), ('node-b', 300)");
    assert_string_equal(ask_for(f, ERRAND_HERE, "", 0), "0");
    postgres_run(f->url, "update nodes set seen_at = now() where node = 'node-b'"); /* it lives */
    assert_string_equal(ask_for(f, ERRAND_HERE, "", 0), "1");
    expect_closed(f, "CA3 lost, CA4 caller_hangup");
}

static void a_server_that_is_away_is_an_answer(void **state)
{
    struct fixture *f = *state;
    postgres_crash(f->postgres);
    assert_int_equal(errands_send(f->errands, make(f, ERRAND_ENDING, "CA1", 1)), ERR_OK);
    loop_run_until(&f->loop, has_answer, f);
    assert_int_not_equal(f->answer->err, ERR_OK);
    assert_null(f->answer->text);
    errand_free(f->answer);
    f->answer = NULL;
    postgres_restart(f->postgres);
}

static void too_many_are_refused_and_nobody_s_are_freed(void **state)
{
    struct fixture *f = *state;
    struct errand *errand;
    for (unsigned i = 0; i < 100; i++) {
        errand = make(f, ERRAND_CLAIM, "CA1", i);
        errand->reply = NULL;
        assert_int_equal(errands_send(f->errands, errand), ERR_OK);
    }
    errand = make(f, ERRAND_CLAIM, "CA1", 100);
    assert_int_equal(errands_send(f->errands, errand), ERR_FULL);
    errand_free(errand);
}

static int set_up(void **state)
{
    *state = postgres_start("store_errands");
    return 0;
}

static void what_is_over_goes(void **state)
{
    struct fixture *f = *state;
    postgres_run(f->url,
        "insert into stream_claims (call_sid, attempt, node, claimed_at) values"
        " ('CA1', 0, 'a', now() - interval '3 days'), ('CA2', 0, 'a', now() - interval '1 day')");
    postgres_run(f->url,
        "insert into kv values ('acme', 'over', '1', now() - interval '1 second'),"
        " ('acme', 'later', '1', now() + interval '1 hour'), ('acme', 'ever', '1', null)");
    assert_null(ask_for(f, ERRAND_PRUNE, "", 0));
    assert_int_equal(postgres_number(f->url, "select count(*) from stream_claims"), 1);
    assert_int_equal(postgres_number(f->url, "select count(*) from kv where key <> 'over'"), 2);
    assert_int_equal(postgres_number(f->url, "select count(*) from kv"), 2);
}

static int tear_down(void **state)
{
    postgres_stop(*state);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_claim_is_given_once, open_all, close_all),
        cmocka_unit_test_setup_teardown(an_end_is_known_whatever_came_first, open_all, close_all),
        cmocka_unit_test_setup_teardown(
            history_is_what_this_tenant_s_call_left, open_all, close_all),
        cmocka_unit_test_setup_teardown(the_script_s_outcome_comes_back, open_all, close_all),
        cmocka_unit_test_setup_teardown(
            the_lost_part_is_closed_with_its_last_message, open_all, close_all),
        cmocka_unit_test_setup_teardown(
            a_reply_that_broke_off_is_in_the_history, open_all, close_all),
        cmocka_unit_test_setup_teardown(
            calls_of_a_process_that_is_not_heard_of_are_closed, open_all, close_all),
        cmocka_unit_test_setup_teardown(
            nobody_is_called_dead_at_the_first_look, open_all, close_all),
        cmocka_unit_test_setup_teardown(a_process_tells_that_it_lives, open_all, close_all),
        cmocka_unit_test_setup_teardown(
            a_call_without_rows_has_an_empty_history, open_all, close_all),
        cmocka_unit_test_setup_teardown(what_is_over_goes, open_all, close_all),
        cmocka_unit_test_setup_teardown(a_server_that_is_away_is_an_answer, open_all, close_all),
        cmocka_unit_test_setup_teardown(
            too_many_are_refused_and_nobody_s_are_freed, open_all, close_all),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
