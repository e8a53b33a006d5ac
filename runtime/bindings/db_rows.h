/* Rows of a database answer as Lua values. */
#pragma once

#include <lua.h>

#include "store/database.h"

#define DB_ROWS_MAX 1000
#define DB_ROWS_MAX_BYTES (256u << 10)

size_t db_rows_bytes(const struct rows *rows); /* of all values */
/* Pushes { {column = value, …}, …, affected = n }. SQL NULL is absent; numbers and booleans are such, json is decoded,
   integers past 2^53, numerics, times and everything else are text. May raise. */
void db_rows_push(lua_State *lua, const struct rows *rows);
/* One of them. May raise. */
void db_rows_push_row(lua_State *lua, const struct rows *rows, size_t row);
