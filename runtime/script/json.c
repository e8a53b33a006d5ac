#include "script/json.h"

#include <lauxlib.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static enum err refuse(char why[160], const char *text)
{
    snprintf(why, 160, "%s", text);
    return ERR_BAD;
}

/* Depth and number of values, counted on the bytes before a parser may allocate for them. */
static enum err check_shape(struct slice text, char why[160])
{
    size_t depth = 0, nodes = 1;
    bool in_string = false;
    for (size_t i = 0; i < text.len; i++) {
        char c = text.data[i];
        if (in_string) {
            if (c == '\\')
                i++;
            else
                in_string = c != '"';
            continue;
        }
        in_string = c == '"';
        if (c == '[' || c == '{')
            depth++, nodes++;
        if ((c == ']' || c == '}') && depth > 0)
            depth--;
        if (c == ',')
            nodes++;
        if (depth > SCRIPT_JSON_MAX_DEPTH)
            return refuse(why, "nested too deep");
        if (nodes > SCRIPT_JSON_MAX_NODES)
            return refuse(why, "too many values");
    }
    return ERR_OK;
}

enum err script_json_parse(json_t **out, struct slice text, char why[160])
{
    if (text.len > SCRIPT_JSON_MAX_BYTES)
        return refuse(why, "longer than 256 KiB");
    enum err err = check_shape(text, why);
    if (err)
        return err;
    json_error_t error;
    *out = json_loadb(text.data ? text.data : "", text.len, JSON_DECODE_ANY, &error);
    if (*out)
        return ERR_OK;
    snprintf(why, 160, "line %d: %.120s", error.line, error.text);
    return ERR_BAD;
}

enum err script_json_print(char **out, const json_t *value, size_t max_bytes)
{
    size_t flags = JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY;
    char *text = json_dumps(value, flags);
    if (!text)
        return ERR_NOMEM;
    if (strlen(text) > max_bytes) {
        free(text);
        return ERR_FULL;
    }
    *out = text;
    return ERR_OK;
}

void script_json_mark_array(lua_State *lua)
{
    luaL_newmetatable(lua, SCRIPT_JSON_ARRAY);
    lua_setmetatable(lua, -2);
}

static void push_array(lua_State *lua, const json_t *value)
{
    size_t count = json_array_size(value);
    lua_createtable(lua, (int)count, 0);
    for (size_t i = 0; i < count; i++) {
        script_json_push(lua, json_array_get(value, i));
        lua_rawseti(lua, -2, (int)i + 1);
    }
    script_json_mark_array(lua);
}

static void push_object(lua_State *lua, const json_t *value)
{
    const char *key;
    json_t *member;
    lua_createtable(lua, 0, (int)json_object_size(value));
    json_object_foreach((json_t *)value, key, member)
    {
        lua_pushstring(lua, key);
        script_json_push(lua, member);
        lua_rawset(lua, -3);
    }
}

static void push_integer(lua_State *lua, json_int_t number)
{
    char digits[24];
    if (number >= -SCRIPT_JSON_SAFE_INTEGER && number <= SCRIPT_JSON_SAFE_INTEGER) {
        lua_pushnumber(lua, (lua_Number)number);
        return;
    }
    snprintf(digits, sizeof digits, "%" JSON_INTEGER_FORMAT, number);
    lua_pushstring(lua, digits);
}

void script_json_push(lua_State *lua, const json_t *value)
{
    luaL_checkstack(lua, 6, "JSON");
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        push_object(lua, value);
        break;
    case JSON_ARRAY:
        push_array(lua, value);
        break;
    case JSON_STRING:
        lua_pushlstring(lua, json_string_value(value), json_string_length(value));
        break;
    case JSON_INTEGER:
        push_integer(lua, json_integer_value(value));
        break;
    case JSON_REAL:
        lua_pushnumber(lua, json_real_value(value));
        break;
    case JSON_TRUE:
        lua_pushboolean(lua, 1);
        break;
    case JSON_FALSE:
        lua_pushboolean(lua, 0);
        break;
    case JSON_NULL:
        lua_pushlightuserdata(lua, NULL);
        break;
    }
}
