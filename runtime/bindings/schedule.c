#include "bindings/schedule.h"

#include <stdio.h>
#include <stdlib.h>

#define DAY_MIN (24 * 60)

static enum err full(char why[SCHEDULE_WHY_SIZE], const char *what, unsigned most)
{
    snprintf(why, SCHEDULE_WHY_SIZE, "more than %u %s", most, what);
    return ERR_FULL;
}

enum err schedule_add_staff(
    struct schedule *schedule, struct slice name, char why[SCHEDULE_WHY_SIZE])
{
    if (schedule->staff_count == SCHEDULE_STAFF_MAX)
        return full(why, "members of staff", SCHEDULE_STAFF_MAX);
    struct schedule_staff *staff = &schedule->staff[schedule->staff_count++];
    slice_copy(name, staff->name, sizeof staff->name);
    return ERR_OK;
}

enum err schedule_add_span(struct schedule *schedule, int staff, int weekday, struct day_span span,
    char why[SCHEDULE_WHY_SIZE])
{
    if (schedule->span_count == SCHEDULE_SPANS_MAX)
        return full(why, "spans of opening hours", SCHEDULE_SPANS_MAX);
    if (staff != SCHEDULE_NOBODY)
        schedule->staff[staff].has_own_hours = true;
    schedule->spans[schedule->span_count++] = (struct schedule_span){staff, weekday, span};
    return ERR_OK;
}

enum err schedule_add_holiday(
    struct schedule *schedule, const struct schedule_holiday *holiday, char why[SCHEDULE_WHY_SIZE])
{
    if (schedule->holiday_count == SCHEDULE_HOLIDAYS_MAX)
        return full(why, "holidays", SCHEDULE_HOLIDAYS_MAX);
    schedule->holidays[schedule->holiday_count++] = *holiday;
    return ERR_OK;
}

enum err schedule_add_service(
    struct schedule *schedule, const struct schedule_service *service, char why[SCHEDULE_WHY_SIZE])
{
    if (schedule->service_count == SCHEDULE_SERVICES_MAX)
        return full(why, "services", SCHEDULE_SERVICES_MAX);
    schedule->services[schedule->service_count++] = *service;
    return ERR_OK;
}

struct day_span schedule_day_span(unsigned open_min, unsigned close_min)
{
    return (struct day_span){
        (uint16_t)open_min, (uint16_t)(close_min <= open_min ? close_min + DAY_MIN : close_min)};
}

/* Names of staff come first: everything else points at them. */
enum err schedule_fill(struct schedule *schedule, const json_t *profile, const struct rows *rows,
    char why[SCHEDULE_WHY_SIZE])
{
    enum err err = ERR_OK;
    schedule->known_until_s = rows ? WALL_SECONDS_MAX : 0;
    if (rows)
        err = schedule_take_staff_rows(schedule, rows, why);
    if (!err && !schedule->staff_count)
        err = schedule_take_profile_staff(schedule, profile, why);
    if (!err && rows)
        err = schedule_take_rows(schedule, rows, why);
    if (!err)
        err = schedule_take_profile(schedule, profile, why);
    return err;
}

void schedule_clear(struct schedule *schedule)
{
    free(schedule->bookings);
    *schedule = (struct schedule){0};
}

const struct schedule_service *schedule_service(const struct schedule *schedule, struct slice name)
{
    name = slice_trim(name);
    for (size_t i = 0; i < schedule->service_count; i++)
        if (slice_is_nocase(name, schedule->services[i].name))
            return &schedule->services[i];
    return NULL;
}

int schedule_staff(const struct schedule *schedule, struct slice name)
{
    name = slice_trim(name);
    for (size_t i = 0; i < schedule->staff_count; i++)
        if (slice_is_nocase(name, schedule->staff[i].name))
            return (int)i;
    return SCHEDULE_NOBODY;
}

uint32_t schedule_everybody(const struct schedule *schedule)
{
    size_t count = schedule->staff_count ? schedule->staff_count : 1;
    return count == SCHEDULE_STAFF_MAX ? SCHEDULE_ALL : (1u << count) - 1;
}

const char *schedule_staff_name(const struct schedule *schedule, int staff)
{
    return schedule->staff_count ? schedule->staff[staff].name : SCHEDULE_ANY;
}
