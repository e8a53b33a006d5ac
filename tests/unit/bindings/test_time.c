/* Time zones against libc's own reading of the same files, and the hours people get wrong: when clocks change. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bindings/zone_rule.h"
#include "unit/bindings/vm_story.h"

static void agrees_with_libc(void **state)
{
    static const char *const names[] = {"UTC", "America/New_York", "Europe/Berlin", "Europe/Dublin",
        "Asia/Kolkata", "Asia/Tehran", "Australia/Lord_Howe", "America/Sao_Paulo",
        "Africa/Casablanca", "Pacific/Apia", "America/St_Johns", "Pacific/Chatham"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct zones zones = {0};
        const struct zone *zone;
        assert_int_equal(zones_get(&zone, &zones, slice_from(names[i])), ERR_OK);
        setenv("TZ", names[i], 1);
        tzset();
        /* A day and a bit apart from 1970 to 2090: every season of every year, at drifting hours. */
        for (time_t at = 0; at < 3786912000; at += 100003) {
            struct tm tm;
            struct zone_moment moment;
            localtime_r(&at, &tm);
            zone_at(zone, at, &moment);
            if (moment.offset_s != tm.tm_gmtoff)
                print_message("%s at %lld: %d, libc %ld\n", names[i], (long long)at,
                    moment.offset_s, tm.tm_gmtoff);
            assert_int_equal(moment.offset_s, tm.tm_gmtoff);
        }
        zones_clear(&zones);
    }
    unsetenv("TZ");
    tzset();
}

static void names_are_checked(void **state)
{
    struct zones zones = {0};
    const struct zone *zone;
    static const char *const bad[] = {"", "../../etc/passwd", "/etc/localtime", "America",
        "No/Where", "America/New_York/x", "zone.tab"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_not_equal(zones_get(&zone, &zones, slice_from(bad[i])), ERR_OK);
    assert_int_equal(zones.count, 0);
}

static void rules_are_read(void **state)
{
    static const struct {
        const char *text;
        enum err err;
    } rules[] = {{"EST5EDT,M3.2.0,M11.1.0", ERR_OK}, {"<+0330>-3:30", ERR_OK},
        {"IST-1GMT0,M10.5.0,M3.5.0/1", ERR_OK}, {"<-02>2<-01>,M3.5.0/-1,M10.5.0/0", ERR_OK},
        {"UTC0", ERR_OK}, {"X5Y,J60,J300", ERR_OK}, {"", ERR_BAD}, {"EST", ERR_BAD},
        {"EST5EDT", ERR_BAD}, {"EST5EDT,M13.2.0,M11.1.0", ERR_BAD}, {"EST5EDT,M3.2.0", ERR_BAD},
        {"<+03", ERR_BAD}, {"EST5EDT,M3.2.0,M11.1.0x", ERR_BAD}, {"EST999", ERR_BAD}};
    struct zone_rule rule;
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
        assert_int_equal(zone_rule_parse(&rule, rules[i].text), rules[i].err);
}

static void clocks_change(void **state)
{
    /* New York, 2026: forward on 8 March at 2:00, back on 1 November at 2:00. */
    story_holds(*state,
        "local zone = 'America/New_York'\n"
        "local at = assert(time.parse('2026-03-08T01:59:59', zone))\n"
        "assert(time.at(zone, at).clock == '01:59' and time.at(zone, at + 1).clock == '03:00')\n"
        "local none, code = time.parse('2026-03-08T02:30', zone) assert(none == nil and code == "
        "'no_such_time')\n"
        "local first = time.parse('2026-11-01T01:30', zone)\n"
        "assert(time.at(zone, first).iso == '2026-11-01T01:30:00-04:00' and time.at(zone, first + "
        "3600).iso == '2026-11-01T01:30:00-05:00')\n"
        "assert(time.parse('2026-11-01T02:00', zone) - time.parse('2026-11-01T00:00', zone) == 3 * "
        "3600)\n"
        "assert(time.parse('2026-03-08T03:00', zone) - time.parse('2026-03-08T00:00', zone) == 2 * "
        "3600)");
}

static void wall_clock_is_complete(void **state)
{
    story_holds(*state, "local t = time.at('America/New_York', 1795878300)\n"
                        "assert(t.date == '2026-11-28' and t.clock == '10:05' and t.weekday == 6 "
                        "and t.weekday_name == 'Saturday')\n"
                        "assert(t.year == 2026 and t.month == 11 and t.day == 28 and t.hour == 10 "
                        "and t.minute == 5 and t.second == 0)\n"
                        "assert(t.offset_minutes == -300 and t.zone_name == 'EST' and t.iso == "
                        "'2026-11-28T10:05:00-05:00')\n"
                        "assert(time.at('Asia/Kolkata', 0).iso == '1970-01-01T05:30:00+05:30')\n"
                        "assert(math.abs(time.now() - time.parse(time.at('UTC').iso, 'UTC')) < 2)");
}

static void texts_are_parsed(void **state)
{
    story_holds(*state,
        "local zone = 'America/New_York'\n"
        "local noon = time.parse('2026-11-28T12:00', zone)\n"
        "assert(noon == time.parse('2026-11-28 12:00:00', zone) and noon == "
        "time.parse('2026-11-28T17:00:00.500Z', zone))\n"
        "assert(noon == time.parse('2026-11-28T18:00+01:00', zone) and noon == "
        "time.parse('2026-11-28T12:00-0500', zone))\n"
        "assert(time.format(noon, zone) == 'Saturday, November 28 at 12:00 PM')\n"
        "assert(time.format(noon, zone, '%H:%M on %d %b %Y, 100%%') == '12:00 on 28 Nov 2026, "
        "100%')\n"
        "for _, bad in ipairs{ '', 'tomorrow', '2026-02-29T10:00', '2026-13-01T10:00', "
        "'2026-11-28', '2026-11-28T24:00', '2026-11-28T10:60',\n"
        "  '2026-11-28T10:00x', '2026-11-28T10:00+25:00', '1969-01-01T00:00', '26-11-28T10:00' } "
        "do\n"
        "  local none, code = time.parse(bad, zone) assert(none == nil and code == 'bad_time', "
        "bad) end\n"
        "local day, name = time.weekday('2024-02-29') assert(day == 4 and name == 'Thursday')\n"
        "assert(time.weekday('2026-11-29') == 7 and time.weekday('2026-02-30') == nil)");
    story_fails(*state, "time.at('No/Where')", "'No/Where' is no time zone");
    story_fails(*state, "time.format(0, 'UTC', '%s')", "unknown conversion");
    story_fails(*state, "time.format(0, 'UTC', '%')", "unknown conversion");
    story_fails(*state, "time.at('UTC', 0 / 0)", "no time between");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agrees_with_libc),
        cmocka_unit_test(names_are_checked),
        cmocka_unit_test(rules_are_read),
        cmocka_unit_test_setup_teardown(clocks_change, story_setup, story_teardown),
        cmocka_unit_test_setup_teardown(wall_clock_is_complete, story_setup, story_teardown),
        cmocka_unit_test_setup_teardown(texts_are_parsed, story_setup, story_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
