#include "script/json.h"

#include <lauxlib.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

struct reading {
    lua_State *lua;
    size_t nodes;
    size_t bytes;
    char *why; /* 160 bytes */
};

static json_t *read_value(struct reading *reading, int index, unsigned depth);

static json_t *fail(struct reading *reading, const char *text)
{
    if (!reading->why[0])
        snprintf(reading->why, 160, "%s", text);
    return NULL;
}

static json_t *read_text(struct reading *reading, int index)
{
    size_t len;
    const char *text = lua_tolstring(reading->lua, index, &len);
    reading->bytes += len;
    if (reading->bytes > SCRIPT_JSON_MAX_BYTES)
        return fail(reading, "more than 256 KiB of text");
    json_t *value = json_stringn(text, len);
    return value ? value : fail(reading, "a string is not valid UTF-8");
}

static json_t *read_number(struct reading *reading, int index)
{
    double number = lua_tonumber(reading->lua, index);
    if (!isfinite(number))
        return fail(reading, "a number is not finite");
    if (number == floor(number) && fabs(number) <= (double)SCRIPT_JSON_SAFE_INTEGER)
        return json_integer((json_int_t)number);
    return json_real(number);
}

static bool has_marker(lua_State *lua, int index)
{
    if (!lua_getmetatable(lua, index))
        return false;
    lua_getfield(lua, LUA_REGISTRYINDEX, SCRIPT_JSON_ARRAY);
    bool is_same = lua_rawequal(lua, -1, -2);
    lua_pop(lua, 2);
    return is_same;
}

static json_t *read_array(struct reading *reading, int index, unsigned depth)
{
    lua_State *lua = reading->lua;
    size_t count = lua_objlen(lua, index);
    json_t *array = json_array();
    for (size_t i = 1; array && i <= count; i++) {
        lua_rawgeti(lua, index, (int)i);
        json_t *item = lua_isnil(lua, -1) ? fail(reading, "an array has holes")
                                          : read_value(reading, lua_gettop(lua), depth + 1);
        lua_pop(lua, 1);
        if (item && json_array_append_new(array, item) == 0)
            continue;
        json_decref(array);
        return NULL;
    }
    return array;
}

/* Every key must be 1…count, or what is written would not be what is there. */
static bool is_sequence(lua_State *lua, int index, size_t count)
{
    size_t keys = 0;
    lua_pushnil(lua);
    while (lua_next(lua, index)) {
        lua_pop(lua, 1);
        if (lua_type(lua, -1) != LUA_TNUMBER || ++keys > count) {
            lua_pop(lua, 1);
            return false;
        }
    }
    return keys == count;
}

static json_t *read_object(struct reading *reading, int index, unsigned depth)
{
    lua_State *lua = reading->lua;
    json_t *object = json_object();
    lua_pushnil(lua);
    while (object && lua_next(lua, index)) {
        int top = lua_gettop(lua);
        json_t *member = NULL;
        size_t key_len = 0;
        const char *key =
            lua_type(lua, -2) == LUA_TSTRING ? lua_tolstring(lua, -2, &key_len) : NULL;
        reading->bytes += key_len;
        if (!key)
            fail(reading, "a table mixes names and numbers as keys");
        else if (strlen(key) != key_len)
            fail(reading, "a name holds a zero byte");
        else
            member = read_value(reading, top, depth + 1);
        lua_settop(lua, top - 1);
        if (member && json_object_set_new(object, key, member) == 0)
            continue;
        fail(reading, "a name is not valid UTF-8");
        lua_pop(lua, 1);
        json_decref(object);
        return NULL;
    }
    return object;
}

static json_t *read_table(struct reading *reading, int index, unsigned depth)
{
    if (depth >= SCRIPT_JSON_MAX_DEPTH)
        return fail(reading, "nested too deep (or a table holds itself)");
    size_t count = lua_objlen(reading->lua, index);
    if (count == 0 && !has_marker(reading->lua, index))
        return read_object(reading, index, depth);
    if (!is_sequence(reading->lua, index, count))
        return fail(reading, "an array has holes or names as keys");
    return read_array(reading, index, depth);
}

static json_t *read_value(struct reading *reading, int index, unsigned depth)
{
    lua_State *lua = reading->lua;
    if (++reading->nodes > SCRIPT_JSON_MAX_NODES)
        return fail(reading, "too many values");
    switch (lua_type(lua, index)) {
    case LUA_TNIL:
        return json_null();
    case LUA_TBOOLEAN:
        return json_boolean(lua_toboolean(lua, index));
    case LUA_TNUMBER:
        return read_number(reading, index);
    case LUA_TSTRING:
        return read_text(reading, index);
    case LUA_TTABLE:
        return read_table(reading, index, depth);
    case LUA_TLIGHTUSERDATA:
        if (!lua_touserdata(lua, index))
            return json_null();
        break;
    }
    char text[64];
    snprintf(text, sizeof text, "a %s has no JSON form", luaL_typename(lua, index));
    return fail(reading, text);
}

enum err script_json_read(json_t **out, lua_State *lua, int index, char why[160])
{
    if (index < 0 && index > LUA_REGISTRYINDEX)
        index = lua_gettop(lua) + index + 1;
    luaL_checkstack(lua, SCRIPT_JSON_MAX_DEPTH * 3 + 8, "JSON");
    struct reading reading = {.lua = lua, .why = why};
    int top = lua_gettop(lua);
    why[0] = 0;
    *out = read_value(&reading, index, 0);
    lua_settop(lua, top);
    if (*out)
        return ERR_OK;
    if (!why[0])
        snprintf(why, 160, "no memory");
    return ERR_BAD;
}
