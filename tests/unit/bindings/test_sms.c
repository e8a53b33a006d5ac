/* sms.send against a real Postgres: what is put in the outbox, and what is refused whatever the script was talked into. Its
   caller is +15550100077, its country the United States. */
#include "unit/bindings/rows_story.h"

static int clean(void **state)
{
    struct world *world = *state;
    postgres_run(world->url, "delete from outbox; delete from messages; delete from opt_outs");
    world->prelude = NULL;
    return world_clean(state);
}

static void expect_rows(struct world *world, const char *condition, long expected)
{
    char sql[300];
    snprintf(sql, sizeof sql, "select count(*) from outbox where %s", condition);
    assert_int_equal(postgres_number(world->url, sql), expected);
}

static void the_caller_gets_a_text(void **state)
{
    struct world *world = *state;
    expect(world,
        "local id, status = sms.send(call.caller, 'See you on Friday') return { #id, status }",
        "[36,\"queued\"]");
    expect_rows(world,
        "to_number = '+15550100077' and call_id = '" CALL_A
        "' and body = 'See you on Friday' and message_id is not null",
        1);
}

static void the_same_words_in_one_turn_are_one_text(void **state)
{
    struct world *world = *state;
    expect(world,
        "local one = sms.send(call.caller, 'Hi') local two = sms.send(call.caller, 'Hi')\n"
        "local three = sms.send(call.caller, 'Ho') return { one == two, one == three }",
        "[true,false]");
    expect_rows(world, "true", 2);
}

static void a_fact_has_one_text(void **state)
{
    struct world *world = *state;
    expect(world,
        "local one = sms.send(call.caller, 'Booked', { once = 'confirm:1' })\n"
        "local two = sms.send(call.caller, 'Is booked', { once = 'confirm:1' }) return one == two",
        "true");
    expect_rows(world, "key = 'once:confirm:1' and body = 'Booked'", 1);
}

static void later_is_later(void **state)
{
    struct world *world = *state;
    expect(world,
        "local id, status = sms.send(call.caller, 'Hi', { at = time.now() + 86400 }) return status",
        "\"queued\"");
    expect_rows(world, "not_before > now() + interval '23 hours'", 1);
}

static void not_everybody_gets_one(void **state)
{
    struct world *world = *state;
    static const struct {
        const char *to, *code;
    } rows[] = {
        {"+15550100001", "recipient"},
        {"+4930123456", "foreign"},
        {"+18765550100", "foreign"}, /* Jamaica */
        {"+19005550100", "premium"},
        {"+881612345678", "premium"},
        {"011 49 30 123456", "foreign"},
        {"555 0123", "bad_number"},
        {"nobody", "bad_number"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char body[200], expected[60];
        snprintf(body, sizeof body,
            "local id, code, why = sms.send('%s', 'Hi') return { id == nil, code }", rows[i].to);
        snprintf(expected, sizeof expected, "[true,\"%s\"]", rows[i].code);
        expect(world, body, expected);
    }
    expect_rows(world, "true", 0);
}

static void contacts_of_this_tenant_do(void **state)
{
    struct world *world = *state;
    postgres_run(world->url, "insert into contacts (tenant_id, phone) values ('acme', "
                             "'+15550100001'), ('other', '+15550100078')");
    expect(world,
        "local id, status = sms.send('(555) 010-0001', 'Hi')\n"
        "local other, code = sms.send('+15550100078', 'Hi') return { status, code }",
        "[\"queued\",\"recipient\"]");
}

static void texts_have_bounds(void **state)
{
    struct world *world = *state;
    expect(world,
        "local function code(text) local id, code = sms.send(call.caller, text) return code end\n"
        "return { code(''), code('  '), code(('a'):rep(1531)), code(('\\197\\145'):rep(671)), "
        "code(('a'):rep(1530)) }",
        "[\"bad_text\",\"bad_text\",\"too_long\",\"too_long\",\"queued\"]");
}

static void a_call_sends_so_many(void **state)
{
    struct world *world = *state;
    expect(world,
        "local sent, code = 0 for i = 1, 14 do local id, c = sms.send(call.caller, 'no ' .. i)\n"
        "  if id then sent = sent + 1 else code = c end end return { sent, code }",
        "[10,\"limit\"]");
}

static void who_opted_out_gets_none(void **state)
{
    struct world *world = *state;
    postgres_run(
        world->url, "select opt_out('acme', '+15550100077', true, 'sms', 'STOP', null, null)");
    expect(world, "local id, code = sms.send(call.caller, 'Hi') return code", "\"opted_out\"");
}

static int set_up(void **state)
{
    return world_set_up_with(
        state, "bindings_sms", (struct bindings_options){.rest = {.account_sid = "AC1"}});
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(the_caller_gets_a_text, clean),
        cmocka_unit_test_setup(the_same_words_in_one_turn_are_one_text, clean),
        cmocka_unit_test_setup(a_fact_has_one_text, clean),
        cmocka_unit_test_setup(later_is_later, clean),
        cmocka_unit_test_setup(not_everybody_gets_one, clean),
        cmocka_unit_test_setup(contacts_of_this_tenant_do, clean),
        cmocka_unit_test_setup(texts_have_bounds, clean),
        cmocka_unit_test_setup(a_call_sends_so_many, clean),
        cmocka_unit_test_setup(who_opted_out_gets_none, clean),
    };
    return cmocka_run_group_tests(tests, set_up, world_tear_down);
}
