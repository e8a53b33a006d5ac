/* time.now, time.at, time.parse, time.format, time.weekday: instants are seconds since 1970 in UTC; a zone is always named. */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "bindings/modules.h"

#define SECONDS_MAX 253402300799.0 /* the end of the year 9999 */

static const char *const weekdays[] = {
    "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"};

static const struct zone *check_zone(lua_State *lua, int index)
{
    size_t len;
    const char *name = luaL_checklstring(lua, index, &len);
    const struct zone *zone;
    if (zones_get(&zone, &module_bindings(lua)->zones, (struct slice){name, len}))
        luaL_error(lua, "'%s' is no time zone", name);
    return zone;
}

static int64_t check_instant(lua_State *lua, int index)
{
    double seconds = luaL_checknumber(lua, index);
    if (!(seconds >= 0 && seconds <= SECONDS_MAX))
        luaL_argerror(lua, index, "no time between the years 1970 and 9999");
    return (int64_t)floor(seconds);
}

static int time_now(lua_State *lua)
{
    lua_pushnumber(lua, (double)clock_wall_ms() / 1000);
    return 1;
}

static void set_number(lua_State *lua, const char *name, int value)
{
    lua_pushinteger(lua, value);
    lua_setfield(lua, -2, name);
}

static void set_text(lua_State *lua, const char *name, const char *text)
{
    lua_pushstring(lua, text);
    lua_setfield(lua, -2, name);
}

static int weekday_of(const struct tm *tm)
{ /* 1 is Monday */
    return tm->tm_wday == 0 ? 7 : tm->tm_wday;
}

static void set_clock(lua_State *lua, const struct tm *tm, const struct zone_moment *moment)
{
    char text[64];
    int offset_minutes = moment->offset_s / 60,
        magnitude = offset_minutes < 0 ? -offset_minutes : offset_minutes;
    strftime(text, sizeof text, "%Y-%m-%d", tm);
    set_text(lua, "date", text);
    strftime(text, sizeof text, "%H:%M", tm);
    set_text(lua, "clock", text);
    size_t len = strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", tm);
    snprintf(text + len, sizeof text - len, "%c%02d:%02d", offset_minutes < 0 ? '-' : '+',
        magnitude / 60 % 100, magnitude % 60);
    set_text(lua, "iso", text);
    set_text(lua, "weekday_name", weekdays[weekday_of(tm) - 1]);
    set_text(lua, "zone_name", moment->abbreviation);
    set_number(lua, "offset_minutes", offset_minutes);
}

static int time_at(lua_State *lua)
{
    const struct zone *zone = check_zone(lua, 1);
    int64_t utc_s =
        lua_isnoneornil(lua, 2) ? (int64_t)(clock_wall_ms() / 1000) : check_instant(lua, 2);
    struct zone_moment moment;
    struct tm tm;
    zone_at(zone, utc_s, &moment);
    time_t local_s = utc_s + moment.offset_s;
    gmtime_r(&local_s, &tm);
    lua_createtable(lua, 0, 14);
    set_number(lua, "year", tm.tm_year + 1900);
    set_number(lua, "month", tm.tm_mon + 1);
    set_number(lua, "day", tm.tm_mday);
    set_number(lua, "hour", tm.tm_hour);
    set_number(lua, "minute", tm.tm_min);
    set_number(lua, "second", tm.tm_sec);
    set_number(lua, "weekday", weekday_of(&tm));
    set_clock(lua, &tm, &moment);
    return 1;
}

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

