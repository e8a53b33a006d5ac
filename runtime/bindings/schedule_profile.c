/* A schedule from the `profile` of agent.lua (docs/scripting.md, calendar). Faults name the place: "profile.hours.monday". */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "bindings/schedule.h"

#define STEP_MINUTES 30
#define STEP_MINUTES_MIN 5
#define STEP_MINUTES_MAX 240
#define DAY_MINUTES 1440

static enum err bad(char why[SCHEDULE_WHY_SIZE], const char *where, const char *what)
{
    snprintf(why, SCHEDULE_WHY_SIZE, "profile.%s %s", where, what);
    return ERR_BAD;
}

static struct slice text_of(const json_t *value)
{
    return (struct slice){json_string_value(value), json_string_length(value)};
}

/* Of "Kim" and { name = "Kim" }. */
static struct slice name_of(const json_t *value)
{
    return text_of(json_is_string(value) ? value : json_object_get(value, "name"));
}

static enum err read_span(
    struct day_span *out, const json_t *value, const char *where, char why[SCHEDULE_WHY_SIZE])
{
    unsigned open_min, close_min;
    const json_t *open = json_object_get(value, "open"), *close = json_object_get(value, "close");
    if (wall_read_minutes(text_of(open), &open_min) ||
        wall_read_minutes(text_of(close), &close_min) || open_min == DAY_MINUTES)
        return bad(why, where, "must be like { open = \"08:00\", close = \"17:00\" }");
    *out = schedule_day_span(open_min, close_min);
    return ERR_OK;
}

/* --- hours --- */

static enum err take_day(struct schedule *schedule, int staff, int weekday, const json_t *value,
    const char *where, char why[SCHEDULE_WHY_SIZE])
{
    const json_t *item;
    struct day_span span;
    size_t i;
    enum err err = ERR_OK;
    if (!json_is_array(value)) {
        err = read_span(&span, value, where, why);
        return err ? err : schedule_add_span(schedule, staff, weekday, span, why);
    }
    json_array_foreach(value, i, item)
    {
        if (!err)
            err = read_span(&span, item, where, why);
        if (!err)
            err = schedule_add_span(schedule, staff, weekday, span, why);
    }
    return err;
}

static bool is_closed(const json_t *value)
{
    return !value || json_is_false(value) || (json_is_object(value) && !json_object_size(value));
}

static enum err take_hours(struct schedule *schedule, int staff, const json_t *hours,
    const char *where, char why[SCHEDULE_WHY_SIZE])
{
    enum err err = ERR_OK;
    if (hours && !json_is_object(hours))
        return bad(why, where, "must be a table of days");
    for (int weekday = 1; !err && weekday <= 7; weekday++) {
        char name[16], place[64];
        snprintf(name, sizeof name, "%s", wall_weekdays[weekday - 1]);
        name[0] = (char)tolower((unsigned char)name[0]);
        snprintf(place, sizeof place, "%s.%s", where, name);
        const json_t *value = json_object_get(hours, name);
        if (!is_closed(value))
            err = take_day(schedule, staff, weekday, value, place, why);
    }
    return err;
}

static bool has_business_hours(const struct schedule *schedule)
{
    for (size_t i = 0; i < schedule->span_count; i++)
        if (schedule->spans[i].staff == SCHEDULE_NOBODY)
            return true;
    return false;
}

/* --- staff and services --- */

static enum err take_person(
    struct schedule *schedule, const json_t *person, size_t number, char why[SCHEDULE_WHY_SIZE])
{
    char where[32];
    snprintf(where, sizeof where, "staff[%zu]", number);
    struct slice name = name_of(person);
    if (!name.len || name.len >= SCHEDULE_NAME_SIZE || slice_is_nocase(name, SCHEDULE_ANY))
        return bad(why, where, "must be a name, or { name = \"Kim\", hours = { … } }");
    enum err err = schedule_add_staff(schedule, name, why);
    const json_t *hours = json_object_get(person, "hours");
    if (!err && hours) {
        schedule->staff[schedule->staff_count - 1].has_own_hours = true;
        err = take_hours(schedule, (int)schedule->staff_count - 1, hours, where, why);
    }
    return err;
}

static bool is_list(const json_t *value)
{ /* Lua's empty table is an empty object */
    return json_is_array(value) || (json_is_object(value) && !json_object_size(value));
}

enum err schedule_take_profile_staff(
    struct schedule *schedule, const json_t *profile, char why[SCHEDULE_WHY_SIZE])
{
    const json_t *staff = json_object_get(profile, "staff"), *person;
    size_t i;
    enum err err = ERR_OK;
    if (staff && !is_list(staff))
        return bad(why, "staff", "must be a list");
    json_array_foreach(staff, i, person) if (!err) err = take_person(schedule, person, i + 1, why);
    return err;
}

static bool read_minutes(const json_t *value, int least, unsigned *out)
{
    if (!json_is_number(value) || json_number_value(value) < least ||
        json_number_value(value) > DAY_MINUTES)
        return false;
    *out = (unsigned)json_number_value(value);
    return true;
}

/* Names that are nobody's are passed over: the staff may be that of the tenant's rows. */
static enum err read_mask(uint32_t *mask, const struct schedule *schedule, const json_t *names,
    const char *where, char why[SCHEDULE_WHY_SIZE])
{
    const json_t *name;
    size_t i;
    *mask = 0;
    if (!is_list(names))
        return bad(why, where, "staff must be a list of names");
    json_array_foreach(names, i, name)
    {
        int staff = schedule_staff(schedule, text_of(name));
        if (staff != SCHEDULE_NOBODY)
            *mask |= 1u << staff;
    }
    return ERR_OK;
}

