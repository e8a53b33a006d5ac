#include "bindings/profile.h"

#include <lauxlib.h>

#include "script/wait.h"

void profile_push(lua_State *lua, const char *function)
{
    script_push_profile(lua);
    if (!lua_istable(lua, -1))
        luaL_error(lua, "%s: agent.lua has no profile, or is still being loaded", function);
}

struct slice profile_text(lua_State *lua, const char *name)
{
    size_t len = 0;
    const char *text = NULL;
    lua_pushstring(lua, name);
    lua_rawget(lua, -2);
    if (lua_type(lua, -1) == LUA_TSTRING)
        text = lua_tolstring(lua, -1, &len);
    lua_pop(lua, 1);
    return (struct slice){text, len};
}

struct slice profile_country(lua_State *lua)
{
    struct slice country = profile_text(lua, "country");
    return country.len ? country : SLICE("US");
}
