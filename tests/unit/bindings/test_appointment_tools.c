/* The repository's own tools for appointments that callers have: found, moved and cancelled by whom they belong to. */
#include "unit/bindings/rows_story.h"

#include "observe/log.h"

#define RUN(tool, arguments) "return " tool ".run(call, " arguments ")"
#define ANN "name = 'Ann Lee', phone = '555 010 0001'"

static void book(struct world *world, const char *call_id, const char *start)
{
    char body[512], expected[64];
    snprintf(body, sizeof body,
        "return calendar.book({ " ANN ", service = 'cut', start = '%s' }).start", start);
    snprintf(expected, sizeof expected, "\"%s\"", start);
    expect_of(world, "acme", call_id, body, expected);
}

static void free_times_are_found(void **state)
{
    expect(*state,
        RUN("find_slots", "{ service = 'dye', from = '2099-11-23', part_of_day = 'afternoon' }"),
        "{\"ok\":true,\"slots\":[{\"spoken\":\"Monday, November 23 at 1:00 PM\",\"start\":\"2099-"
        "11-23T13:00\"},{\"spoken\":\"Monday, November 23 at 1:30 PM\",\"start\":\"2099-11-23T13:"
        "30\"},{\"spoken\":\"Monday, November 23 at 2:00 PM\",\"start\":\"2099-11-23T14:00\"},{"
        "\"spoken\":\"Monday, November 30 at 1:00 PM\",\"start\":\"2099-11-30T13:00\"}]}");
    expect(*state, RUN("find_slots", "{ service = 'perm' }"),
        "{\"ok\":false,\"reason\":\"unknown_service\",\"services\":[\"cut\",\"dye\"]}");
}

static void an_appointment_is_moved(void **state)
{
    struct world *world = *state;
    book(world, CALL_A, "2099-11-23T09:00");
    expect_of(world, "acme", CALL_B,
        RUN("reschedule_appointment", "{ " ANN ", start = '2099-11-30T08:30' }"),
        "{\"before\":\"Monday, November 23 at 9:00 AM\",\"ok\":true,\"outcome\":\"rescheduled\","
        "\"service\":\"cut\",\"spoken\":\"Monday, November 30 at 8:30 AM\",\"start\":\"2099-11-"
        "30T08:30\"}");
    expect_of(world, "acme", CALL_B,
        RUN("reschedule_appointment", "{ " ANN ", start = '2099-11-24T08:30' }"),
        "{\"hours\":\"Tuesday closed\",\"next\":[{\"spoken\":\"Sunday, November 29 at 12:00 AM\","
        "\"start\":\"2099-11-29T00:00\"},{\"spoken\":\"Sunday, November 29 at 12:30 AM\",\"start\":"
        "\"2099-11-29T00:30\"},{\"spoken\":\"Sunday, November 29 at 1:00 AM\",\"start\":\"2099-11-"
        "29T01:00\"}],\"ok\":false,\"reason\":\"closed\"}");
}

static void one_of_several_is_asked_for(void **state)
{
    struct world *world = *state;
    book(world, CALL_A, "2099-11-23T09:00");
    book(world, CALL_B, "2099-11-30T09:00");
    expect(world, RUN("cancel_appointment", "{ " ANN " }"),
        "{\"appointments\":[{\"service\":\"cut\",\"spoken\":\"Monday, November 23 at 9:00 AM\","
        "\"start\":\"2099-11-23T09:00\"},{\"service\":\"cut\",\"spoken\":\"Monday, November 30 at "
        "9:00 "
        "AM\",\"start\":\"2099-11-30T09:00\"}],\"ok\":false,\"reason\":\"which_appointment\"}");
    expect(world, RUN("cancel_appointment", "{ " ANN ", current = '2099-11-30' }"),
        "{\"ok\":true,\"outcome\":\"cancelled\",\"service\":\"cut\",\"spoken\":\"Monday, November "
        "30 at 9:00 AM\",\"start\":\"2099-11-30T09:00\"}");
    assert_int_equal(
        postgres_number(world->url, "select count(*) from appointments where status = 'booked'"),
        1);
}

/* A number alone is no secret: it takes the name too, or the telephone itself. */
static void a_stranger_changes_nothing(void **state)
{
    struct world *world = *state;
    book(world, CALL_A, "2099-11-23T09:00");
    postgres_run(world->url,
        "insert into appointments (tenant_id, phone, starts_at, ends_at) values" /* no name */
        " ('acme', '+15550100003', '2099-11-23 15:00Z', '2099-11-23 16:00Z')");
    static const char *const strangers[] = {
        RUN("cancel_appointment", "{ name = 'Eve', phone = '5550100001' }"),
        RUN("cancel_appointment", "{ phone = '5550100001' }"),
        RUN("cancel_appointment", "{ name = 'Ann Lee', phone = '5550100002' }"),
        RUN("cancel_appointment", "{ name = ' ', phone = '5550100003' }"),
        RUN("reschedule_appointment",
            "{ name = 'Eve', phone = '5550100001', start = '2099-11-30T08:30' }"),
    };
    for (size_t i = 0; i < sizeof strangers / sizeof *strangers; i++)
        expect_of(
            world, "acme", CALL_B, strangers[i], "{\"ok\":false,\"reason\":\"no_appointment\"}");
    postgres_run(
        world->url, "update appointments set phone = '+15550100077' where name is not null");
    expect_of(world, "acme", CALL_B,
        "local answer = cancel_appointment.run(call, { phone = '555 010 0077' }) "
        "return answer.outcome",
        "\"cancelled\"");
}

static int set_up(void **state)
{
    char command[256];
    int failed = world_set_up(state, "bindings_appointment_tools");
    struct world *world = *state;
    world->prelude = "local find_slots = require('tools.find_slots')\n"
                     "local reschedule_appointment = require('tools.reschedule_appointment')\n"
                     "local cancel_appointment = require('tools.cancel_appointment')\n";
    snprintf(
        command, sizeof command, "cp -r '%s/scripts/tools' '%s'", SOURCE_DIR, world->folder.path);
    return failed || system(command);
}

int main(void)
{
    log_set_level(LOG_ERROR);
#define STORY(test) cmocka_unit_test_setup(test, world_clean)
    const struct CMUnitTest tests[] = {
        STORY(free_times_are_found),
        STORY(an_appointment_is_moved),
        STORY(one_of_several_is_asked_for),
        STORY(a_stranger_changes_nothing),
    };
    return cmocka_run_group_tests(tests, set_up, world_tear_down);
}