/* A name alone is as good as a service of one step: some businesses list what they do without timing it. */
static enum err take_service(
    struct schedule *schedule, const json_t *value, size_t number, char why[SCHEDULE_WHY_SIZE])
{
    char where[32];
    struct schedule_service service = {
        .minutes = schedule->step_minutes, .staff_mask = SCHEDULE_ALL};
    snprintf(where, sizeof where, "services[%zu]", number);
    const json_t *minutes = json_object_get(value, "minutes"),
                 *buffer = json_object_get(value, "buffer_minutes"),
                 *staff = json_object_get(value, "staff");
    struct slice name = name_of(value);
    if (!name.len || !slice_copy(name, service.name, sizeof service.name) ||
        (minutes && !read_minutes(minutes, 1, &service.minutes)) ||
        (buffer && !read_minutes(buffer, 0, &service.buffer_minutes)))
        return bad(why, where, "must be like { name = \"cleaning\", minutes = 30 }");
    enum err err = staff ? read_mask(&service.staff_mask, schedule, staff, where, why) : ERR_OK;
    return err ? err : schedule_add_service(schedule, &service, why);
}

static enum err take_services(
    struct schedule *schedule, const json_t *services, char why[SCHEDULE_WHY_SIZE])
{
    const json_t *service;
    size_t i;
    enum err err = ERR_OK;
    if (services && !is_list(services))
        return bad(why, "services", "must be a list");
    json_array_foreach(services, i, service) if (!err) err =
        take_service(schedule, service, i + 1, why);
    return err;
}

/* --- holidays --- */

/* One person's day off says nothing of the business. */
static bool is_known_day(const struct schedule *schedule, int32_t day, size_t known)
{
    for (size_t i = 0; i < known; i++)
        if (schedule->holidays[i].day == day && schedule->holidays[i].staff == SCHEDULE_NOBODY)
            return true;
    return false;
}

/* "Christmas", or hours of the day's own: one span, with or without a name, or a list of spans. */
static enum err take_holiday(struct schedule *schedule, int32_t day, const json_t *value,
    const char *where, char why[SCHEDULE_WHY_SIZE])
{
    struct schedule_holiday holiday = {.staff = SCHEDULE_NOBODY, .day = day};
    const json_t *item;
    size_t i;
    enum err err = ERR_OK;
    holiday.is_closed = !json_is_array(value) && !json_object_get(value, "open");
    const json_t *name = json_is_string(value) ? value : json_object_get(value, "name");
    if (holiday.is_closed && !name && !json_is_false(value))
        return bad(why, where, "must be a name, or { open = \"08:00\", close = \"12:00\" }");
    slice_copy(text_of(name), holiday.name, sizeof holiday.name);
    if (holiday.is_closed)
        return schedule_add_holiday(schedule, &holiday, why);
    if (!json_is_array(value)) {
        err = read_span(&holiday.span, value, where, why);
        return err ? err : schedule_add_holiday(schedule, &holiday, why);
    }
    json_array_foreach(value, i, item)
    {
        if (!err)
            err = read_span(&holiday.span, item, where, why);
        if (!err)
            err = schedule_add_holiday(schedule, &holiday, why);
    }
    return err;
}

static enum err take_holidays(
    struct schedule *schedule, json_t *holidays, char why[SCHEDULE_WHY_SIZE])
{
    const char *date, *rest;
    json_t *value;
    size_t known = schedule->holiday_count;
    enum err err = ERR_OK;
    if (holidays && !json_is_object(holidays))
        return bad(why, "holidays", "must be a table of days: [\"2026-12-25\"] = \"Christmas\"");
    json_object_foreach(holidays, date, value)
    {
        char where[64];
        int32_t day;
        snprintf(where, sizeof where, "holidays[\"%.20s\"]", date);
        if (!err && (wall_read_date(date, &rest, &day) || *rest))
            err = bad(why, where, "is no date: one looks like 2026-12-25");
        if (!err && !is_known_day(schedule, day, known))
            err = take_holiday(schedule, day, value, where, why);
    }
    return err;
}

/* --- all of it --- */

static enum err take_step(
    struct schedule *schedule, const json_t *profile, char why[SCHEDULE_WHY_SIZE])
{
    const json_t *step = json_object_get(profile, "slot_minutes");
    schedule->step_minutes = STEP_MINUTES;
    if (step && (!read_minutes(step, STEP_MINUTES_MIN, &schedule->step_minutes) ||
                    schedule->step_minutes > STEP_MINUTES_MAX))
        return bad(why, "slot_minutes", "must be from 5 to 240");
    return ERR_OK;
}

enum err schedule_take_profile(
    struct schedule *schedule, const json_t *profile, char why[SCHEDULE_WHY_SIZE])
{
    enum err err = take_step(schedule, profile, why);
    if (!err && !has_business_hours(schedule))
        err =
            take_hours(schedule, SCHEDULE_NOBODY, json_object_get(profile, "hours"), "hours", why);
    if (!err && !schedule->service_count)
        err = take_services(schedule, json_object_get(profile, "services"), why);
    if (!err)
        err = take_holidays(schedule, json_object_get(profile, "holidays"), why);
    return err;
}
