/* call:hints: what the caller's words hold besides words (text/hints.h), read by the business's own clock and country. It asks nobody
   and waits for nothing, so prompts may use it. */
#include <stdio.h>

#include "bindings/hints.h"
#include "bindings/modules.h"
#include "bindings/profile.h"
#include "bindings/wall_text.h"
#include "script/wait.h"
#include "text/civil.h"
#include "text/hints.h"

#define HINTS_TEXT_MAX_BYTES 8192

/* The profile's; without one, as while a version is tried, the world's clock and the usual country. Leaves the profile on the
   stack: the country is borrowed from it. */
static struct hints_place place_of(lua_State *lua, struct bindings *bindings)
{
    const struct zone *zone = NULL;
    int64_t now_s = (int64_t)(module_wall_ms(bindings) / 1000);
    struct hints_place place = {.country = SLICE("US")};
    script_push_profile(lua);
    if (lua_istable(lua, -1)) {
        struct slice name = profile_text(lua, "time_zone");
        if (!name.data || zones_get(&zone, &bindings->zones, name) != ERR_OK)
            zone = NULL;
        place.country = profile_country(lua);
    }
    place.today = zone ? wall_day(zone, now_s) : (int32_t)(now_s / 86400);
    return place;
}

static void set_text(lua_State *lua, const char *name, struct slice text)
{
    lua_pushlstring(lua, text.data, text.len);
    lua_setfield(lua, -2, name);
}

static void push_weekday(lua_State *lua, const char *date)
{
    const char *rest;
    int32_t day;
    if (wall_read_date(date, &rest, &day) != ERR_OK)
        return; /* before 1970: nobody asks for its weekday */
    set_text(lua, "weekday", slice_from(wall_weekdays[civil_weekday(day) - 1]));
}

static void push_hint(lua_State *lua, const struct hint *hint)
{
    lua_createtable(lua, 0, 5);
    set_text(lua, "kind", slice_from(hint_kind_name(hint->kind)));
    set_text(lua, "value", slice_from(hint->value));
    set_text(lua, "said", hint->said);
    lua_pushboolean(lua, hint->is_uncertain);
    lua_setfield(lua, -2, "is_uncertain");
    if (hint->kind == HINT_DATE)
        push_weekday(lua, hint->value);
}

/* The second argument, or what the caller said last; it stays on the stack. */
static struct slice words_of(lua_State *lua)
{
    size_t len = 0;
    luaL_checktype(lua, 1, LUA_TTABLE);
    if (!lua_isnoneornil(lua, 2))
        return module_text(lua, 2, HINTS_TEXT_MAX_BYTES, 0);
    lua_pushliteral(lua, "utterance");
    lua_rawget(lua, 1);
    const char *text = lua_type(lua, -1) == LUA_TSTRING ? lua_tolstring(lua, -1, &len) : "";
    return (struct slice){text, len < HINTS_TEXT_MAX_BYTES ? len : HINTS_TEXT_MAX_BYTES};
}

int call_hints(lua_State *lua)
{
    struct hints hints;
    struct slice words = words_of(lua);
    struct hints_place place = place_of(lua, module_bindings(lua));
    hints_find(&hints, words, &place);
    lua_createtable(lua, (int)hints.count, 0);
    for (size_t i = 0; i < hints.count; i++) {
        push_hint(lua, &hints.list[i]);
        lua_rawseti(lua, -2, (int)i + 1);
    }
    return 1;
}
