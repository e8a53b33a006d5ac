/* Somebody calls, texts, leaves a message, books, and is known by their address from before: one contact with one thread, in whatever
   order the rows come. */
#include "unit/bindings/rows_story.h"

#include "observe/log.h"

#define NUMBER "+15550100077" /* rows_story's caller */

static const char CALL[] =
    "insert into calls (id, tenant_id, call_sid, direction, from_number, to_number) values"
    " ('" CALL_A "', 'acme', 'CA1', 'inbound', '" NUMBER "', '+15550100002')";
static const char TURN[] =
    "insert into messages (id, tenant_id, call_id, direction, channel, text) values"
    " (gen_random_uuid(), 'acme', '" CALL_A "', 'in', 'phone', 'A cut, please.')";
static const char TEXT[] =
    "insert into messages (id, tenant_id, direction, channel, text, from_number, to_number)"
    " values (gen_random_uuid(), 'acme', 'in', 'sms', 'Is it still on?', '" NUMBER
    "', '+15550100002')";
static const char VOICEMAIL[] =
    "insert into calls (id, tenant_id, call_sid, direction, from_number, to_number, outcome) values"
    " ('" CALL_B "', 'acme', 'CA2', 'inbound', '" NUMBER "', '+15550100002', 'voicemail');"
    "insert into messages (id, tenant_id, call_id, direction, channel, text) values"
    " (gen_random_uuid(), 'acme', '" CALL_B "', 'in', 'phone', 'Please call me back.')";
static const char KNOWN[] =
    "insert into contacts (tenant_id, name, email) values ('acme', 'Ann', 'ann@example.com')";

/* Acts in CALL_A. */
static const char TOOLS[] = "local contact = contacts.save({ name = 'Ann Lee', phone = "
                            "call.caller, email = 'Ann@example.com' })\n"
                            "local booked = calendar.book({ name = 'Ann Lee', phone = call.caller, "
                            "service = 'cut', start = "
                            "'2099-11-23T09:00', confirm = 'text' })\n"
                            "local lead = leads.save({ phone = call.caller, interest = 'A wig' })\n"
                            "local task = tasks.add({ kind = 'message', title = 'Message from "
                            "Ann', phone = call.caller })\n"
                            "return { booked.contact_id == contact.id, lead.contact_id == "
                            "contact.id, task.contact_id == contact.id, "
                            "lead.conversation_id == task.conversation_id, booked.text_status }";

static void clean(struct world *world)
{
    postgres_run(world->url, "delete from tasks; delete from leads; delete from appointments;"
                             "delete from outbox; delete from messages; delete from calls;"
                             "delete from conversations; delete from contacts");
}

static void expect_one(struct world *world)
{
    const char *url = world->url;
    assert_int_equal(postgres_number(url, "select count(*) from contacts"), 1);
    assert_int_equal(postgres_number(url, "select count(*) from conversations"), 1);
    assert_int_equal(
        postgres_number(url, "select count(*) from contacts where name = 'Ann Lee' and "
                             "phone = '" NUMBER "' and email = 'ann@example.com'"),
        1);
    /* What was said in both calls, the text, and ours about the booking. */
    assert_int_equal(
        postgres_number(url, "select count(*) from messages m join conversations c on "
                             "c.id = m.conversation_id and c.contact_id = m.contact_id"),
        4);
    assert_int_equal(
        postgres_number(url, "select count(*) from calls a join conversations c on c.id = "
                             "a.conversation_id and c.contact_id = a.contact_id"),
        2);
    assert_int_equal(postgres_number(url,
                         "select count(*) from leads l join tasks t on t.conversation_id = "
                         "l.conversation_id and t.contact_id = l.contact_id join appointments a on "
                         "a.contact_id = l.contact_id join conversations c on c.id = "
                         "l.conversation_id and c.contact_id = l.contact_id"),
        1);
}

static void act(struct world *world)
{
    expect(world, TOOLS, "[true,true,true,true,\"queued\"]");
}

static void one_person_is_one_thread(void **state)
{
    struct world *world = *state;
    const char *const orders[][4] = {{CALL, TURN, TEXT, VOICEMAIL}, {TEXT, VOICEMAIL, TURN, CALL},
        {TURN, VOICEMAIL, CALL, TEXT}};
    for (size_t order = 0; order < sizeof orders / sizeof *orders; order++)
        for (size_t tools_at = 0; tools_at <= 4; tools_at++) {
            clean(world);
            postgres_run(world->url, KNOWN);
            for (size_t i = 0; i <= 4; i++) {
                if (i == tools_at)
                    act(world);
                if (i < 4)
                    postgres_run(world->url, orders[order][i]);
            }
            expect_one(world);
        }
}

/* They say another number than the one they ring from: it is theirs too, for the call, the booking and a text from there. */
static void the_number_that_is_said_is_the_callers_too(void **state)
{
    struct world *world = *state;
    static const char text[] =
        "insert into messages (id, tenant_id, direction, channel, text, from_number, to_number)"
        " values (gen_random_uuid(), 'acme', 'in', 'sms', 'Is it still on?', '+15550100078', "
        "'+15550100002')";
    for (unsigned is_late = 0; is_late < 2; is_late++) {
        clean(world);
        if (!is_late)
            postgres_run(world->url, CALL);
        expect(world,
            "local booked = calendar.book({ name = 'Ann Lee', phone = '555-010-0078', service = "
            "'cut', start = '2099-11-23T09:00', confirm = 'text' })\n"
            "local contact = contacts.save({ name = 'Ann Lee', phone = '555-010-0078', email = "
            "'ann@example.com' })\n"
            "local lead = leads.save({ name = 'Ann Lee', phone = '555-010-0078', interest = 'A "
            "wig' })\n"
            "local task = tasks.add({ kind = 'message', title = 'Message', phone = '555-010-0078' "
            "})\n"
            "local known = calendar.appointments({ phone = call.caller })\n"
            "return { booked.contact_id == contact.id, lead.contact_id == contact.id, "
            "task.contact_id == contact.id, lead.conversation_id == task.conversation_id, "
            "contact.phone, booked.phone, #known }",
            "[true,true,true,true,\"" NUMBER "\",\"+15550100078\",1]");
        if (is_late)
            postgres_run(world->url, CALL);
        postgres_run(world->url, TURN);
        postgres_run(world->url, text);
        postgres_run(world->url, VOICEMAIL);
        expect_one(world);
    }
}

static int set_up(void **state)
{
    return world_set_up(state, "bindings_one_person");
}

int main(void)
{
    log_set_level(LOG_ERROR);
    const struct CMUnitTest tests[] = {cmocka_unit_test(one_person_is_one_thread),
        cmocka_unit_test(the_number_that_is_said_is_the_callers_too)};
    return cmocka_run_group_tests(tests, set_up, world_tear_down);
}