static bool take_date(const char **at, struct tm *tm)
{
    if (!take_digits(at, 4, &tm->tm_year) || !take_char(at, "-") ||
        !take_digits(at, 2, &tm->tm_mon) || !take_char(at, "-") ||
        !take_digits(at, 2, &tm->tm_mday))
        return false;
    int day = tm->tm_mday, month = tm->tm_mon;
    if (tm->tm_year < 1970 || month < 1 || month > 12 || day < 1)
        return false;
    struct tm check = {.tm_year = tm->tm_year - 1900, .tm_mon = month - 1, .tm_mday = day};
    timegm(&check);
    tm->tm_year -= 1900;
    tm->tm_mon--;
    tm->tm_wday = check.tm_wday;
    return check.tm_mday == day && check.tm_mon == tm->tm_mon;
}

static bool take_clock(const char **at, struct tm *tm)
{
    int unused;
    if (!take_digits(at, 2, &tm->tm_hour) || !take_char(at, ":") ||
        !take_digits(at, 2, &tm->tm_min))
        return false;
    if (take_char(at, ":") && !take_digits(at, 2, &tm->tm_sec))
        return false;
    if (take_char(at, "."))
        while (take_digits(at, 1, &unused)) {
        }
    return tm->tm_hour < 24 && tm->tm_min < 60 && tm->tm_sec < 60;
}

/* "Z", "+02:00", "-0500": false when there is none or a bad one; *is_there tells which. */
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

static int time_parse(lua_State *lua)
{
    const char *text = luaL_checkstring(lua, 1), *at = text;
    const struct zone *zone = check_zone(lua, 2);
    struct tm tm = {0};
    int offset_s;
    bool has_offset;
    if (!take_date(&at, &tm) || !take_char(&at, "T ") || !take_clock(&at, &tm) ||
        !take_offset(&at, &offset_s, &has_offset))
        return module_fail(lua, "bad_time", "a time looks like 2026-11-28T10:00");
    int64_t local_s = timegm(&tm), utc_s = local_s - offset_s;
    if (!has_offset && zone_to_utc(zone, local_s, &utc_s))
        return module_fail(lua, "no_such_time", "the clocks go forward past that time");
    lua_pushnumber(lua, (double)utc_s);
    return 1;
}

/* Only conversions whose text does not depend on the process's zone. */
static void check_pattern(lua_State *lua, const char *pattern)
{
    if (strlen(pattern) > 100)
        luaL_argerror(lua, 3, "pattern is too long");
    for (const char *at = strchr(pattern, '%'); at; at = strchr(at + 1, '%')) {
        at++;
        if (*at == '-')
            at++;
        if (!*at || !strchr("aAbBdeFHIjmMpRSTyY%", *at))
            luaL_argerror(lua, 3, "pattern holds an unknown conversion");
    }
}

static int time_format(lua_State *lua)
{
    char text[1024];
    int64_t utc_s = check_instant(lua, 1);
    const struct zone *zone = check_zone(lua, 2);
    const char *pattern = luaL_optstring(lua, 3, "%A, %B %-d at %-I:%M %p");
    struct zone_moment moment;
    struct tm tm;
    check_pattern(lua, pattern);
    zone_at(zone, utc_s, &moment);
    time_t local_s = utc_s + moment.offset_s;
    gmtime_r(&local_s, &tm);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    size_t len = strftime(text, sizeof text, pattern, &tm);
#pragma GCC diagnostic pop
    lua_pushlstring(lua, text, len);
    return 1;
}

static int time_weekday(lua_State *lua)
{
    const char *at = luaL_checkstring(lua, 1);
    struct tm tm = {0};
    if (!take_date(&at, &tm) || (*at && !strchr("T ", *at)))
        return module_fail(lua, "bad_date", "a date looks like 2026-11-28");
    lua_pushinteger(lua, weekday_of(&tm));
    lua_pushstring(lua, weekdays[weekday_of(&tm) - 1]);
    return 2;
}

void time_install(lua_State *lua, struct bindings *bindings)
{
    static const luaL_Reg functions[] = {{"now", time_now}, {"at", time_at}, {"parse", time_parse},
        {"format", time_format}, {"weekday", time_weekday}, {NULL, NULL}};
    module_give(lua, "time", functions, bindings);
}
