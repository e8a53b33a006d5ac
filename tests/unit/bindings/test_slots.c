/* When somebody works and what is free, as tables: profiles in, times out; and the days on which clocks change. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bindings/booking.h"

static struct zones zones;

static const struct zone *zone_named(const char *name)
{
    const struct zone *zone = NULL;
    assert_int_equal(zones_get(&zone, &zones, slice_from(name)), ERR_OK);
    return zone;
}

static int64_t instant(const struct zone *zone, const char *text)
{
    int64_t at_s = 0;
    if (wall_read_time(text, zone, &at_s))
        fail_msg("%s is no time", text);
    return at_s;
}

/* Profiles are written with ' for ". */
static enum err fill(struct schedule *schedule, const char *profile, char why[SCHEDULE_WHY_SIZE])
{
    char text[4096];
    snprintf(text, sizeof text, "%s", profile);
    for (char *at = text; *at; at++)
        if (*at == '\'')
            *at = '"';
    json_t *json = json_loads(text, 0, NULL);
    if (!json)
        fail_msg("no JSON: %s", text);
    why[0] = 0;
    enum err err = schedule_fill(schedule, json, NULL, why);
    json_decref(json);
    return err;
}

static void open_schedule(struct schedule *schedule, const char *profile)
{
    char why[SCHEDULE_WHY_SIZE];
    memset(schedule, 0, sizeof *schedule);
    if (fill(schedule, profile, why))
        fail_msg("%s", why);
    schedule->known_until_s = WALL_SECONDS_MAX;
}

/* Whoever is not of the staff keeps everybody busy. */
static void add_booking(struct schedule *schedule, const struct zone *zone, const char *from,
    const char *to, const char *staff)
{
    static struct schedule_booking bookings[16];
    int known = schedule_staff(schedule, slice_from(staff));
    schedule->bookings = bookings;
    bookings[schedule->booking_count++] = (struct schedule_booking){instant(zone, from),
        instant(zone, to), known == SCHEDULE_NOBODY ? SCHEDULE_ALL : 1u << known};
}

/* --- profiles --- */

