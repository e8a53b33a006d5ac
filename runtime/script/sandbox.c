#include "script/sandbox.h"

#include <lauxlib.h>
#include <lualib.h>

#include "script/strings.h"

static const char *const base_names[] = {"assert", "error", "getmetatable", "ipairs", "next",
    "pairs", "pcall", "rawequal", "rawget", "rawset", "select", "setmetatable", "tonumber",
    "tostring", "type", "unpack", NULL};
static const char *const string_names[] = {"byte", "char", "find", "format", "gmatch", "gsub",
    "len", "lower", "match", "rep", "reverse", "sub", "upper", NULL};
static const char *const table_names[] = {
    "concat", "insert", "maxn", "move", "remove", "sort", NULL};
static const char *const math_names[] = {"abs", "acos", "asin", "atan", "atan2", "ceil", "cos",
    "cosh", "deg", "exp", "floor", "fmod", "frexp", "huge", "ldexp", "log", "log10", "max", "min",
    "modf", "pi", "pow", "rad", "random", "sin", "sinh", "sqrt", "tan", "tanh", NULL};

/* Copies the listed fields of the table at `from` into the table on top of the stack. */
static void copy_names(lua_State *lua, int from, const char *const *names)
{
    for (; *names; names++) {
        lua_getfield(lua, from, *names);
        lua_setfield(lua, -2, *names);
    }
}

static void open_library(lua_State *lua, lua_CFunction open, const char *name)
{
    lua_pushcfunction(lua, open);
    lua_pushstring(lua, name);
    lua_call(lua, 1, 0);
}

static void give_library(lua_State *lua, const char *name, const char *const *names)
{
    lua_getglobal(lua, name);
    int from = lua_gettop(lua);
    lua_newtable(lua);
    copy_names(lua, from, names);
    lua_remove(lua, from);
    sandbox_give(lua, name);
}

static int unknown_global(lua_State *lua)
{
    return luaL_error(lua, "'%s' is not defined", luaL_checkstring(lua, 2));
}

static int new_global(lua_State *lua)
{
    return luaL_error(lua, "'%s' would be a global: make it local", luaL_checkstring(lua, 2));
}

static void close_environment(lua_State *lua)
{
    lua_newtable(lua);
    lua_pushcfunction(lua, unknown_global);
    lua_setfield(lua, -2, "__index");
    lua_pushcfunction(lua, new_global);
    lua_setfield(lua, -2, "__newindex");
    lua_pushboolean(lua, 0);
    lua_setfield(lua, -2, "__metatable");
    lua_setmetatable(lua, -2);
}

/* ("x"):dump() must not reach past the list either. */
static void narrow_string_methods(lua_State *lua)
{
    lua_pushliteral(lua, "");
    lua_getmetatable(lua, -1);
    lua_getfield(lua, LUA_REGISTRYINDEX, SANDBOX_ENVIRONMENT);
    lua_pushliteral(lua, "string");
    lua_rawget(lua, -2);
    lua_setfield(lua, -3, "__index");
    lua_pop(lua, 1);
    lua_pushboolean(lua, 0);
    lua_setfield(lua, -2, "__metatable");
    lua_pop(lua, 2);
}

void sandbox_give(lua_State *lua, const char *name)
{
    lua_getfield(lua, LUA_REGISTRYINDEX, SANDBOX_ENVIRONMENT);
    lua_insert(lua, -2);
    lua_pushstring(lua, name);
    lua_insert(lua, -2);
    lua_rawset(lua, -3);
    lua_pop(lua, 1);
}

void sandbox_open(lua_State *lua)
{
    open_library(lua, luaopen_base, "");
    open_library(lua, luaopen_string, LUA_STRLIBNAME);
    open_library(lua, luaopen_table, LUA_TABLIBNAME);
    open_library(lua, luaopen_math, LUA_MATHLIBNAME);

    lua_getglobal(lua, LUA_STRLIBNAME);
    lua_getglobal(lua, LUA_TABLIBNAME);
    strings_open(lua, lua_gettop(lua) - 1, lua_gettop(lua));
    lua_pop(lua, 2);

    lua_newtable(lua);
    copy_names(lua, LUA_GLOBALSINDEX, base_names);
    close_environment(lua);
    lua_setfield(lua, LUA_REGISTRYINDEX, SANDBOX_ENVIRONMENT);
    give_library(lua, LUA_STRLIBNAME, string_names);
    give_library(lua, LUA_TABLIBNAME, table_names);
    give_library(lua, LUA_MATHLIBNAME, math_names);
    narrow_string_methods(lua);
}
