/* Any bytes as JSON for scripts: refused with a reason, or a value that survives Lua and printing unchanged. */
#include <lauxlib.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "script/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(int holds)
{
    if (!holds)
        abort();
}

/* Numbers past 2^53 come back as texts and objects lose members that are null in Lua's eyes: printed again they say so,
   so the second round must equal the first. */
static char *around(lua_State *lua, const json_t *value)
{
    char why[160] = "", *text = NULL;
    json_t *again;
    script_json_push(lua, value);
    check(script_json_read(&again, lua, -1, why) == ERR_OK);
    check(script_json_print(&text, again, SIZE_MAX) == ERR_OK);
    json_decref(again);
    lua_settop(lua, 0);
    return text;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static lua_State *lua;
    char why[160] = "";
    json_t *value, *second;
    if (!lua)
        lua = luaL_newstate();
    if (script_json_parse(&value, (struct slice){(const char *)data, size}, why)) {
        check(why[0] && strnlen(why, sizeof why) < sizeof why);
        return 0;
    }
    char *first = around(lua, value);
    if (script_json_parse(&second, slice_from(first), why) == ERR_OK) {
        char *again = around(lua, second);
        check(strcmp(first, again) == 0);
        json_decref(second);
        free(again);
    } else {
        check(strlen(first) > SCRIPT_JSON_MAX_BYTES);
    }
    free(first);
    json_decref(value);
    lua_gc(lua, LUA_GCCOLLECT, 0);
    return 0;
}
