#include "bindings/wall_text.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "text/civil.h"

#define DAY_S 86400

const char *const wall_weekdays[7] = {
    "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"};

/* Digits of a fixed width; false: something else stands there. */
static bool take_digits(const char **at, int width, int *out)
{
    *out = 0;
    for (int i = 0; i < width; i++, ++*at) {
        if (**at < '0' || **at > '9')
            return false;
        *out = *out * 10 + (**at - '0');
    }
    return true;
}

static bool take_char(const char **at, const char *any)
{
    if (!**at || !strchr(any, **at))
        return false;
    ++*at;
    return true;
}

enum err wall_read_date(const char *text, const char **rest, int32_t *day)
{
    int year, month, month_day;
    if (!take_digits(&text, 4, &year) || !take_char(&text, "-") || !take_digits(&text, 2, &month) ||
        !take_char(&text, "-") || !take_digits(&text, 2, &month_day))
        return ERR_BAD;
    struct civil date = {year, month, month_day};
    if (year < 1970 || !civil_is(date))
        return ERR_BAD;
    *day = civil_day(date);
    *rest = text;
    return ERR_OK;
}

static bool take_clock(const char **at, int *seconds_of_day)
{
    int hour, minute, second = 0, unused;
    if (!take_digits(at, 2, &hour) || !take_char(at, ":") || !take_digits(at, 2, &minute))
        return false;
    if (take_char(at, ":") && !take_digits(at, 2, &second))
        return false;
    if (take_char(at, "."))
        while (take_digits(at, 1, &unused)) {
        }
    *seconds_of_day = hour * 3600 + minute * 60 + second;
    return hour < 24 && minute < 60 && second < 60;
}

/* "Z", "+02:00", "-0500": false when there is a bad one; *is_there tells whether there is one. */
static bool take_offset(const char **at, int *offset_s, bool *is_there)
{
    int hours, minutes = 0, sign;
    *is_there = **at != 0;
    *offset_s = 0;
    if (!*is_there || take_char(at, "Zz"))
        return **at == 0;
    sign = **at == '-' ? -1 : 1;
    if (!take_char(at, "+-") || !take_digits(at, 2, &hours))
        return false;
    take_char(at, ":");
    if (**at && !take_digits(at, 2, &minutes))
        return false;
    *offset_s = sign * (hours * 3600 + minutes * 60);
    return hours < 24 && minutes < 60 && **at == 0;
}

enum err wall_read_time(const char *text, const struct zone *zone, int64_t *utc_s)
{
    int32_t day;
    int second, offset_s;
    bool has_offset;
    if (wall_read_date(text, &text, &day) || !take_char(&text, "T ") ||
        !take_clock(&text, &second) || !take_offset(&text, &offset_s, &has_offset))
        return ERR_BAD;
    int64_t local_s = (int64_t)day * DAY_S + second;
    if (!has_offset)
        return zone_to_utc(zone, local_s, utc_s);
    *utc_s = local_s - offset_s;
    return ERR_OK;
}

enum err wall_read_minutes(struct slice text, unsigned *minutes)
{
    char clock[8];
    const char *at = clock;
    int hour, minute;
    if (!slice_copy(text, clock, sizeof clock) || !take_digits(&at, 2, &hour) ||
        !take_char(&at, ":") || !take_digits(&at, 2, &minute) || *at)
        return ERR_BAD;
    *minutes = (unsigned)(hour * 60 + minute);
    return minute < 60 && *minutes <= 24 * 60 ? ERR_OK : ERR_BAD;
}

static int64_t local_of(const struct zone *zone, int64_t utc_s)
{
    struct zone_moment moment;
    zone_at(zone, utc_s, &moment);
    return utc_s + moment.offset_s;
}

int32_t wall_day(const struct zone *zone, int64_t utc_s)
{
    int64_t local_s = local_of(zone, utc_s);
    return (int32_t)(local_s / DAY_S - (local_s % DAY_S < 0));
}

unsigned wall_minutes(const struct zone *zone, int64_t utc_s)
{
    int64_t local_s = local_of(zone, utc_s);
    return (unsigned)((local_s % DAY_S + DAY_S) % DAY_S / 60);
}

/* The first second after `early_s`, up to `late_s`, with the offset that holds at `late_s`. */
static int64_t change_between(const struct zone *zone, int64_t early_s, int64_t late_s)
{
    struct zone_moment after, middle;
    zone_at(zone, late_s, &after);
    while (late_s - early_s > 1) {
        int64_t middle_s = early_s + (late_s - early_s) / 2;
        zone_at(zone, middle_s, &middle);
        if (middle.offset_s == after.offset_s)
            late_s = middle_s;
        else
            early_s = middle_s;
    }
    return late_s;
}

int64_t wall_to_utc(const struct zone *zone, int32_t day, unsigned minutes)
{
    int64_t local_s = (int64_t)day * DAY_S + (int64_t)minutes * 60, utc_s;
    struct zone_moment before, after;
    if (zone_to_utc(zone, local_s, &utc_s) == ERR_OK)
        return utc_s;
    zone_at(zone, local_s - DAY_S, &before);
    zone_at(zone, local_s + DAY_S, &after);
    return change_between(zone, local_s - after.offset_s, local_s - before.offset_s);
}

void wall_write_date(char out[WALL_DATE_SIZE], int32_t day)
{
    time_t at_s = (time_t)day * DAY_S;
    struct tm tm;
    gmtime_r(&at_s, &tm);
    strftime(out, WALL_DATE_SIZE, "%Y-%m-%d", &tm);
}

void wall_write_stamp(char out[WALL_STAMP_SIZE], const struct zone *zone, int64_t utc_s)
{
    struct zone_moment moment;
    int64_t first_s;
    zone_at(zone, utc_s, &moment);
    time_t local_s = utc_s + moment.offset_s;
    struct tm tm;
    gmtime_r(&local_s, &tm);
    size_t len = strftime(out, WALL_STAMP_SIZE, "%Y-%m-%dT%H:%M", &tm);
    bool is_second = zone_to_utc(zone, local_s, &first_s) == ERR_OK && first_s != utc_s;
    if (!is_second)
        return;
    int minutes = moment.offset_s / 60, magnitude = minutes < 0 ? -minutes : minutes;
    snprintf(out + len, WALL_STAMP_SIZE - len, "%c%02d:%02d", minutes < 0 ? '-' : '+',
        magnitude / 60 % 100, magnitude % 60);
}

void wall_write_spoken(char out[WALL_SPOKEN_SIZE], const struct zone *zone, int64_t utc_s)
{
    time_t local_s = local_of(zone, utc_s);
    struct tm tm;
    gmtime_r(&local_s, &tm);
    strftime(out, WALL_SPOKEN_SIZE, WALL_SPOKEN, &tm);
}
