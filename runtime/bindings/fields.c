#include "bindings/fields.h"

#include <lauxlib.h>
#include <math.h>
#include <string.h>

#include "base/utf8.h"

static bool is_known(const char *name, const char *const names[])
{
    for (size_t i = 0; names[i]; i++)
        if (strcmp(names[i], name) == 0)
            return true;
    return false;
}

void fields_check(lua_State *lua, const char *function, const char *const names[])
{
    luaL_checktype(lua, 1, LUA_TTABLE);
    lua_settop(lua, 1);
    for (lua_pushnil(lua); lua_next(lua, 1); lua_pop(lua, 1)) {
        if (lua_type(lua, -2) != LUA_TSTRING)
            luaL_error(lua, "%s: arguments have names: %s{ %s = … }", function, function, names[0]);
        if (!is_known(lua_tostring(lua, -2), names))
            luaL_error(lua, "%s: there is no argument '%s'", function, lua_tostring(lua, -2));
    }
}

bool fields_push(lua_State *lua, const char *name)
{
    lua_pushstring(lua, name);
    lua_rawget(lua, 1);
    bool is_null = lua_type(lua, -1) == LUA_TLIGHTUSERDATA && !lua_touserdata(lua, -1);
    bool is_empty = lua_type(lua, -1) == LUA_TSTRING && lua_objlen(lua, -1) == 0;
    if (!lua_isnil(lua, -1) && !is_null && !is_empty)
        return true;
    lua_pop(lua, 1);
    return false;
}

static bool has_control(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)text[i] < ' ' || text[i] == 127)
            return true;
    return false;
}

bool fields_text(
    lua_State *lua, const char *function, const char *name, char *out, size_t size, bool is_line)
{
    size_t len;
    out[0] = 0;
    if (!fields_push(lua, name))
        return false;
    if (lua_type(lua, -1) != LUA_TSTRING)
        luaL_error(lua, "%s: %s must be a text", function, name);
    const char *text = lua_tolstring(lua, -1, &len);
    if (len >= size)
        luaL_error(lua, "%s: %s is longer than %d bytes", function, name, (int)size - 1);
    if (!utf8_is_valid(text, len) || memchr(text, 0, len))
        luaL_error(lua, "%s: %s is not valid UTF-8", function, name);
    if (is_line && has_control(text, len))
        luaL_error(lua, "%s: %s holds control characters", function, name);
    memcpy(out, text, len + 1);
    lua_pop(lua, 1);
    return true;
}

unsigned fields_number(lua_State *lua, const char *function, const char *name, unsigned least,
    unsigned most, unsigned otherwise)
{
    if (!fields_push(lua, name))
        return otherwise;
    double number = lua_type(lua, -1) == LUA_TNUMBER ? lua_tonumber(lua, -1) : -1;
    if (!(number >= least && number <= most && number == floor(number)))
        luaL_error(lua, "%s: %s must be a whole number from %d to %d", function, name, (int)least,
            (int)most);
    lua_pop(lua, 1);
    return (unsigned)number;
}
