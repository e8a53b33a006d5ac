#include "bindings/fields.h"

#include <lauxlib.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "script/json.h"
#include "script/vm.h"

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
    fields_check_names(lua, function, names);
}

void fields_check_names(lua_State *lua, const char *function, const char *const names[])
{
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

bool fields_flag(lua_State *lua, const char *function, const char *name)
{
    if (!fields_push(lua, name))
        return false;
    if (!lua_isboolean(lua, -1))
        luaL_error(lua, "%s: %s must be true or false", function, name);
    bool is_set = lua_toboolean(lua, -1);
    lua_pop(lua, 1);
    return is_set;
}

char *fields_data(lua_State *lua, const char *function, const char *name, size_t max_bytes)
{
    char why[160], *text = NULL;
    json_t *data = NULL;
    if (!fields_push(lua, name))
        return NULL;
    luaL_checkstack(lua, SCRIPT_JSON_MAX_DEPTH * 3 + 16, function);
    bool was_limited = vm_lift_limit(lua);
    enum err err = script_json_read(&data, lua, lua_gettop(lua), why);
    bool is_object = !err && json_is_object(data);
    if (is_object)
        err = script_json_print(&text, data, max_bytes);
    json_decref(data);
    vm_restore_limit(lua, was_limited);
    lua_pop(lua, 1);
    if (err == ERR_FULL)
        luaL_error(lua, "%s: %s: longer than %d KiB", function, name, (int)(max_bytes / 1024));
    if (err)
        luaL_error(lua, "%s: %s: %s", function, name, err == ERR_BAD ? why : err_name(err));
    if (!is_object)
        luaL_error(lua, "%s: %s must be values by name", function, name);
    return text;
}