static void profiles_are_read(void **state)
{
    static const struct {
        const char *profile, *why; /* NULL: fine */
    } rows[] = {
        {"{}", NULL},
        {"{'hours':{'monday':{'open':'08:00','close':'17:00'}}}", NULL},
        {"{'hours':{'monday':[{'open':'08:00','close':'12:00'},{'open':'13:00','close':'17:00'}],"
         "'sunday':false,'saturday':{}}}",
            NULL},
        {"{'hours':{'friday':{'open':'18:00','close':'02:00'}}}", NULL},
        {"{'hours':{'friday':{'open':'00:00','close':'24:00'}}}", NULL},
        {"{'staff':['Kim',{'name':'Lee','hours':{'monday':{'open':'10:00','close':'12:00'}}}],"
         "'services':[{'name':'cut','minutes':30,'buffer_minutes':10,'staff':['kim']}]}",
            NULL},
        {"{'holidays':{'2026-12-25':'Christmas','2026-12-24':{'open':'08:00','close':'12:00',"
         "'name':'Christmas Eve'},'2026-12-31':[{'open':'08:00','close':'12:00'}],"
         "'2027-01-01':false}}",
            NULL},
        {"{'hours':[1]}", "profile.hours must be a table of days"},
        {"{'hours':{'monday':{'open':'8','close':'17:00'}}}",
            "profile.hours.monday must be like { open = \"08:00\", close = \"17:00\" }"},
        {"{'hours':{'monday':'08:00-17:00'}}", "profile.hours.monday must be like"},
        {"{'hours':{'monday':{'open':'24:00','close':'17:00'}}}", "profile.hours.monday"},
        {"{'hours':{'monday':{'open':'08:00','close':'25:00'}}}", "profile.hours.monday"},
        {"{'hours':{'monday':{'open':'08:60','close':'17:00'}}}", "profile.hours.monday"},
        {"{'staff':'Kim'}", "profile.staff must be a list"},
        {"{'staff':['any']}", "profile.staff[1] must be a name"},
        {"{'staff':['Kim',7]}", "profile.staff[2] must be a name"},
        {"{'staff':[{'name':'Kim','hours':{'monday':1}}]}", "profile.staff[1].monday must be"},
        {"{'services':['cut',{'name':'dye'}]}", NULL},
        {"{'services':[{'minutes':30}]}", "profile.services[1] must be like"},
        {"{'services':[{'name':'cut','minutes':'30'}]}", "profile.services[1] must be like"},
        {"{'services':[{'name':'cut','minutes':0}]}", "profile.services[1] must be like"},
        {"{'services':[{'name':'cut','minutes':1441}]}", "profile.services[1] must be like"},
        {"{'services':{'cut':30}}", "profile.services must be a list"},
        {"{'holidays':['2026-12-25']}", "profile.holidays must be a table of days"},
        {"{'holidays':{'12-25':'x'}}", "profile.holidays[\"12-25\"] is no date"},
        {"{'holidays':{'2026-02-30':'x'}}", "profile.holidays[\"2026-02-30\"] is no date"},
        {"{'holidays':{'2026-12-25':1}}", "profile.holidays[\"2026-12-25\"] must be a name"},
        {"{'slot_minutes':4}", "profile.slot_minutes must be from 5 to 240"},
        {"{'slot_minutes':'15'}", "profile.slot_minutes must be from 5 to 240"},
    };
    static struct schedule schedule;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char why[SCHEDULE_WHY_SIZE];
        memset(&schedule, 0, sizeof schedule);
        enum err err = fill(&schedule, rows[i].profile, why);
        if (err != (rows[i].why ? ERR_BAD : ERR_OK) || (err && !strstr(why, rows[i].why)))
            fail_msg("%s: %s \"%s\"", rows[i].profile, err_name(err), why);
        schedule_clear(&schedule);
    }
}

static void a_profile_has_an_end(void **state)
{
    static struct schedule schedule;
    char profile[4096] = "{'staff':[", why[SCHEDULE_WHY_SIZE];
    for (int i = 0; i <= SCHEDULE_STAFF_MAX; i++)
        snprintf(profile + strlen(profile), sizeof profile - strlen(profile), "%s'p%d'",
            i ? "," : "", i);
    snprintf(profile + strlen(profile), sizeof profile - strlen(profile), "]}");
    memset(&schedule, 0, sizeof schedule);
    assert_int_equal(fill(&schedule, profile, why), ERR_FULL);
    assert_string_equal(why, "more than 32 members of staff");
}

/* --- hours --- */

#define SHOP                                                                                       \
    "{'hours':{'monday':[{'open':'13:00','close':'17:00'},{'open':'08:00','close':'12:00'}],"      \
    "'friday':{'open':'18:00','close':'02:00'},'saturday':{'open':'00:00','close':'03:00'}},"      \
    "'staff':['Kim',{'name':'Lee','hours':{'monday':{'open':'10:00','close':'20:00'}}}],"          \
    "'holidays':{'2026-12-25':'Christmas','2026-12-28':{'open':'09:00','close':'10:00'}}}"

