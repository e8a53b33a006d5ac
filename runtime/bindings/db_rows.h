/* Rows of a database answer as Lua values. */
#pragma once

#include <lua.h>

#include "store/database.h"

#define DB_ROWS_MAX 1000
#define DB_ROWS_MAX_BYTES (256u << 10)

/* Whether they fit the two limits. */
bool db_rows_fit(const struct rows *rows);
/* Pushes { {column = value, …}, …, affected = n }. SQL NULL is absent; numbers and booleans are such, json is decoded,
   integers past 2^53, numerics, times and everything else are text. May raise. */
void db_rows_push(lua_State *lua, const struct rows *rows);
/* One of them. May raise. */
void db_rows_push_row(lua_State *lua, const struct rows *rows, size_t row);
