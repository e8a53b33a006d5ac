#include "script/json.h"

#include <lauxlib.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SAFE_INTEGER 9007199254740992LL /* 2^53 */

struct reading {
    lua_State *lua;
    size_t nodes;
    size_t bytes;
    char *why; /* 160 bytes */
};

static enum err refuse(char why[160], const char *text) {
    snprintf(why, 160, "%s", text);
    return ERR_BAD;
}

/* Depth and number of values, counted on the bytes before a parser may allocate for them. */
static enum err check_shape(struct slice text, char why[160]) {
    size_t depth = 0, nodes = 1;
    bool in_string = false;
    for (size_t i = 0; i < text.len; i++) {
        char c = text.data[i];
        if (in_string) {
            if (c == '\\') i++;
            else in_string = c != '"';
            continue;
        }
        in_string = c == '"';
        if (c == '[' || c == '{') depth++, nodes++;
        if ((c == ']' || c == '}') && depth > 0) depth--;
        if (c == ',') nodes++;
        if (depth > SCRIPT_JSON_MAX_DEPTH) return refuse(why, "nested too deep");
        if (nodes > SCRIPT_JSON_MAX_NODES) return refuse(why, "too many values");
    }
    return ERR_OK;
}

enum err script_json_parse(json_t **out, struct slice text, char why[160]) {
    if (text.len > SCRIPT_JSON_MAX_BYTES) return refuse(why, "longer than 256 KiB");
    enum err err = check_shape(text, why);
    if (err) return err;
    json_error_t error;
    *out = json_loadb(text.data ? text.data : "", text.len, JSON_DECODE_ANY, &error);
    if (*out) return ERR_OK;
    snprintf(why, 160, "line %d: %.120s", error.line, error.text);
    return ERR_BAD;
}

enum err script_json_print(char **out, const json_t *value, size_t max_bytes) {
    size_t flags = JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY;
    char *text = json_dumps(value, flags);
    if (!text) return ERR_NOMEM;
    if (strlen(text) > max_bytes) {
        free(text);
        return ERR_FULL;
    }
    *out = text;
    return ERR_OK;
}

void script_json_mark_array(lua_State *lua) {
    luaL_newmetatable(lua, SCRIPT_JSON_ARRAY);
    lua_setmetatable(lua, -2);
}

static void push_array(lua_State *lua, const json_t *value) {
    size_t count = json_array_size(value);
    lua_createtable(lua, (int)count, 0);
    for (size_t i = 0; i < count; i++) {
        script_json_push(lua, json_array_get(value, i));
        lua_rawseti(lua, -2, (int)i + 1);
    }
    script_json_mark_array(lua);
}

static void push_object(lua_State *lua, const json_t *value) {
    const char *key;
    json_t *member;
    lua_createtable(lua, 0, (int)json_object_size(value));
    json_object_foreach((json_t *)value, key, member) {
        lua_pushstring(lua, key);
        script_json_push(lua, member);
        lua_rawset(lua, -3);
    }
}

static void push_integer(lua_State *lua, json_int_t number) {
    char digits[24];
    if (number >= -SAFE_INTEGER && number <= SAFE_INTEGER) {
        lua_pushnumber(lua, (lua_Number)number);
        return;
    }
    snprintf(digits, sizeof digits, "%" JSON_INTEGER_FORMAT, number);
    lua_pushstring(lua, digits);
}

void script_json_push(lua_State *lua, const json_t *value) {
    luaL_checkstack(lua, 6, "JSON");
    switch (json_typeof(value)) {
    case JSON_OBJECT: push_object(lua, value); break;
    case JSON_ARRAY: push_array(lua, value); break;
    case JSON_STRING: lua_pushlstring(lua, json_string_value(value), json_string_length(value)); break;
    case JSON_INTEGER: push_integer(lua, json_integer_value(value)); break;
    case JSON_REAL: lua_pushnumber(lua, json_real_value(value)); break;
    case JSON_TRUE: lua_pushboolean(lua, 1); break;
    case JSON_FALSE: lua_pushboolean(lua, 0); break;
    case JSON_NULL: lua_pushlightuserdata(lua, NULL); break;
    }
}

static json_t *read_value(struct reading *reading, int index, unsigned depth);

static json_t *fail(struct reading *reading, const char *text) {
    if (!reading->why[0]) snprintf(reading->why, 160, "%s", text);
    return NULL;
}

