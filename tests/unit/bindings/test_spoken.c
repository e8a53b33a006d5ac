/* scripts/tools/support: numbers, addresses and times as agents say them, and that call:hints reads each of them back; what has to be
   read back, by the tenant's policy. It is Friday 2099-11-20, ten in the morning, in New York. */
#include "unit/bindings/rows_story.h"

#include "observe/log.h"

#define FRIDAY_AT_TEN_MS 4098870000000u

static uint64_t wall_ms(void *owner)
{
    (void)owner;
    return FRIDAY_AT_TEN_MS;
}

static const struct {
    const char *call, *text;
} forms[] = {
    {"spoken.phone('+15550100001')", "555-010-0001"},
    {"spoken.phone('5550123')", "555-0123"},
    {"spoken.phone('+442079460001')", "+442 079 460 001"},
    {"spoken.phone('x')", "x"},
    {"spoken.email('jane.doe@example.com')", "jane dot doe at example dot com"},
    {"spoken.email('jx7@example.co.uk')", "j x 7 at example dot co dot uk"},
    {"spoken.email('mcdvrt_9@my-shop.com')", "m c d v r t underscore 9 at my dash shop dot com"},
    {"spoken.email('x')", "x"},
    {"spoken.clock(15, 30)", "half past three in the afternoon"},
    {"spoken.clock(15, 45)", "a quarter to four in the afternoon"},
    {"spoken.clock(8, 15)", "a quarter past eight in the morning"},
    {"spoken.clock(10, 0)", "ten o'clock in the morning"},
    {"spoken.clock(20, 0)", "eight o'clock in the evening"},
    {"spoken.clock(12, 0)", "noon"},
    {"spoken.clock(0, 0)", "midnight"},
    {"spoken.clock(12, 30)", "12:30 PM"},
    {"spoken.clock(0, 10)", "12:10 AM"},
    {"spoken.clock(9, 40)", "9:40 AM"},
    {"said('2099-11-20T16:00')", "today, at four o'clock in the afternoon"},
    {"said('2099-11-21T09:00')", "tomorrow, at nine o'clock in the morning"},
    {"said('2099-11-22T09:00')", "Sunday, November 22, at nine o'clock in the morning"},
    {"said('2099-11-24T15:30')", "next Tuesday, November 24, at half past three in the afternoon"},
    {"said('2099-12-01T15:30')", "Tuesday, December 1, at half past three in the afternoon"},
    {"said('2100-11-23T12:00')", "Tuesday, November 23, 2100, at noon"},
    /* The clocks go back on November 7 and forward on March 14. */
    {"said('2100-11-07T00:30')", "Sunday, November 7, 2100, at 12:30 AM"},
    {"said('2100-11-07T01:30')",
        "Sunday, November 7, 2100, at half past one in the morning, before the clocks go back"},
    {"said('2100-11-07T01:30-05:00')",
        "Sunday, November 7, 2100, at half past one in the morning, after the clocks go back"},
    {"said('2100-11-07T02:30')", "Sunday, November 7, 2100, at half past two in the morning"},
    {"said('2100-03-14T03:30')", "Sunday, March 14, at half past three in the morning"},
    {"spoken.no_such_time('2100-03-14T02:30')",
        "The clocks go forward on Sunday, March 14, so half past two in the morning does not exist "
        "that day."},
    {"spoken.no_such_time('soon')", "That time does not exist."},
};

static void agents_say_it_so(void **state)
{
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        char body[512], expected[256];
        snprintf(body, sizeof body,
            "local function said(start) return spoken.time(ZONE, time.parse(start, ZONE)) end\n"
            "return %s",
            forms[i].call);
        snprintf(expected, sizeof expected, "\"%s\"", forms[i].text);
        expect(*state, body, expected);
    }
}

/* Each half hour of six days, each other day of a year, and numbers and addresses of all kinds: what is asked is what is heard. */
static void what_is_asked_is_heard(void **state)
{
    expect(*state,
        "local start, lost = time.parse('2099-11-20T10:00', ZONE), {}\n"
        "for i = 1, 480 do\n"
        "  local at = i < 300 and start + i * 1800 or start + (i - 300) * 86400 * 2\n"
        "  if not is_heard(call, 'time', at) then lost[#lost + 1] = time.format(at, ZONE) end\n"
        "end\n"
        "return json.array(lost)",
        "[]");
    expect(*state,
        "local lost = json.array()\n"
        "for _, phone in ipairs({ '+15550100001', '5550123', '+12125550199', '+442079460001', "
        "'+4930123456' }) do\n"
        "  if not is_heard(call, 'phone', phone) then lost[#lost + 1] = phone end\n"
        "end\n"
        "for _, email in ipairs({ 'jane.doe@example.com', 'jx7@example.co.uk', "
        "'ann_lee@example.com', 'mcdvrt@example.com', 'a-b@example.org', 'bob99@my-shop.com' }) "
        "do\n"
        "  if not is_heard(call, 'email', email) then lost[#lost + 1] = email end\n"
        "end\n"
        "return lost",
        "[]");
}

static const struct {
    const char *profile, *kind, *policy;
} policies[] = {
    {"{}", "phone", "when_unsure"},
    {"{}", "email", "always"},
    {"{}", "time", "when_unsure"},
    {"{}", "name", "never"},
    {"{ collect = { { field = 'name', confirm = true } } }", "name", "when_unsure"},
    {"{ collect = { { field = 'email', confirm = true } } }", "email", "always"},
    {"{ confirmations = 'never' }", "email", "never"},
    {"{ confirmations = { name = 'always' } }", "name", "always"},
    {"{ confirmations = { name = 'always' } }", "phone", "when_unsure"},
};

static void policies_are_the_tenants(void **state)
{
    for (size_t i = 0; i < sizeof policies / sizeof *policies; i++) {
        char body[256], expected[64];
        snprintf(body, sizeof body, "return read_back.policy(%s, '%s')", policies[i].profile,
            policies[i].kind);
        snprintf(expected, sizeof expected, "\"%s\"", policies[i].policy);
        expect(*state, body, expected);
    }
}

static int set_up(void **state)
{
    char command[256];
    int failed =
        world_set_up_with(state, "bindings_spoken", (struct bindings_options){.wall_ms = wall_ms});
    struct world *world = *state;
    world->prelude =
        "local spoken = require('tools.support.spoken')\n"
        "local read_back = require('tools.support.read_back')\n"
        "local ZONE = 'America/New_York'\n"
        "local function is_heard(on, kind, value)\n"
        "  local call = { state = {}, turn = 1, history = {}, profile = { time_zone = ZONE, "
        "confirmations = { [kind] = 'always' } }, hints = function(_, text) return "
        "on:hints(text) end }\n"
        "  local answer = read_back.check(call, { [kind] = value })\n"
        "  call.history = { { role = 'agent', text = answer.say, turn = 1 } }\n"
        "  return read_back.check(call, { [kind] = value }) == nil\n"
        "end\n";
    snprintf(
        command, sizeof command, "cp -r '%s/scripts/tools' '%s'", SOURCE_DIR, world->folder.path);
    return failed || system(command);
}

int main(void)
{
    log_set_level(LOG_ERROR);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agents_say_it_so),
        cmocka_unit_test(what_is_asked_is_heard),
        cmocka_unit_test(policies_are_the_tenants),
    };
    return cmocka_run_group_tests(tests, set_up, world_tear_down);
}
