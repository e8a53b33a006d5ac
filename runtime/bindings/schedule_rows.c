/* A schedule from the rows of CALENDAR_READ (store/calendar_sql.h). */
#include <stdlib.h>

#include "bindings/calendar_rows.h"
#include "bindings/schedule.h"
#include "store/calendar_sql.h"

enum err schedule_take_staff_rows(
    struct schedule *schedule, const struct rows *rows, char why[SCHEDULE_WHY_SIZE])
{
    enum err err = ERR_OK;
    for (size_t row = 0; !err && row < rows_count(rows); row++)
        if (calendar_row_is(rows, row, "staff"))
            err = schedule_add_staff(schedule, rows_get(rows, row, ROW_NAME), why);
    return err;
}

static struct day_span span(const struct rows *rows, size_t row)
{
    return schedule_day_span((unsigned)calendar_number(rows, row, ROW_STARTS),
        (unsigned)calendar_number(rows, row, ROW_ENDS));
}

static enum err take_hours(
    struct schedule *schedule, const struct rows *rows, size_t row, char why[SCHEDULE_WHY_SIZE])
{
    int staff = schedule_staff(schedule, rows_get(rows, row, ROW_NAME));
    return schedule_add_span(
        schedule, staff, (int)calendar_number(rows, row, ROW_NOTE), span(rows, row), why);
}

static enum err take_holiday(
    struct schedule *schedule, const struct rows *rows, size_t row, char why[SCHEDULE_WHY_SIZE])
{
    struct schedule_holiday holiday = {
        .staff = schedule_staff(schedule, rows_get(rows, row, ROW_NAME)),
        .is_closed = rows_is_null(rows, row, ROW_STARTS)};
    char date[WALL_DATE_SIZE];
    const char *rest;
    slice_copy(rows_get(rows, row, ROW_NOTE), date, sizeof date);
    if (wall_read_date(date, &rest, &holiday.day))
        return ERR_OK; /* before 1970, or past the year 9999: nobody asks about it */
    if (!holiday.is_closed)
        holiday.span = span(rows, row);
    slice_copy(rows_get(rows, row, ROW_MORE), holiday.name, sizeof holiday.name);
    return schedule_add_holiday(schedule, &holiday, why);
}

/* Names that are not of the staff count for nobody; a list of such names alone is a service that nobody does. */
static uint32_t mask_of_names(const struct schedule *schedule, struct slice json)
{
    json_t *names = json_loadb(json.data, json.len, 0, NULL), *name;
    uint32_t mask = 0;
    size_t i;
    json_array_foreach(names, i, name)
    {
        int staff = schedule_staff(schedule, slice_from(json_string_value(name)));
        if (staff != SCHEDULE_NOBODY)
            mask |= 1u << staff;
    }
    json_decref(names);
    return mask;
}

static enum err take_service(
    struct schedule *schedule, const struct rows *rows, size_t row, char why[SCHEDULE_WHY_SIZE])
{
    struct schedule_service service = {.minutes = (unsigned)calendar_number(rows, row, ROW_STARTS),
        .buffer_minutes = (unsigned)calendar_number(rows, row, ROW_ENDS),
        .staff_mask = SCHEDULE_ALL};
    slice_copy(rows_get(rows, row, ROW_NAME), service.name, sizeof service.name);
    if (!rows_is_null(rows, row, ROW_MORE) && schedule->staff_count)
        service.staff_mask = mask_of_names(schedule, rows_get(rows, row, ROW_MORE));
    return schedule_add_service(schedule, &service, why);
}

/* One for whoever is free keeps everybody busy, since it is not known who takes it. Without a list of staff there is one
   calendar, and whoever is named belongs to it. */
static uint32_t mask_of_booking(const struct schedule *schedule, struct slice staff)
{
    int known = schedule_staff(schedule, staff);
    if (known != SCHEDULE_NOBODY)
        return 1u << known;
    return !schedule->staff_count || slice_is(staff, SCHEDULE_ANY) ? SCHEDULE_ALL : 0;
}

static enum err take_booking(struct schedule *schedule, const struct rows *rows, size_t row)
{
    if (!schedule->bookings)
        schedule->bookings = calloc(rows_count(rows), sizeof *schedule->bookings);
    if (!schedule->bookings)
        return ERR_NOMEM;
    struct schedule_booking booking = {calendar_number(rows, row, ROW_STARTS),
        calendar_number(rows, row, ROW_ENDS),
        mask_of_booking(schedule, rows_get(rows, row, ROW_NAME))};
    schedule->bookings[schedule->booking_count++] = booking;
    if (schedule->booking_count == CALENDAR_BOOKINGS_MAX)
        schedule->known_until_s = booking.start_s;
    return ERR_OK;
}

enum err schedule_take_rows(
    struct schedule *schedule, const struct rows *rows, char why[SCHEDULE_WHY_SIZE])
{
    enum err err = ERR_OK;
    for (size_t row = 0; !err && row < rows_count(rows); row++) {
        if (calendar_row_is(rows, row, "hours"))
            err = take_hours(schedule, rows, row, why);
        else if (calendar_row_is(rows, row, "holiday"))
            err = take_holiday(schedule, rows, row, why);
        else if (calendar_row_is(rows, row, "service"))
            err = take_service(schedule, rows, row, why);
        else if (calendar_row_is(rows, row, "booking"))
            err = take_booking(schedule, rows, row);
    }
    return err;
}
