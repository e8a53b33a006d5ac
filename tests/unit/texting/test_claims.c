/* Whose a conversation's texts are, with Postgres itself: one node at a time, a dead node's again, each answered once. */
#include "unit/texting/texts_world.h"

static const struct texts_rules RULES = {.node = "here",
    .settle_ms = 0,
    .lease_ms = 60000,
    .useless_ms = 3600000,
    .turns_a_tenant = 2,
    .attempts_max = 3};

static struct loop loop;
static struct database *database;

static int set_up(void **state)
{
    *state = postgres_start("texting_claims");
    return 0;
}

static int tear_down(void **state)
{
    postgres_stop(*state);
    return 0;
}

static int begin(void **state)
{
    migrated_database(*state, url);
    postgres_run(
        url, "insert into tenants (id, name, time_zone) values ('acme', 'Acme', 'Asia/Tokyo')");
    loop_start(&loop);
    database = open_database(&loop, url, 2);
    return 0;
}

static int end(void **state)
{
    database_close(database);
    loop_end(&loop);
    return 0;
}

struct claimed {
    bool is_here;
    json_t *json; /* NULL: nothing waits */
};

static void on_claimed(void *owner, const struct query_answer *answer)
{
    struct claimed *claimed = owner;
    if (answer->err)
        fail_msg("%s %s", answer->sqlstate, answer->why);
    struct slice text = rows_get(answer->rows, 0, 0);
    claimed->json = json_loadb(text.data, text.len, 0, NULL);
    claimed->is_here = true;
}

static bool is_claimed(void *owner)
{
    return ((struct claimed *)owner)->is_here;
}

static json_t *claim_by(const struct texts_rules *rules)
{
    struct claimed claimed = {0};
    struct query *query;
    assert_int_equal(texts_claim(&query, database, rules, 10000, on_claimed, &claimed), ERR_OK);
    loop_run_until(&loop, is_claimed, &claimed);
    return claimed.json;
}

static json_t *claim(void)
{
    return claim_by(&RULES);
}

static const char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text ? text : "";
}

/* Takes the claim. */
static bool end_with(json_t *turn, const char *answer, const char *why)
{
    struct answer ended = {0};
    struct query *query;
    json_object_set_new(turn, "answer", json_string(answer));
    if (why)
        json_object_set_new(turn, "why", json_string(why));
    json_object_set_new(turn, "state", json_pack("{s:i}", "seen", 1));
    char *text = json_dumps(turn, 0);
    assert_int_equal(
        texts_end(&query, database, slice_from(text), 10000, answer_keep, &ended), ERR_OK);
    loop_run_until(&loop, answer_is_here, &ended);
    if (ended.err)
        fail_msg("%s %s", ended.sqlstate, ended.why);
    free(text);
    json_decref(turn);
    return strcmp(ended.value, "t") == 0;
}

static void texts_in_a_row_are_one_turn(void **state)
{
    assert_null(claim());
    text_comes("SM1", "Hi", 9);
    text_comes("SM2", "do you have a table", 6);
    text_comes("SM3", "tonight?", 3);
    json_t *turn = claim();
    assert_int_equal(json_array_size(json_object_get(turn, "texts")), 3);
    assert_string_equal(
        text_of(json_array_get(json_object_get(turn, "texts"), 1), "text"), "do you have a table");
    assert_string_equal(text_of(turn, "sid"), "SM3");
    assert_string_equal(text_of(turn, "from"), PERSON);
    assert_string_equal(text_of(turn, "to"), OFFICE);
    assert_null(claim());
    assert_true(end_with(turn, "At eight.", NULL));
    assert_int_equal(
        count("select count(*) from outbox where key = 'reply:SM3' and body = 'At eight.'"
              " and to_number = '" PERSON "' and status = 'queued'"),
        1);
    assert_int_equal(count("select count(*) from messages where status = 'answered'"), 3);
    assert_int_equal(count("select count(distinct call_id) from messages"), 1);
    assert_null(claim());
}

/* One who still writes is waited for, but not for ever. */
static void somebody_may_go_on_writing(void **state)
{
    struct texts_rules rules = RULES;
    rules.settle_ms = 60000;
    text_comes("SM1", "Hi", 20);
    json_t *wait = claim_by(&rules);
    assert_int_equal(json_integer_value(json_object_get(wait, "wait_ms")), 60000);
    json_decref(wait);
    postgres_run(url, "update messages set created_at = now() - interval '241 s'");
    text_comes("SM2", "and", 1);
    json_t *turn = claim_by(&rules);
    assert_int_equal(json_array_size(json_object_get(turn, "texts")), 2);
    json_decref(turn);
}

