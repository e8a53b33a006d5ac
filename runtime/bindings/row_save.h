/* A wait for one statement that keeps something and answers with its row, which is what the script gets: leads.save and
   tasks.add. */
#pragma once

#include <lua.h>

#include "base/slice.h"

#define ROW_SAVE_PARAMS_MAX 12

/* Borrowed: they are copied. */
struct row_save {
    const char *sql;
    struct slice params[ROW_SAVE_PARAMS_MAX]; /* NULL data: SQL's NULL */
    size_t param_count;
};

/* After script_wait_check. Returns what the C function returns. */
int row_save_wait(lua_State *lua, const struct row_save *save);
/* The call's id as a parameter: NULL where it is no row's. */
struct slice row_save_call(lua_State *lua);
/* Likewise the caller's number, as the carrier said it. */
struct slice row_save_caller(lua_State *lua);