static void days_have_hours(void **state)
{
    static const struct {
        const char *date, *staff, *expected;
    } rows[] = {
        {"2026-11-23", "", "480-720 780-1020"},
        {"2026-11-24", "", ""},
        {"2026-11-27", "", "1080-1560"},
        {"2026-11-23", "Kim", "480-720 780-1020"},
        {"2026-11-23", "Lee", "600-1200"},
        {"2026-11-27", "Lee", ""}, /* whoever has own hours has no others */
        {"2026-12-25", "", "[Christmas]"},
        {"2026-12-25", "Lee", "[Christmas]"},
        {"2026-12-28", "", "540-600 []"},
        {"2026-12-28", "Lee", "540-600 []"},
    };
    static struct schedule schedule;
    open_schedule(&schedule, SHOP);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct day_span spans[OPENING_DAY_SPANS_MAX];
        const char *rest, *holiday;
        char text[200] = "";
        int32_t day;
        assert_int_equal(wall_read_date(rows[i].date, &rest, &day), ERR_OK);
        size_t count = opening_of_day(
            spans, &schedule, schedule_staff(&schedule, slice_from(rows[i].staff)), day, &holiday);
        for (size_t n = 0; n < count; n++)
            snprintf(text + strlen(text), sizeof text - strlen(text), "%s%d-%d", n ? " " : "",
                spans[n].open_min, spans[n].close_min);
        if (holiday)
            snprintf(text + strlen(text), sizeof text - strlen(text), "%s[%s]", count ? " " : "",
                holiday);
        if (strcmp(text, rows[i].expected) != 0)
            fail_msg("%s %s: %s", rows[i].date, rows[i].staff, text);
    }
}

/* Seconds that the business is open around a day: spans past midnight are joined, and clocks change on some days. */
static void days_have_lengths(void **state)
{
    static const struct {
        const char *zone, *hours, *date;
        double expected_h;
    } rows[] = {
        {"America/New_York", "{'open':'00:00','close':'24:00'}", "2026-11-28", 72},
        {"America/New_York", "{'open':'00:00','close':'24:00'}", "2026-03-08", 71},
        {"America/New_York", "{'open':'00:00','close':'24:00'}", "2026-11-01", 73},
        {"Europe/Berlin", "{'open':'00:00','close':'24:00'}", "2026-03-29", 71},
        {"Europe/Berlin", "{'open':'00:00','close':'24:00'}", "2026-10-25", 73},
        {"Australia/Lord_Howe", "{'open':'00:00','close':'24:00'}", "2026-10-04", 71.5},
        {"America/New_York", "{'open':'22:00','close':'04:00'}", "2026-11-28", 18},
        {"America/New_York", "{'open':'22:00','close':'04:00'}", "2026-03-08", 17},
        {"America/New_York", "{'open':'22:00','close':'04:00'}", "2026-11-01", 19},
        /* 02:00 to 03:00 is skipped: what begins or ends in it does so at the change */
        {"America/New_York", "{'open':'02:00','close':'03:00'}", "2026-03-08", 2},
        {"America/New_York", "{'open':'02:30','close':'04:00'}", "2026-03-08", 4},
        {"America/New_York", "{'open':'01:00','close':'02:30'}", "2026-03-08", 4},
        /* 01:00 to 02:00 comes twice: the first counts */
        {"America/New_York", "{'open':'01:00','close':'01:30'}", "2026-11-01", 1.5},
        {"America/New_York", "{'open':'01:30','close':'02:00'}", "2026-11-01", 2.5},
    };
    static struct schedule schedule;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct opening_span spans[OPENING_SPANS_MAX];
        char profile[1024] = "{'hours':{";
        const char *rest;
        int32_t day;
        int64_t sum_s = 0;
        for (int d = 0; d < 7; d++)
            snprintf(profile + strlen(profile), sizeof profile - strlen(profile), "%s'%c%s':%s",
                d ? "," : "", wall_weekdays[d][0] + 32, wall_weekdays[d] + 1, rows[i].hours);
        snprintf(profile + strlen(profile), sizeof profile - strlen(profile), "}}");
        open_schedule(&schedule, profile);
        assert_int_equal(wall_read_date(rows[i].date, &rest, &day), ERR_OK);
        size_t count = opening_of_days(
            spans, &schedule, zone_named(rows[i].zone), SCHEDULE_NOBODY, day - 1, 3);
        for (size_t n = 0; n < count; n++)
            sum_s += spans[n].close_s - spans[n].open_s;
        if ((double)sum_s / 3600 != rows[i].expected_h)
            fail_msg("%s %s %s: %.2f h", rows[i].zone, rows[i].hours, rows[i].date,
                (double)sum_s / 3600);
    }
}

