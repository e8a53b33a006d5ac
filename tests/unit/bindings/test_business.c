/* call.business: what the tables say of a business, at hand without a wait, and up to date. */
#include "unit/bindings/rows_story.h"

#include "base/clock.h"
#include "observe/log.h"

#define TELL "local b = call.business or {}\n"

/* Asked until it says so: what is known is refreshed beside. */
static void comes_to_say(
    struct world *world, const char *tenant, const char *body, const char *expected)
{
    char *text = NULL;
    world_load(world, tenant, body);
    for (uint64_t end_ms = clock_ms() + 20000; clock_ms() < end_ms;) {
        free(text);
        world_ask(world, tenant, CALL_A);
        text = world_answer(world);
        world_end_call(world, tenant, CALL_A); /* a call has so many tools only */
        if (strcmp(text, expected) == 0)
            break;
        world_run_for(world, 5);
    }
    assert_string_equal(text, expected);
    free(text);
}

static int clean(void **state)
{
    struct world *world = *state;
    world_clean(state);
    comes_to_say(world, "acme", "return call.business == nil", "true");
    return 0;
}

static void rows_come_in_the_profiles_shapes(void **state)
{
    struct world *world = *state;
    postgres_run(world->url,
        "insert into staff (tenant_id, name, place) values ('acme', 'Lee', 2), ('acme', 'Kim', 1);"
        "insert into business_hours (tenant_id, staff, weekday, opens, closes) values"
        " ('acme', null, 1, '13:00', '24:00'), ('acme', null, 1, '08:00', '12:00'), ('acme', null, "
        "5, '18:00', '02:00'), ('acme', 'Kim', 2, '08:00', '09:00');"
        "insert into services (tenant_id, name, minutes, price_text, place) values"
        " ('acme', 'perm', 60, '90 dollars', 2), ('acme', 'cut \"short\"', 30, null, 1), ('other', "
        "'x', 30, null, 1)");
    comes_to_say(world, "acme",
        TELL "return { b.hours or 0, b.services or 0, b.staff or 0, b.holidays == nil }",
        "[{\"friday\":[{\"close\":\"02:00\",\"open\":\"18:00\"}],\"monday\":[{\"close\":\"12:00\","
        "\"open\":\"08:00\"},{\"close\":\"24:00\",\"open\":\"13:00\"}]},[{\"minutes\":30,\"name\":"
        "\"cut \\\"short\\\"\"},{\"minutes\":60,\"name\":\"perm\",\"price\":\"90 dollars\"}],"
        "[\"Kim\",\"Lee\"],true]");
    comes_to_say(world, "other",
        TELL
        "local all = b.services or {} return { b.hours == nil, #all, all[1] and all[1].name or 0 }",
        "[true,1,\"x\"]");
}

/* One person's hours and days are not the business's. */
static void days_to_come_are_the_businesss(void **state)
{
    struct world *world = *state;
    postgres_run(world->url,
        "insert into staff (tenant_id, name) values ('acme', 'Kim');"
        "insert into business_hours (tenant_id, staff, weekday, opens, closes) values"
        " ('acme', 'Kim', 2, '08:00', '09:00');"
        "insert into holidays (tenant_id, staff, day, opens, closes, name) values"
        " ('acme', null, current_date + 1, null, null, 'Move'), ('acme', null, current_date + 2, "
        "'10:00', '11:00', null), ('acme', null, current_date + 3, null, null, null),"
        " ('acme', 'Kim', current_date + 4, null, null, 'away'), ('acme', null, current_date + "
        "300, null, null, 'far'), ('acme', null, current_date - 30, null, null, 'over')");
    comes_to_say(world, "acme",
        TELL "local days = {} for _, day in pairs(b.holidays or {}) do days[#days + 1] = "
             "type(day) == 'table' and day[1].open .. '-' .. day[1].close or tostring(day) end\n"
             "table.sort(days) return { b.hours == nil, days }",
        "[true,[\"10:00-11:00\",\"Move\",\"false\"]]");
}

static void what_is_known_stays_while_nothing_answers(void **state)
{
    struct world *world = *state;
    const char *ask = TELL "return b.services and b.services[1].name or 'none'";
    postgres_run(
        world->url, "insert into services (tenant_id, name, minutes) values ('acme', 'cut', 30)");
    comes_to_say(world, "acme", ask, "\"cut\"");
    postgres_run(world->url, "alter table services rename to gone");
    world_run_for(world, 100);
    expect(world, ask, "\"cut\"");
    postgres_run(
        world->url, "alter table gone rename to services; update services set name = 'dye'");
    comes_to_say(world, "acme", ask, "\"dye\"");
    postgres_run(world->url, "delete from services");
    comes_to_say(world, "acme", ask, "\"none\"");
}

static int set_up(void **state)
{
    return world_set_up(state, "bindings_business");
}

int main(void)
{
    log_set_level(LOG_ERROR);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(rows_come_in_the_profiles_shapes, clean),
        cmocka_unit_test_setup(days_to_come_are_the_businesss, clean),
        cmocka_unit_test_setup(what_is_known_stays_while_nothing_answers, clean),
    };
    return cmocka_run_group_tests(tests, set_up, world_tear_down);
}
