/* time.now, time.at, time.parse, time.format, time.weekday: instants are seconds since 1970 in UTC; a zone is always named. */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "bindings/modules.h"
#include "bindings/wall_text.h"
#include "text/civil.h"

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
    if (!(seconds >= 0 && seconds <= (double)WALL_SECONDS_MAX))
        luaL_argerror(lua, index, "no time between the years 1970 and 9999");
    return (int64_t)floor(seconds);
}

static int time_now(lua_State *lua)
{
    lua_pushnumber(lua, (double)module_wall_ms(module_bindings(lua)) / 1000);
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
    set_text(lua, "weekday_name", wall_weekdays[weekday_of(tm) - 1]);
    set_text(lua, "zone_name", moment->abbreviation);
    set_number(lua, "offset_minutes", offset_minutes);
}

static int time_at(lua_State *lua)
{
    const struct zone *zone = check_zone(lua, 1);
    int64_t utc_s = lua_isnoneornil(lua, 2) ? (int64_t)(module_wall_ms(module_bindings(lua)) / 1000)
                                            : check_instant(lua, 2);
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

static int time_parse(lua_State *lua)
{
    const char *text = luaL_checkstring(lua, 1);
    const struct zone *zone = check_zone(lua, 2);
    int64_t utc_s;
    enum err err = wall_read_time(text, zone, &utc_s);
    if (err == ERR_NOT_FOUND)
        return module_fail(lua, "no_such_time", "the clocks go forward past that time");
    if (err)
        return module_fail(lua, "bad_time", "a time looks like 2026-11-28T10:00");
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
    const char *pattern = luaL_optstring(lua, 3, WALL_SPOKEN);
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
    const char *rest;
    int32_t day;
    if (wall_read_date(luaL_checkstring(lua, 1), &rest, &day) || (*rest && !strchr("T ", *rest)))
        return module_fail(lua, "bad_date", "a date looks like 2026-11-28");
    lua_pushinteger(lua, civil_weekday(day));
    lua_pushstring(lua, wall_weekdays[civil_weekday(day) - 1]);
    return 2;
}

void time_install(lua_State *lua, struct bindings *bindings)
{
    static const luaL_Reg functions[] = {{"now", time_now}, {"at", time_at}, {"parse", time_parse},
        {"format", time_format}, {"weekday", time_weekday}, {NULL, NULL}};
    module_give(lua, "time", functions, bindings);
}