/* --- slots --- */

static void expect_slots(const struct schedule *schedule, const struct zone *zone,
    const struct slots_wish *wish, const char *expected)
{
    struct slot slots[SLOTS_MAX];
    char text[2048] = "";
    size_t count = slots_find(slots, schedule, zone, wish);
    for (size_t i = 0; i < count; i++) {
        char stamp[WALL_STAMP_SIZE];
        int64_t back_s;
        wall_write_stamp(stamp, zone, slots[i].start_s);
        assert_int_equal(wall_read_time(stamp, zone, &back_s), ERR_OK);
        assert_int_equal(back_s, slots[i].start_s);
        snprintf(text + strlen(text), sizeof text - strlen(text), "%s%s%s%s", i ? " " : "",
            stamp + 8, schedule->staff_count ? "/" : "",
            schedule->staff_count ? schedule_staff_name(schedule, slots[i].staff) : "");
    }
    if (strcmp(text, expected) != 0)
        fail_msg("from %lld:\n  %s\nnot %s", (long long)wish->from_s, text, expected);
}

static void slots_are_spans_minus_bookings(void **state)
{
    static const char office[] = "{'hours':{'monday':[{'open':'08:00','close':'10:00'},"
                                 "{'open':'13:10','close':'14:40'}],"
                                 "'tuesday':{'open':'08:00','close':'09:00'}}}";
    static const struct {
        const char *from;
        unsigned days, minutes, buffer;
        enum slots_part part;
        unsigned limit;
        const char *bookings[6]; /* from, to, … */
        const char *expected;
    } rows[] = {
        {"2026-11-23T00:00", 1, 30, 0, 0, 9, {0},
            "23T08:00 23T08:30 23T09:00 23T09:30 23T13:30 23T14:00"},
        {"2026-11-23T00:00", 1, 60, 0, 0, 9, {0}, "23T08:00 23T08:30 23T09:00 23T13:30"},
        {"2026-11-23T00:00", 1, 120, 0, 0, 9, {0}, "23T08:00"},
        {"2026-11-23T00:00", 1, 121, 0, 0, 9, {0}, ""},
        {"2026-11-23T00:00", 1, 30, 0, SLOTS_AFTERNOON, 9, {0}, "23T13:30 23T14:00"},
        {"2026-11-23T00:00", 2, 30, 0, SLOTS_MORNING, 9, {0},
            "23T08:00 23T08:30 23T09:00 23T09:30 24T08:00 24T08:30"},
        {"2026-11-23T00:00", 2, 30, 0, SLOTS_EVENING, 9, {0}, ""},
        {"2026-11-23T00:00", 60, 60, 0, 0, 3, {0}, "23T08:00 23T08:30 23T09:00"},
        /* from the middle of a step on, and a second past one */
        {"2026-11-23T08:10", 1, 30, 0, 0, 3, {0}, "23T08:30 23T09:00 23T09:30"},
        {"2026-11-23T08:30", 1, 30, 0, 0, 3, {0}, "23T08:30 23T09:00 23T09:30"},
        {"2026-11-23T08:30:01", 1, 30, 0, 0, 3, {0}, "23T09:00 23T09:30 23T13:30"},
        {"2026-11-24T00:00", 6, 60, 0, 0, 9, {0}, "24T08:00"},
        {"2026-11-25T00:00", 5, 30, 0, 0, 9, {0}, ""},
        {"2026-11-25T00:00", 6, 60, 0, 0, 2, {0}, "30T08:00 30T08:30"},
        /* touching is free, overlapping is not */
        {"2026-11-23T00:00", 1, 30, 0, 0, 9, {"2026-11-23T08:30", "2026-11-23T09:00"},
            "23T08:00 23T09:00 23T09:30 23T13:30 23T14:00"},
        {"2026-11-23T00:00", 1, 30, 0, 0, 9, {"2026-11-23T08:20", "2026-11-23T08:40"},
            "23T09:00 23T09:30 23T13:30 23T14:00"},
        {"2026-11-23T00:00", 1, 30, 0, 0, 9,
            {"2026-11-22T20:00", "2026-11-23T09:10", "2026-11-23T08:00", "2026-11-23T08:10",
                "2026-11-23T13:00", "2026-11-23T15:00"},
            "23T09:30"},
        /* a buffer needs the time behind it, not the opening hours there */
        {"2026-11-23T00:00", 1, 30, 15, 0, 9, {"2026-11-23T09:00", "2026-11-23T09:30"},
            "23T08:00 23T09:30 23T13:30 23T14:00"},
        {"2026-11-23T00:00", 1, 60, 60, 0, 9, {0}, "23T08:00 23T08:30 23T09:00 23T13:30"},
    };
    static struct schedule schedule;
    const struct zone *zone = zone_named("America/New_York");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        open_schedule(&schedule, office);
        for (size_t n = 0; n < 6 && rows[i].bookings[n]; n += 2)
            add_booking(&schedule, zone, rows[i].bookings[n], rows[i].bookings[n + 1], "");
        struct slots_wish wish = {instant(zone, rows[i].from), rows[i].days, rows[i].minutes,
            rows[i].buffer, SCHEDULE_ALL, rows[i].part, rows[i].limit};
        expect_slots(&schedule, zone, &wish, rows[i].expected);
    }
}

