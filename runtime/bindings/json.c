/* json.encode, json.decode, json.array, json.null: see script/json.h for what is bounded and kept. */
#include "script/json.h"

#include <stdlib.h>

#include "bindings/modules.h"
#include "script/sandbox.h"
#include "script/vm.h"

#define STACK_SLOTS (SCRIPT_JSON_MAX_DEPTH * 6)

static int json_encode(lua_State *lua)
{
    char why[160], *text = NULL;
    json_t *value;
    luaL_checkany(lua, 1);
    luaL_checkstack(lua, STACK_SLOTS, "json.encode");
    bool was_limited = vm_lift_limit(lua);
    enum err err = script_json_read(&value, lua, 1, why);
    if (!err) {
        err = script_json_print(&text, value, SCRIPT_JSON_MAX_BYTES);
        if (err)
            snprintf(why, sizeof why, "longer than 256 KiB");
        json_decref(value);
    }
    int count = 1;
    if (err)
        count = module_fail(lua, "bad_value", why);
    else
        lua_pushstring(lua, text);
    free(text);
    vm_restore_limit(lua, was_limited);
    return count;
}

int json_push(lua_State *lua, struct slice text)
{
    char why[160];
    json_t *value;
    luaL_checkstack(lua, STACK_SLOTS, "json");
    bool was_limited = vm_lift_limit(lua);
    int count = 1;
    if (script_json_parse(&value, text, why)) {
        count = module_fail(lua, "bad_json", why);
    } else {
        script_json_push(lua, value);
        json_decref(value);
    }
    vm_restore_limit(lua, was_limited);
    return count;
}

static int json_decode(lua_State *lua)
{
    size_t len;
    const char *text = luaL_checklstring(lua, 1, &len);
    return json_push(lua, (struct slice){text, len});
}

static int json_array_mark(lua_State *lua)
{
    if (lua_isnoneornil(lua, 1))
        lua_settop(lua, 0), lua_newtable(lua);
    luaL_checktype(lua, 1, LUA_TTABLE);
    lua_settop(lua, 1);
    script_json_mark_array(lua);
    return 1;
}

void json_install(lua_State *lua, struct bindings *bindings)
{
    lua_newtable(lua);
    luaL_setfuncs(lua,
        (const luaL_Reg[]){{"encode", json_encode}, {"decode", json_decode},
            {"array", json_array_mark}, {NULL, NULL}},
        0);
    lua_pushlightuserdata(lua, NULL);
    lua_setfield(lua, -2, "null");
    sandbox_give(lua, "json");
}
