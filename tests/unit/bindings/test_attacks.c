/* What a model that was talked into something, or a script that means no good, may try with the host's functions: the host refuses
   it, whatever the script says. Real Postgres, with a neighbour who has rows. tests/unit/script/test_walls.c has the attacks on the
   machine, tests/unit/store/test_tenant.c those by SQL alone. */
#include "unit/bindings/rows_story.h"

#include "observe/log.h"

#define THEIR_CONTACT "'00000000-0000-4000-8000-0000000000c1'"
#define THEIR_APPOINTMENT "'00000000-0000-4000-8000-0000000000a1'"
#define CODE "local function code(f, ...) return (select(2, f(...))) end\n"
#define WORDS "local function words(f, ...) return (select(2, pcall(f, ...))) end\n"

static void arrange(struct world *world)
{
    postgres_run(world->url,
        "delete from tasks; delete from leads; delete from outbox; delete from messages;"
        "delete from conversations;"
        "insert into contacts (id, tenant_id, name, phone, email) values"
        " (" THEIR_CONTACT ", 'other', 'Eve', '+15550100001', 'eve@example.com');"
        "insert into appointments (id, tenant_id, contact_id, name, phone, service, starts_at, "
        "ends_at) values (" THEIR_APPOINTMENT ", 'other', " THEIR_CONTACT
        ", 'Eve', '+15550100001', 'cut', '2099-11-23 14:00Z', '2099-11-23 15:00Z')");
}

/* Nothing of theirs has changed, and nobody was texted. */
static void expect_unharmed(struct world *world)
{
    assert_int_equal(postgres_number(world->url,
                         "select count(*) from appointments where tenant_id = 'other' and status = "
                         "'booked' and name = 'Eve' and starts_at = '2099-11-23 14:00Z'"),
        1);
    assert_int_equal(postgres_number(world->url, "select count(*) from contacts where tenant_id = "
                                                 "'other' and name = 'Eve'"),
        1);
    assert_int_equal(postgres_number(world->url, "select count(*) from notes"), 0);
    assert_int_equal(postgres_number(world->url, "select count(*) from outbox"), 0);
}