#define NIGHT                                                                                      \
    "{'slot_minutes':%u,'hours':{'saturday':{'open':'23:00','close':'06:00'},"                     \
    "'sunday':{'open':'23:00','close':'24:00'}}}"

static void slots_follow_the_clock(void **state)
{
    static const struct {
        const char *zone, *from;
        unsigned step, minutes, limit;
        const char *expected;
    } rows[] = {
        /* 02:00 does not exist on the 8th of March */
        {"America/New_York", "2026-03-08T00:00", 30, 30, 6,
            "08T00:00 08T00:30 08T01:00 08T01:30 08T03:00 08T03:30"},
        {"America/New_York", "2026-03-07T23:00", 60, 60, 6,
            "07T23:00 08T00:00 08T01:00 08T03:00 08T04:00 08T05:00"},
        /* an hour and a half from 01:30 on ends at 04:00 */
        {"America/New_York", "2026-03-08T01:30", 90, 90, 9, "08T01:30 08T03:00 08T04:30"},
        {"America/New_York", "2026-03-08T00:00", 240, 30, 9, "08T00:00 08T04:00"},
        /* 01:00 to 02:00 comes twice on the 1st of November: so do its times, told apart by their offset */
        {"America/New_York", "2026-11-01T00:30", 30, 30, 7,
            "01T00:30 01T01:00 01T01:30 01T01:00-05:00 01T01:30-05:00 01T02:00 01T02:30"},
        {"America/New_York", "2026-11-01T00:30", 60, 60, 4,
            "01T01:00 01T01:00-05:00 01T02:00 01T03:00"},
        {"America/New_York", "2026-11-01T01:30-05:00", 30, 30, 2, "01T01:30-05:00 01T02:00"},
        {"America/New_York", "2026-11-01T00:00", 240, 60, 9, "01T00:00 01T04:00"},
        {"Europe/Berlin", "2026-03-29T01:00", 30, 30, 4, "29T01:00 29T01:30 29T03:00 29T03:30"},
        {"Europe/Berlin", "2026-10-25T01:30", 30, 30, 5,
            "25T01:30 25T02:00 25T02:30 25T02:00+01:00 25T02:30+01:00"},
        /* half an hour only: from 02:00 to 02:30, and from 02:00 back to 01:30 */
        {"Australia/Lord_Howe", "2026-10-04T01:00", 30, 30, 4,
            "04T01:00 04T01:30 04T02:30 04T03:00"},
        {"Australia/Lord_Howe", "2026-10-04T01:00", 60, 30, 3, "04T01:00 04T03:00 04T04:00"},
        {"Australia/Lord_Howe", "2026-04-05T01:00", 30, 30, 4,
            "05T01:00 05T01:30 05T01:30+10:30 05T02:00"},
        /* over midnight, from one day's hours into the next day's */
        {"America/New_York", "2026-12-05T22:00", 30, 120, 3, "05T23:00 05T23:30 06T00:00"},
    };
    static struct schedule schedule;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char profile[512];
        const struct zone *zone = zone_named(rows[i].zone);
        snprintf(profile, sizeof profile, NIGHT, rows[i].step);
        open_schedule(&schedule, profile);
        struct slots_wish wish = {instant(zone, rows[i].from), 2, rows[i].minutes, 0, SCHEDULE_ALL,
            SLOTS_WHOLE_DAY, rows[i].limit};
        expect_slots(&schedule, zone, &wish, rows[i].expected);
    }
}

