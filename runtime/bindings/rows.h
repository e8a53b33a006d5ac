/* Rows of a database answer as Lua values. */
#pragma once

#include <lua.h>

#include "store/database.h"

#define ROWS_MAX 1000
#define ROWS_MAX_BYTES (256u << 10)

/* Whether they fit the two limits. */
bool rows_fit(const struct rows *rows);
/* Pushes { {column = value, …}, …, affected = n }. SQL NULL is absent; numbers and booleans are such, json is decoded,
   integers past 2^53, numerics, times and everything else are text. May raise. */
void rows_push(lua_State *lua, const struct rows *rows);
