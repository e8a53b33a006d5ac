/* The module contacts: people found by number or address, and one row for each. */
#include "unit/bindings/rows_story.h"

#include "observe/log.h"

#define CUT "{ service = 'cut', start = '2099-11-23T09:00', name = 'Ann', phone = '555 010 0001' }"

static void contacts_are_found_and_kept(void **state)
{
    struct world *world = *state;
    expect(world,
        "local a = contacts.save({ name = 'Ann', phone = '(555) 010-0001', details = { pets = { "
        "'Rex' }, vip = true } })\n"
        "local b = contacts.save({ phone = '+15550100001', email = ' Ann@Example.com ', details = "
        "{ vip = false } })\n"
        "local c = contacts.find({ email = 'ANN@example.com' })\n"
        "return { a.id == b.id, b.name, b.phone, b.email, c.id == a.id, c.details }",
        "[true,\"Ann\",\"+15550100001\",\"ann@example.com\",true,{\"pets\":[\"Rex\"],\"vip\":"
        "false}]");
    expect(world,
        "local function code(f, ...) return (select(2, f(...))) end\n"
        "return { code(contacts.find, { phone = '5550100009' }), code(contacts.find, { phone = "
        "'12' }), code(contacts.find, { email = 'ann' }), code(contacts.find, {}), "
        "code(contacts.save, { name = 'x' }), code(contacts.save, { phone = '1', email = 'b@c.de' "
        "}), code(contacts.note, 'x', 'y'), code(contacts.note, call.id, 'y'), "
        "code(contacts.note, call.id, ' ') }",
        "[\"not_found\",\"bad_phone\",\"bad_email\",\"no_key\",\"no_key\",\"bad_phone\","
        "\"unknown_contact\",\"unknown_contact\",\"bad_note\"]");
    expect(world,
        "local a = contacts.find({ phone = '555 010 0001' })\n"
        "return { contacts.note(a.id, 'Likes\\nmornings.'), db.query('select text, call_id::text "
        "as call from notes')[1] }",
        "[true,{\"call\":\"" CALL_A "\",\"text\":\"Likes\\nmornings.\"}]");
    expect(world,
        "return { pcall(contacts.save, { phone = '5550100001', details = { f = ipairs } }), "
        "pcall(contacts.save, { phone = '5550100001', details = { 1, 2 } }), pcall(contacts.save, "
        "{ phone = '5550100001', details = { x = ('y'):rep(5000) } }), contacts.phone('555 010 "
        "0001'), (contacts.phone('no')) == nil }",
        "[false,false,false,\"+15550100001\",true]");
    expect(world,
        "for i = 1, 9 do\n"
        "  local a, code = contacts.save({ phone = '5550100007', details = { ['k' .. i] = "
        "('y'):rep(3000) } })\n"
        "  if not a then return { i, code } end\n"
        "end",
        "[6,\"full\"]");
    /* The server knows capitals that we do not. */
    expect(world,
        "local a, b = contacts.save({ email = 'ÉVA@x.fr' }), contacts.save({ email = 'ÉVA@x.fr' }) "
        "return { a.id == b.id, contacts.find({ email = 'ÉVA@x.fr' }).id == a.id }",
        "[true,true]");
    /* Whoever has the number has the appointment. */
    expect(world,
        "local a = calendar.book(" CUT ") local c = contacts.find({ phone = '5550100001' })\n"
        "return { a.contact_id == c.id, #calendar.appointments({ contact_id = c.id }) }",
        "[true,1]");
}

static void contacts_of_one_person_become_one(void **state)
{
    struct world *world = *state;
    postgres_run(world->url,
        "insert into contacts (tenant_id, name, phone, email, details, created_at) values"
        " ('acme', null, '+15550100001', null, '{\"a\": 1}', '2020-01-05'),"
        " ('acme', 'Ann', null, 'ann@example.com', '{\"a\": 2, \"b\": 2}', '2020-01-02'),"
        " ('acme', 'Old Ann', null, 'ANN@example.com', '{\"b\": 3, \"c\": 3}', '2020-01-01'),"
        " ('acme', 'Bob', '+15550100002', 'ann@example.com', '{}', '2020-01-01'),"
        " ('other', 'Eve', null, 'ann@example.com', '{}', '2019-01-01'),"
        " ('other', 'Eve', '+15550100001', null, '{}', '2019-01-01');"
        "insert into appointments (tenant_id, contact_id, starts_at, ends_at) select tenant_id, id,"
        " '2099-01-01 10:00Z', '2099-01-01 11:00Z' from contacts where name = 'Ann';"
        "insert into notes (tenant_id, contact_id, text) select tenant_id, id, 'n' from contacts "
        "where name in ('Old Ann', 'Eve')");
    /* The number's row is kept; what it lacks comes from the older of the others first. Bob has a number of his own. */
    expect(world,
        "local a = contacts.save({ phone = '5550100001', email = 'ann@example.com' })\n"
        "return { a.name, a.phone, a.email, a.details, #calendar.appointments({ contact_id = a.id "
        "}), db.query('select count(*)::int as n from notes where contact_id = $1', a.id)[1].n, "
        "db.query('select count(*)::int as n from contacts')[1].n }",
        "[\"Old Ann\",\"+15550100001\",\"ann@example.com\",{\"a\":1,\"b\":3,\"c\":3},1,1,2]");
    assert_int_equal(
        postgres_number(world->url, "select count(*) from contacts where tenant_id = 'other'"), 2);
    assert_int_equal(postgres_number(world->url, "select count(*) from notes n join contacts c on "
                                                 "c.id = n.contact_id where c.tenant_id = 'other'"),
        2);
    /* A new number at the address of others is somebody new; an address alone is the oldest's. */
    expect(world,
        "local a = contacts.save({ name = 'Cy', phone = '5550100003', email = 'ann@example.com' "
        "})\n"
        "local b = contacts.save({ email = 'ann@example.com', details = { seen = true } })\n"
        "return { a.name, a.phone, b.name, b.phone, b.details.seen }",
        "[\"Cy\",\"+15550100003\",\"Bob\",\"+15550100002\",true]");
    expect(world,
        "local a = contacts.save({ name = 'Dan', email = 'dan@example.com' })\n"
        "local b = contacts.save({ phone = '5550100004', email = 'dan@example.com' })\n"
        "return { a.id == b.id, b.name, b.phone }",
        "[true,\"Dan\",\"+15550100004\"]");
}

static void expect_ann(void *owner, const char *text)
{
    assert_string_equal(text, "\"Ann\"");
}

/* Saved at the same moment, they are one all the same. */
static void contacts_do_not_race(void **state)
{
    struct world *world = *state;
    world_race(world, "return contacts.save({ name = 'Ann', email = 'ann@example.com' }).name", 8,
        expect_ann, NULL);
    assert_int_equal(postgres_number(world->url, "select count(*) from contacts"), 1);
}

/* The caller withholds the number: what is said is not the caller's (that is test_one_person.c). */
static int set_up(void **state)
{
    int failed = world_set_up(state, "bindings_contacts");
    ((struct world *)*state)->caller = "anonymous";
    return failed;
}

int main(void)
{
    log_set_level(LOG_ERROR);
#define STORY(test) cmocka_unit_test_setup(test, world_clean)
    const struct CMUnitTest tests[] = {
        STORY(contacts_are_found_and_kept),
        STORY(contacts_of_one_person_become_one),
        STORY(contacts_do_not_race),
    };
    return cmocka_run_group_tests(tests, set_up, world_tear_down);
}