/* The next turn knows what was said and kept, by the tenant's clock. */
static void the_next_turn_goes_on(void **state)
{
    postgres_run(url,
        "insert into calls (id, tenant_id, direction, from_number, to_number, started_at) values"
        " ('00000000-0000-0000-0000-00000000000c', 'acme', 'inbound', '" PERSON "', '" OFFICE
        "', now())");
    postgres_run(url, "insert into messages (id, tenant_id, call_id, direction, text, created_at) "
                      "values (gen_random_uuid(),"
                      " 'acme', '00000000-0000-0000-0000-00000000000c', 'in', 'Hello?', now() - "
                      "interval '1 day')");
    text_comes("SM1", "Hi", 9);
    json_t *turn = claim();
    assert_int_equal(json_integer_value(json_object_get(turn, "number")), 1);
    const json_t *lines = json_object_get(turn, "lines");
    assert_int_equal(json_array_size(lines), 1);
    assert_string_equal(text_of(json_array_get(lines, 0), "channel"), "phone");
    assert_true(end_with(turn, "Hello!", NULL));
    text_comes("SM2", "A table, please", 0);
    turn = claim();
    assert_int_equal(json_integer_value(json_object_get(turn, "number")), 2);
    assert_int_equal(
        json_integer_value(json_object_get(json_object_get(turn, "state"), "seen")), 1);
    assert_int_equal(json_integer_value(json_object_get(turn, "answers_today")), 1);
    lines = json_object_get(turn, "lines");
    assert_int_equal(json_array_size(lines), 3);
    assert_string_equal(text_of(json_array_get(lines, 2), "text"), "Hello!");
    assert_int_equal(count("select count(*) from contacts"), 1);
    assert_int_equal(count("select count(*) from conversations"), 1);
    assert_true(end_with(turn, "At eight.", NULL));
    assert_int_equal(count("select count(*) from calls where channel = 'sms'"), 1);
    assert_int_equal(count("select count(*) from turns"), 2);
}

/* A node that died: after its lease others go on, and what it says late has no effect. */
static void a_dead_nodes_texts_are_taken_up(void **state)
{
    text_comes("SM1", "Hi", 9);
    json_t *dead = claim();
    assert_null(claim());
    postgres_run(url, "update conversations set answering_until = now() - interval '1 s'");
    postgres_run(url, "insert into tool_calls (id, tenant_id, call_id, turn_index, name, result) "
                      "select gen_random_uuid(),"
                      " tenant_id, text_call_id, 1, 'book', '{\"ok\": true}' from conversations");
    json_t *next = claim();
    assert_string_not_equal(text_of(next, "turn"), text_of(dead, "turn"));
    assert_string_equal(text_of(next, "call"), text_of(dead, "call"));
    assert_int_equal(json_array_size(json_object_get(next, "done")), 1);
    assert_false(end_with(dead, "Late.", NULL));
    assert_true(end_with(next, "Hello!", NULL));
    assert_int_equal(count("select count(*) from outbox"), 1);
    assert_int_equal(count("select count(*) from outbox where body = 'Hello!'"), 1);
}

static void what_kills_each_node_is_left_to_the_staff(void **state)
{
    text_comes("SM1", "Hi", 9);
    for (int i = 0; i < 3; i++) {
        json_decref(claim());
        postgres_run(url, "update conversations set answering_until = now() - interval '1 s'");
    }
    json_t *left = claim();
    assert_non_null(strstr(text_of(left, "left"), "never finished"));
    json_decref(left);
    assert_int_equal(count("select count(*) from messages where status = 'unanswered'"), 1);
    assert_int_equal(
        count("select count(*) from tasks where status = 'open' and phone = '" PERSON "'"), 1);
    assert_null(claim());
}

static void the_staffs_conversations_are_theirs(void **state)
{
    text_comes("SM1", "Hi", 9);
    postgres_run(url, "update conversations set is_agent_silent = true");
    json_t *left = claim();
    assert_string_equal(text_of(left, "left"), "silent");
    json_decref(left);
    assert_int_equal(count("select count(*) from tasks"), 0);
    postgres_run(url, "update conversations set is_agent_silent = false");
    assert_null(claim()); /* what they wrote then is not answered now */
    text_comes("SM2", "Hello?", 7200);
    left = claim();
    assert_string_equal(text_of(left, "left"), "it came too long ago");
    json_decref(left);
    text_comes("SM3", "Hello?", 1);
    assert_true(end_with(claim(), "", "no model answered"));
    assert_int_equal(count("select count(*) from outbox"), 0);
    assert_int_equal(
        count("select count(*) from tasks where status = 'open'"), 1); /* one, for both */
}

static void comes_as(const char *sid, const char *words, const char *status)
{
    char sql[800];
    snprintf(sql, sizeof sql,
        "insert into messages (id, tenant_id, direction, channel, text, from_number, to_number, "
        "carrier_sid, status)"
        " values (gen_random_uuid(), 'acme', 'in', 'sms', '%s', '" PERSON "', '" OFFICE
        "', '%s', '%s')",
        words, sid, status);
    postgres_run(url, sql);
}