static const struct {
    const char *about, *body, *answer;
} attacks[] = {
    {"another tenant's appointment by its id",
        CODE "return { code(calendar.cancel, " THEIR_APPOINTMENT
             "), code(calendar.reschedule, " THEIR_APPOINTMENT ", '2099-11-30T09:00'), "
             "code(calendar.cancel, \"' or '1'='1\"), code(calendar.cancel, call.id) }",
        "[\"unknown_appointment\",\"unknown_appointment\",\"unknown_appointment\","
        "\"unknown_appointment\"]"},
    {"another tenant's contact by its id",
        CODE
        "return { code(contacts.note, " THEIR_CONTACT ", 'x'), #calendar.appointments({ "
        "contact_id = " THEIR_CONTACT
        " }), code(calendar.book, { service = 'cut', start = '2099-11-23T09:00', name = 'Ann', "
        "contact_id = " THEIR_CONTACT " }) }",
        "[\"unknown_contact\",0,\"unknown_contact\"]"},
    {"another tenant's contact by number and address",
        CODE
        "return { code(contacts.find, { phone = '5550100001' }), code(contacts.find, { email = "
        "'eve@example.com' }), #calendar.appointments({ phone = '5550100001' }) }",
        "[\"not_found\",\"not_found\",0]"},
    {"its own tenant named in the arguments",
        WORDS "return { words(calendar.book, { tenant_id = 'other', service = 'cut', start = "
              "'2099-11-23T09:00', name = 'A', phone = '5550100002' }), words(leads.save, { "
              "tenant_id = 'other', interest = 'x', phone = '5550100002' }), words(tasks.add, { "
              "tenant_id = 'other', title = 'x' }), words(contacts.save, { tenant = 'other', phone "
              "= '5550100002' }) }",
        "[\"calendar.book: there is no argument 'tenant_id'\",\"leads.save: there is no argument "
        "'tenant_id'\",\"tasks.add: there is no argument 'tenant_id'\",\"contacts.save: there is "
        "no argument 'tenant'\"]"},
    {"a text abroad, to an island, at a premium rate",
        CODE "local function told(to) return code(tasks.add, { title = 'x', text_to = to }) end\n"
             "return { told('+44 20 7946 0001'), told('+1 876 555 0123'), told('+1 900 555 0123'), "
             "told('5550123'), told('12') }",
        "[\"refused\",\"refused\",\"refused\",\"refused\",\"bad_phone\"]"},
    {"a text abroad by way of a booking",
        "local a = calendar.book({ service = 'cut', start = '2099-11-23T09:00', name = 'Ann', "
        "phone = "
        "'+44 20 7946 0001', confirm = 'text' })\n"
        "local b = calendar.reschedule(a.id, '2099-11-23T09:30', { confirm = 'text' })\n"
        "return { a.text_status, b.text_status }",
        "[\"\",\"\"]"},
    {"texts and tasks by SQL",
        CODE
        "local function ask(sql) return code(db.query, sql) end\n"
        "return { ask(\"select queue_text('acme', 'k', '+15550100002', '+442079460001', 'x', "
        "null, null, null, null)\"), ask(\"select save_task('message', 't', 'd', null, null, "
        "false, null, null, '+442079460001', null, 'x')\"), ask(\"select save_lead(null, null, "
        "'x', null, null, null, null)\"), ask(\"insert into outbox (kind, key, to_number) "
        "values ('sms', 'k', '+442079460001')\"), ask(\"select set_config('moonline.tenant', "
        "'other', true)\") }",
        "[\"42501\",\"42501\",\"42501\",\"42501\",\"42501\"]"},
    {"another tenant's rows by SQL",
        "local function ask(sql) local rows, code = db.query(sql) return rows and #rows or code "
        "end\n"
        "return { ask(\"update leads set tenant_id = 'other' returning id\"), "
        "ask(\"select id from contacts where tenant_id = 'other'\"), "
        "ask(\"update appointments set status = 'cancelled' where tenant_id = 'other' returning "
        "id\"), "
        "ask(\"insert into tasks (tenant_id, title) values ('other', 'x')\") }",
        "[0,0,0,\"42501\"]"},
    {"SQL in names is a name",
        "local name = \"Bobby'); drop table contacts; --\"\n"
        "local contact = contacts.save({ name = name, phone = '5550100003' })\n"
        "local lead = leads.save({ name = name, phone = '5550100003', interest = \"'; delete from "
        "leads; --\" })\n"
        "local task = tasks.add({ title = \"$1 '; --\", phone = '5550100003' })\n"
        "return { contact.name == name, lead.interest, task.title, contacts.find({ phone = "
        "'5550100003' }).name == name }",
        "[true,\"'; delete from leads; --\",\"$1 '; --\",true]"},
    {"control characters, zero bytes, too much",
        WORDS
        "return { words(contacts.save, { name = 'A\\nB', phone = '5550100003' }), "
        "words(tasks.add, { title = 'a\\0b' }), words(leads.save, { interest = ('x'):rep(3000), "
        "phone = '5550100003' }), words(tasks.add, { title = ('x'):rep(300) }), "
        "words(calendar.book, { service = 'cut', start = '2099-11-23T09:00', name = "
        "('x'):rep(200), phone = '5550100003' }) }",
        "[\"contacts.save: name holds control characters\",\"tasks.add: title is not valid "
        "UTF-8\",\"leads.save: interest is longer than 2000 bytes\",\"tasks.add: title is longer "
        "than 200 bytes\",\"calendar.book: name is longer than 127 bytes\"]"},
    {"kinds, amounts and manners that there are not",
        WORDS "return { words(tasks.add, { title = 'x', kind = 'bomb' }), words(leads.save, { "
              "interest = 'x', phone = '5550100003', value_cents = -1 }), words(calendar.book, { "
              "service = 'cut', start = '2099-11-23T09:00', name = 'A', phone = '5550100003', "
              "confirm = 'call' }) }",
        "[\"tasks.add: kind must be to_do, message or call_back\",\"leads.save: value_cents must "
        "be "
        "a whole number from 0 to 2000000000\",\"calendar.book: confirm can be \\\"text\\\" "
        "only\"]"},
};

static void the_host_refuses(void **state)
{
    struct world *world = *state;
    for (size_t i = 0; i < sizeof attacks / sizeof *attacks; i++) {
        world_clean(state);
        arrange(world);
        expect(world, attacks[i].body, attacks[i].answer);
        expect_unharmed(world);
    }
}

/* A thousand tools in a turn: eight run, and no statement of the others reaches the database. */
static void a_thousand_tools_are_eight(void **state)
{
    struct world *world = *state;
    unsigned ran = 0, refused = 0;
    world_load(world, "acme",
        "return tasks.add({ title = 'x' .. #call.history, details = tostring(time.now()) }).kind");
    for (unsigned i = 0; i < 1000; i++) {
        world_ask(world, "acme", CALL_A);
        struct script_result *result = answers_next(&world->answers);
        ran += strcmp(result->text, "\"to_do\"") == 0;
        refused += strcmp(result->text, "{\"error\":\"too_many_calls\"}") == 0;
        script_result_free(result);
    }
    world_end_call(world, "acme", CALL_A);
    assert_int_equal(ran, 8);
    assert_int_equal(refused, 992);
    assert_true(postgres_number(world->url, "select count(*) from tasks") <= 8);
}

static int set_up(void **state)
{
    return world_set_up(state, "bindings_attacks");
}

int main(void)
{
    log_set_level(LOG_ERROR);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_thousand_tools_are_eight, world_clean),
        cmocka_unit_test_setup(the_host_refuses, world_clean),
    };
    return cmocka_run_group_tests(tests, set_up, world_tear_down);
}