static void somebody_is_free(void **state)
{
    static const char salon[] =
        "{'hours':{'monday':{'open':'08:00','close':'10:00'}},"
        "'staff':['Kim',{'name':'Lee','hours':{'monday':{'open':'09:00','close':'11:00'}}}],"
        "'services':[{'name':'cut','minutes':60},{'name':'dye','minutes':60,'staff':['Lee']}]}";
    static const struct {
        const char *service, *staff;
        const char *bookings[6]; /* from, to, staff */
        const char *expected;
    } rows[] = {
        {"cut", "", {0}, "23T08:00/Kim 23T08:30/Kim 23T09:00/Kim 23T09:30/Lee 23T10:00/Lee"},
        {"CUT", "lee", {0}, "23T09:00/Lee 23T09:30/Lee 23T10:00/Lee"},
        {"dye", "", {0}, "23T09:00/Lee 23T09:30/Lee 23T10:00/Lee"},
        {"cut", "", {"2026-11-23T09:00", "2026-11-23T10:00", "Kim"},
            "23T08:00/Kim 23T09:00/Lee 23T09:30/Lee 23T10:00/Lee"},
        {"cut", "",
            {"2026-11-23T08:00", "2026-11-23T10:00", "Kim", "2026-11-23T09:00", "2026-11-23T10:00",
                "Lee"},
            "23T10:00/Lee"},
        /* one for whoever is free keeps both busy */
        {"cut", "", {"2026-11-23T08:30", "2026-11-23T10:00", "any"}, "23T10:00/Lee"},
    };
    static struct schedule schedule;
    const struct zone *zone = zone_named("America/New_York");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct booking_terms terms;
        open_schedule(&schedule, salon);
        for (size_t n = 0; n < 6 && rows[i].bookings[n]; n += 3)
            add_booking(&schedule, zone, rows[i].bookings[n], rows[i].bookings[n + 1],
                rows[i].bookings[n + 2]);
        assert_int_equal(booking_find_terms(&terms, &schedule, slice_from(rows[i].service),
                             slice_from(rows[i].staff)),
            BOOKING_FREE);
        struct slots_wish wish = {instant(zone, "2026-11-23T00:00"), 1, terms.minutes, 0,
            terms.staff_mask, SLOTS_WHOLE_DAY, 9};
        expect_slots(&schedule, zone, &wish, rows[i].expected);
    }
}

