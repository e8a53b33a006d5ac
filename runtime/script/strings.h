/* The functions of `string` and `table` that LuaJIT's own libraries do in one C call of any length, or from which a
   script cannot be put aside: find, match, gmatch, gsub, format, and sort. Same results, bounded work, and callbacks
   that run like any other Lua code. */
#pragma once

#include <lua.h>

/* With the table `string` at `strings` and `table` at `tables`: replaces those functions in them. May raise. */
void strings_open(lua_State *lua, int strings, int tables);
