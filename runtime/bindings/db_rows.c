#include "bindings/db_rows.h"

#include <lauxlib.h>
#include <stdlib.h>
#include <string.h>

#include "script/json.h"

enum {
    OID_BOOL = 16,
    OID_INT8 = 20,
    OID_INT2 = 21,
    OID_INT4 = 23,
    OID_JSON = 114,
    OID_FLOAT4 = 700,
    OID_FLOAT8 = 701,
    OID_JSONB = 3802
};

#define SAFE_DIGITS 15 /* an integer of so many digits is exact as a Lua number */

size_t db_rows_bytes(const struct rows *rows)
{
    size_t bytes = 0;
    for (size_t row = 0; row < rows_count(rows); row++)
        for (size_t column = 0; column < rows_columns(rows); column++)
            bytes += rows_get(rows, row, column).len;
    return bytes;
}

static void push_json(lua_State *lua, struct slice text)
{
    char why[160];
    json_t *value;
    if (script_json_parse(&value, text, why)) {
        lua_pushlstring(lua, text.data, text.len);
        return;
    }
    script_json_push(lua, value);
    json_decref(value);
}

static void push_number(lua_State *lua, struct slice text)
{
    char digits[64];
    slice_copy(text, digits, sizeof digits);
    lua_pushnumber(lua, strtod(digits, NULL));
}

static void push_value(lua_State *lua, uint32_t type, struct slice text)
{
    switch (type) {
    case OID_BOOL:
        lua_pushboolean(lua, slice_is(text, "t"));
        return;
    case OID_INT2:
    case OID_INT4:
    case OID_FLOAT4:
    case OID_FLOAT8:
        push_number(lua, text);
        return;
    case OID_INT8:
        if (text.len > SAFE_DIGITS)
            break;
        push_number(lua, text);
        return;
    case OID_JSON:
    case OID_JSONB:
        push_json(lua, text);
        return;
    }
    lua_pushlstring(lua, text.data, text.len);
}

void db_rows_push_row(lua_State *lua, const struct rows *rows, size_t row)
{
    size_t columns = rows_columns(rows);
    lua_createtable(lua, 0, (int)columns);
    for (size_t column = 0; column < columns; column++) {
        if (rows_is_null(rows, row, column))
            continue;
        lua_pushstring(lua, rows_name(rows, column));
        push_value(lua, rows_type(rows, column), rows_get(rows, row, column));
        lua_rawset(lua, -3);
    }
}

void db_rows_push(lua_State *lua, const struct rows *rows)
{
    size_t count = rows_count(rows);
    luaL_checkstack(lua, 8, "rows");
    lua_createtable(lua, (int)count, 1);
    for (size_t row = 0; row < count; row++) {
        db_rows_push_row(lua, rows, row);
        lua_rawseti(lua, -2, (int)row + 1);
    }
    lua_pushnumber(lua, (lua_Number)rows_affected(rows));
    lua_setfield(lua, -2, "affected");
}