/* What could not be read is not offered. */
static void slots_end_where_bookings_are_not_known(void **state)
{
    static struct schedule schedule;
    const struct zone *zone = zone_named("America/New_York");
    open_schedule(&schedule, "{'hours':{'monday':{'open':'08:00','close':'12:00'}}}");
    schedule.known_until_s = instant(zone, "2026-11-23T09:00");
    struct slots_wish wish = {
        instant(zone, "2026-11-23T00:00"), 60, 30, 0, SCHEDULE_ALL, SLOTS_WHOLE_DAY, SLOTS_MAX};
    expect_slots(&schedule, zone, &wish, "23T08:00 23T08:30");
}

/* Free by the words of slots.h, looked at from the beginning: the hours cover it, and no booking touches it. */
static uint32_t free_by_definition(const struct schedule *schedule, const struct zone *zone,
    int64_t start_s, const struct slots_wish *wish)
{
    uint32_t free = 0;
    int64_t end_s = start_s + wish->minutes * 60, busy_end_s = end_s + wish->buffer_minutes * 60;
    for (int staff = 0; staff < (int)schedule->staff_count; staff++) {
        struct opening_span spans[OPENING_SPANS_MAX];
        size_t count =
            opening_of_days(spans, schedule, zone, staff, wall_day(zone, start_s) - 1, 3);
        bool is_free = opening_covers(spans, count, start_s, end_s);
        for (size_t i = 0; i < schedule->booking_count; i++)
            if (schedule->bookings[i].staff_mask >> staff & 1 &&
                schedule->bookings[i].start_s < busy_end_s && schedule->bookings[i].end_s > start_s)
                is_free = false;
        free |= is_free ? 1u << staff : 0;
    }
    return free;
}

static int earlier(const void *a, const void *b)
{
    const struct schedule_booking *one = a, *other = b;
    return (one->start_s > other->start_s) - (one->start_s < other->start_s);
}

/* Short ones, long ones, leaves of weeks. */
static size_t make_bookings(struct schedule_booking *out, size_t most, int64_t from_s)
{
    static const int64_t lengths_s[] = {900, 1800, 7200, 86400, 10 * 86400};
    size_t count = (size_t)rand() % most;
    for (size_t i = 0; i < count; i++) {
        int64_t start_s = from_s - 86400 + rand() % (5 * 96) * 900;
        out[i] = (struct schedule_booking){
            start_s, start_s + lengths_s[rand() % 5 * (rand() % 2)], 1u << rand() % 4};
    }
    qsort(out, count, sizeof *out, earlier);
    return count;
}

/* The walk, which forgets what is over, finds what the definition says. */
static void the_walk_forgets_nothing_it_needs(void **state)
{
    static struct schedule schedule;
    static struct schedule_booking bookings[60];
    const struct zone *zone = zone_named("America/New_York");
    open_schedule(&schedule,
        "{'hours':{'saturday':{'open':'08:00','close':'02:00'},'sunday':[{'open':'00:00','close':"
        "'03:30'},{'open':'03:30','close':'12:00'}],'monday':{'open':'00:00','close':'24:00'}},"
        "'staff':['a','b',{'name':'c','hours':{'sunday':{'open':'01:00','close':'01:00'}}},'d']}");
    schedule.bookings = bookings;
    srand(7);
    for (unsigned round = 0; round < 200; round++) {
        int64_t from_s = instant(zone, round % 2 ? "2026-10-31T07:10" : "2026-03-07T00:00");
        schedule.booking_count = make_bookings(bookings, 1 + round % 60, from_s);
        struct slots_wish wish = {
            from_s, 3, 30u << round % 4, round % 3 * 45, SCHEDULE_ALL, SLOTS_WHOLE_DAY, SLOTS_MAX};
        struct slot slots[SLOTS_MAX];
        size_t count = slots_find(slots, &schedule, zone, &wish), found = 0;
        int32_t first = wall_day(zone, from_s);
        for (int64_t at_s = from_s; wall_day(zone, at_s) < first + 3 && found < SLOTS_MAX;
             at_s += 60) {
            uint32_t free = wall_minutes(zone, at_s) % 30
                                ? 0
                                : free_by_definition(&schedule, zone, at_s, &wish);
            if (free && (found >= count || slots[found].start_s != at_s ||
                            slots[found].staff != slots_first(free)))
                fail_msg("round %u: slot %zu", round, found);
            found += free != 0;
        }
        assert_int_equal(found, count);
    }
}