static json_t *read_text(struct reading *reading, int index) {
    size_t len;
    const char *text = lua_tolstring(reading->lua, index, &len);
    reading->bytes += len;
    if (reading->bytes > SCRIPT_JSON_MAX_BYTES) return fail(reading, "more than 256 KiB of text");
    json_t *value = json_stringn(text, len);
    return value ? value : fail(reading, "a string is not valid UTF-8");
}

static json_t *read_number(struct reading *reading, int index) {
    double number = lua_tonumber(reading->lua, index);
    if (!isfinite(number)) return fail(reading, "a number is not finite");
    if (number == floor(number) && fabs(number) <= (double)SAFE_INTEGER) return json_integer((json_int_t)number);
    return json_real(number);
}

static bool has_marker(lua_State *lua, int index) {
    if (!lua_getmetatable(lua, index)) return false;
    lua_getfield(lua, LUA_REGISTRYINDEX, SCRIPT_JSON_ARRAY);
    bool is_same = lua_rawequal(lua, -1, -2);
    lua_pop(lua, 2);
    return is_same;
}

static json_t *read_array(struct reading *reading, int index, unsigned depth) {
    lua_State *lua = reading->lua;
    size_t count = lua_objlen(lua, index);
    json_t *array = json_array();
    for (size_t i = 1; array && i <= count; i++) {
        lua_rawgeti(lua, index, (int)i);
        json_t *item = lua_isnil(lua, -1) ? fail(reading, "an array has holes") : read_value(reading, lua_gettop(lua), depth + 1);
        lua_pop(lua, 1);
        if (item && json_array_append_new(array, item) == 0) continue;
        json_decref(array);
        return NULL;
    }
    return array;
}

/* Every key must be 1…count, or what is written would not be what is there. */
static bool is_sequence(lua_State *lua, int index, size_t count) {
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

static json_t *read_object(struct reading *reading, int index, unsigned depth) {
    lua_State *lua = reading->lua;
    json_t *object = json_object();
    lua_pushnil(lua);
    while (object && lua_next(lua, index)) {
        int top = lua_gettop(lua);
        json_t *member = NULL;
        size_t key_len = 0;
        const char *key = lua_type(lua, -2) == LUA_TSTRING ? lua_tolstring(lua, -2, &key_len) : NULL;
        reading->bytes += key_len;
        if (!key) fail(reading, "a table mixes names and numbers as keys");
        else if (strlen(key) != key_len) fail(reading, "a name holds a zero byte");
        else member = read_value(reading, top, depth + 1);
        lua_settop(lua, top - 1);
        if (member && json_object_set_new(object, key, member) == 0) continue;
        fail(reading, "a name is not valid UTF-8");
        lua_pop(lua, 1);
        json_decref(object);
        return NULL;
    }
    return object;
}

static json_t *read_table(struct reading *reading, int index, unsigned depth) {
    if (depth >= SCRIPT_JSON_MAX_DEPTH) return fail(reading, "nested too deep (or a table holds itself)");
    size_t count = lua_objlen(reading->lua, index);
    if (count == 0 && !has_marker(reading->lua, index)) return read_object(reading, index, depth);
    if (!is_sequence(reading->lua, index, count)) return fail(reading, "an array has holes or names as keys");
    return read_array(reading, index, depth);
}

static json_t *read_value(struct reading *reading, int index, unsigned depth) {
    lua_State *lua = reading->lua;
    if (++reading->nodes > SCRIPT_JSON_MAX_NODES) return fail(reading, "too many values");
    switch (lua_type(lua, index)) {
    case LUA_TNIL: return json_null();
    case LUA_TBOOLEAN: return json_boolean(lua_toboolean(lua, index));
    case LUA_TNUMBER: return read_number(reading, index);
    case LUA_TSTRING: return read_text(reading, index);
    case LUA_TTABLE: return read_table(reading, index, depth);
    case LUA_TLIGHTUSERDATA:
        if (!lua_touserdata(lua, index)) return json_null();
        break;
    }
    char text[64];
    snprintf(text, sizeof text, "a %s has no JSON form", luaL_typename(lua, index));
    return fail(reading, text);
}

enum err script_json_read(json_t **out, lua_State *lua, int index, char why[160]) {
    if (index < 0 && index > LUA_REGISTRYINDEX) index = lua_gettop(lua) + index + 1;
    luaL_checkstack(lua, SCRIPT_JSON_MAX_DEPTH * 3 + 8, "JSON");
    struct reading reading = {.lua = lua, .why = why};
    int top = lua_gettop(lua);
    why[0] = 0;
    *out = read_value(&reading, index, 0);
    lua_settop(lua, top);
    if (*out) return ERR_OK;
    if (!why[0]) snprintf(why, 160, "no memory");
    return ERR_BAD;
}