/* With the row itself, what waits to be sent included; nobody answers it. */
static void who_says_stop_is_heard(void **state)
{
    comes_as("SM1", "Yes", "start"); /* an answer to a question: they were never out */
    assert_true(end_with(claim(), "Fine.", NULL));
    text_comes("SM2", "And?", 1);
    json_t *turn = claim();
    comes_as("SM3", "Stop it", "stop");
    assert_int_equal(count("select count(*) from opt_outs"), 1);
    assert_int_equal(
        count("select count(*) from consents where said = 'Stop it' and not is_given"), 1);
    assert_int_equal(count("select count(*) from outbox where status = 'cancelled'"), 1);
    assert_true(end_with(turn, "Too late.", NULL));
    assert_int_equal(count("select count(*) from outbox where status = 'cancelled'"), 2);
    assert_null(claim());
    text_comes("SM4", "Hello?", 0);
    json_t *left = claim();
    assert_non_null(strstr(text_of(left, "left"), "wants no texts"));
    json_decref(left);
    comes_as("SM5", "Yes!", "start"); /* now it is one */
    assert_int_equal(count("select count(*) from opt_outs"), 0);
    assert_null(claim());
    comes_as("SM6", "INFO", "help");
    assert_null(claim());
}

/* Told again after it was answered, it stays so. */
static void told_twice_is_one_row(void **state)
{
    const char *again =
        "insert into messages (id, tenant_id, direction, channel, text, from_number, to_number, "
        "carrier_sid,"
        " status) select id, tenant_id, direction, channel, text, from_number, to_number, "
        "carrier_sid,"
        " 'received' from messages where direction = 'in'"
        " on conflict (id) do update set status = coalesce(excluded.status, messages.status)";
    text_comes("SM1", "Hi", 9);
    postgres_run(url, again);
    assert_true(end_with(claim(), "Hello!", NULL));
    postgres_run(url, again);
    assert_int_equal(count("select count(*) from messages where status = 'answered'"), 1);
    assert_null(claim());
}

/* Forty conversations, two nodes that ask at once: each is one's alone, and a tenant has no more than its share under way. */
static void two_nodes_never_have_the_same(void **state)
{
    enum { ASKED = 40 };
    struct texts_rules rules[] = {RULES, RULES};
    rules[1].node = "there";
    rules[0].turns_a_tenant = rules[1].turns_a_tenant = 100;
    postgres_run(url,
        "insert into messages (id, tenant_id, direction, channel, text, from_number, to_number, "
        "carrier_sid, status)"
        " select gen_random_uuid(), 'acme', 'in', 'sms', 'Hi', '+155501' || (10000 + n), '" OFFICE
        "', 'SM' || n,"
        " 'received' from generate_series(1, 40) n");
    struct claimed claims[2 * ASKED] = {0};
    struct query *query;
    for (int i = 0; i < 2 * ASKED; i++)
        assert_int_equal(
            texts_claim(&query, database, &rules[i % 2], 30000, on_claimed, &claims[i]), ERR_OK);
    unsigned turns = 0;
    for (int i = 0; i < 2 * ASKED; i++) {
        loop_run_until(&loop, is_claimed, &claims[i]);
        turns += json_object_get(claims[i].json, "turn") != NULL;
        json_decref(claims[i].json);
    }
    assert_int_equal(
        turns, ASKED); /* a conversation whose turn another got would have made one more */
    assert_int_equal(count("select count(distinct answering) from conversations"), ASKED);
    assert_int_equal(count("select count(distinct text_call_id) from conversations"), ASKED);
}

static void a_tenant_has_its_share(void **state)
{
    postgres_run(url,
        "insert into messages (id, tenant_id, direction, channel, text, from_number, to_number, "
        "carrier_sid, status)"
        " select gen_random_uuid(), 'acme', 'in', 'sms', 'Hi', '+155501' || (10000 + n), '" OFFICE
        "', 'SM' || n,"
        " 'received' from generate_series(1, 3) n");
    json_t *first = claim();
    json_decref(claim());
    assert_null(claim());
    assert_true(end_with(first, "Hello!", NULL));
    json_t *third = claim();
    assert_non_null(json_object_get(third, "turn"));
    json_decref(third);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(texts_in_a_row_are_one_turn, begin, end),
        cmocka_unit_test_setup_teardown(somebody_may_go_on_writing, begin, end),
        cmocka_unit_test_setup_teardown(the_next_turn_goes_on, begin, end),
        cmocka_unit_test_setup_teardown(a_dead_nodes_texts_are_taken_up, begin, end),
        cmocka_unit_test_setup_teardown(what_kills_each_node_is_left_to_the_staff, begin, end),
        cmocka_unit_test_setup_teardown(the_staffs_conversations_are_theirs, begin, end),
        cmocka_unit_test_setup_teardown(who_says_stop_is_heard, begin, end),
        cmocka_unit_test_setup_teardown(told_twice_is_one_row, begin, end),
        cmocka_unit_test_setup_teardown(two_nodes_never_have_the_same, begin, end),
        cmocka_unit_test_setup_teardown(a_tenant_has_its_share, begin, end),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