/* --- decisions --- */

static void wishes_are_judged(void **state)
{
    static const char salon[] =
        "{'hours':{'monday':{'open':'08:00','close':'10:00'}},'staff':['Kim','Lee'],"
        "'services':[{'name':'cut','minutes':60},{'name':'dye','minutes':30,'staff':['Lee']},"
        "{'name':'wax','minutes':30,'staff':['Gone']}]}";
    static const struct {
        const char *service, *staff, *start;
        enum booking_verdict expected;
        const char *who;
    } rows[] = {
        {"cut", "", "2026-11-23T08:00", BOOKING_FREE, "Kim"},
        {"cut", "any", "2026-11-23T08:10", BOOKING_FREE, "Kim"}, /* off the grid is fine */
        {"cut", "", "2026-11-23T09:00", BOOKING_FREE, "Lee"},
        {" Cut ", "Kim", "2026-11-23T09:00", BOOKING_TAKEN, NULL},
        {"cut", "", "2026-11-23T09:01", BOOKING_CLOSED, NULL},
        {"cut", "", "2026-11-24T08:00", BOOKING_CLOSED, NULL},
        {"cut", "", "2026-11-16T08:00", BOOKING_PAST, NULL},
        {"cut", "", "2026-11-20T12:00", BOOKING_PAST, NULL},
        {"dye", "", "2026-11-23T08:00", BOOKING_FREE, "Lee"},
        {"dye", "Kim", "2026-11-23T08:00", BOOKING_WRONG_STAFF, NULL},
        {"cut", "Joe", "2026-11-23T08:00", BOOKING_UNKNOWN_STAFF, NULL},
        {"perm", "", "2026-11-23T08:00", BOOKING_UNKNOWN_SERVICE, NULL},
        {"wax", "", "2026-11-23T08:00", BOOKING_CLOSED, NULL}, /* nobody does it any more */
        {"", "", "2026-11-23T09:30", BOOKING_FREE, "Lee"},
    };
    static struct schedule schedule;
    const struct zone *zone = zone_named("America/New_York");
    open_schedule(&schedule, salon);
    add_booking(&schedule, zone, "2026-11-23T09:30", "2026-11-23T10:00", "Kim");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct booking_terms terms;
        int staff = SCHEDULE_NOBODY;
        enum booking_verdict verdict = booking_find_terms(
            &terms, &schedule, slice_from(rows[i].service), slice_from(rows[i].staff));
        if (verdict == BOOKING_FREE)
            verdict = booking_decide(&staff, &schedule, zone, &terms, instant(zone, rows[i].start),
                instant(zone, "2026-11-20T12:00"));
        if (verdict != rows[i].expected)
            fail_msg("row %zu: %s", i, booking_code(verdict));
        if (rows[i].who)
            assert_string_equal(schedule_staff_name(&schedule, staff), rows[i].who);
    }
}

static int clear_zones(void **state)
{
    zones_clear(&zones);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(profiles_are_read),
        cmocka_unit_test(a_profile_has_an_end),
        cmocka_unit_test(days_have_hours),
        cmocka_unit_test(days_have_lengths),
        cmocka_unit_test(slots_are_spans_minus_bookings),
        cmocka_unit_test(slots_follow_the_clock),
        cmocka_unit_test(somebody_is_free),
        cmocka_unit_test(the_walk_forgets_nothing_it_needs),
        cmocka_unit_test(slots_end_where_bookings_are_not_known),
        cmocka_unit_test(wishes_are_judged),
    };
    return cmocka_run_group_tests(tests, NULL, clear_zones);
}
