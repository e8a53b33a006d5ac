#include "brain.h"

#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*  messages, tools ─► Lua tables ─► script's function ─► { text = …, calls = { { name = …, arguments = … } } }

    JSON null becomes nil. In what the script answers a table with an element [1] is an array, any other
    (the empty one too) an object. */

#define DEPTH_MAX 32

struct brain {
    lua_State *lua; /* the script's function is at index 1 */
};

static void say_why(char why[256], const char *what, const char *detail)
{
    snprintf(why, 256, "%s: %s", what, detail ? detail : "no message");
}

/* ---- JSON into Lua; runs protected ---- */

static void push_json(lua_State *lua, const json_t *value, int depth);

static void push_object(lua_State *lua, const json_t *object, int depth)
{
    const char *key;
    json_t *item;
    lua_newtable(lua);
    json_object_foreach((json_t *)object, key, item)
    {
        push_json(lua, item, depth + 1);
        lua_setfield(lua, -2, key);
    }
}

static void push_array(lua_State *lua, const json_t *array, int depth)
{
    lua_createtable(lua, (int)json_array_size(array), 0);
    for (size_t i = 0; i < json_array_size(array); i++) {
        push_json(lua, json_array_get(array, i), depth + 1);
        lua_rawseti(lua, -2, (int)i + 1);
    }
}

static void push_json(lua_State *lua, const json_t *value, int depth)
{
    if (depth > DEPTH_MAX || !lua_checkstack(lua, 8))
        lua_pushnil(lua); /* nothing that deep means anything here */
    else if (json_is_object(value))
        push_object(lua, value, depth);
    else if (json_is_array(value))
        push_array(lua, value, depth);
    else if (json_is_string(value))
        lua_pushlstring(lua, json_string_value(value), json_string_length(value));
    else if (json_is_number(value))
        lua_pushnumber(lua, json_number_value(value));
    else if (json_is_boolean(value))
        lua_pushboolean(lua, json_is_true(value));
    else
        lua_pushnil(lua);
}

struct question {
    const json_t *messages;
    const json_t *tools;
};

/* Stack: function, question → text, calls. */
static int ask(lua_State *lua)
{
    const struct question *question = lua_touserdata(lua, 2);
    lua_settop(lua, 1);
    push_json(lua, question->messages, 0);
    push_json(lua, question->tools, 0);
    lua_call(lua, 2, 1);
    luaL_checktype(lua, 1, LUA_TTABLE);
    lua_getfield(lua, 1, "text");
    luaL_checktype(lua, 2, LUA_TSTRING);
    lua_getfield(lua, 1, "calls");
    return 2;
}

/* json_decode(text) → value, or nil when it is not JSON. */
static int decode(lua_State *lua)
{
    size_t len;
    const char *text = luaL_checklstring(lua, 1, &len);
    json_t *value = json_loadb(text, len, JSON_DECODE_ANY, NULL);
    push_json(lua, value, 0);
    json_decref(value);
    return 1;
}

/* ---- life ---- */

/* The script's own folder comes first where it looks for modules. */
static void open_libraries(lua_State *lua, const char *script_path)
{
    const char *slash = strrchr(script_path, '/');
    luaL_openlibs(lua);
    lua_getglobal(lua, "package");
    lua_pushlstring(lua, script_path, slash ? (size_t)(slash - script_path) + 1 : 0);
    lua_pushliteral(lua, "?.lua");
    lua_concat(lua, 2);
    lua_setfield(lua, -2, "path");
    lua_pushcfunction(lua, decode);
    lua_setglobal(lua, "json_decode");
    lua_settop(lua, 0);
}

enum err brain_create(struct brain **out, const char *script_path, char why[256])
{
    struct brain *brain = calloc(1, sizeof *brain);
    if (!brain || !(brain->lua = luaL_newstate())) {
        free(brain);
        say_why(why, script_path, "out of memory");
        return ERR_NOMEM;
    }
    open_libraries(brain->lua, script_path);
    if (luaL_loadfile(brain->lua, script_path) || lua_pcall(brain->lua, 0, 1, 0) ||
        !lua_isfunction(brain->lua, 1)) {
        const char *message = lua_tostring(brain->lua, -1);
        say_why(why, script_path, message ? message : "must return a function (messages, tools)");
        brain_destroy(brain);
        return ERR_BAD;
    }
    *out = brain;
    return ERR_OK;
}

void brain_destroy(struct brain *brain)
{
    if (!brain)
        return;
    lua_close(brain->lua);
    free(brain);
}

/* ---- Lua into JSON ---- */

static json_t *json_from(lua_State *lua, int index, int depth);

static json_t *object_from(lua_State *lua, int index, int depth)
{
    json_t *object = json_object();
    for (lua_pushnil(lua); object && lua_next(lua, index); lua_pop(lua, 1)) {
        if (lua_type(lua, -2) != LUA_TSTRING)
            continue;
        json_t *value = json_from(lua, lua_gettop(lua), depth + 1);
        if (!value || json_object_set_new(object, lua_tostring(lua, -2), value)) {
            lua_pop(lua, 2);
            json_decref(object);
            return NULL;
        }
    }
    return object;
}

static json_t *array_from(lua_State *lua, int index, int depth)
{
    json_t *array = json_array();
    for (int i = 1; array && i <= (int)lua_objlen(lua, index); i++) {
        lua_rawgeti(lua, index, i);
        json_t *value = json_from(lua, lua_gettop(lua), depth + 1);
        lua_pop(lua, 1);
        if (!value || json_array_append_new(array, value)) {
            json_decref(array);
            return NULL;
        }
    }
    return array;
}

static json_t *number_from(double number)
{
    bool is_whole = number >= -9e15 && number <= 9e15 && number == (double)(json_int_t)number;
    return is_whole ? json_integer((json_int_t)number) : json_real(number);
}

/* NULL: not to be said in JSON, or out of memory. */
static json_t *json_from(lua_State *lua, int index, int depth)
{
    if (depth > DEPTH_MAX || !lua_checkstack(lua, 8))
        return NULL;
    switch (lua_type(lua, index)) {
    case LUA_TTABLE:
        return lua_objlen(lua, index) > 0 ? array_from(lua, index, depth)
                                          : object_from(lua, index, depth);
    case LUA_TSTRING:
        return json_string(lua_tostring(lua, index));
    case LUA_TNUMBER:
        return number_from(lua_tonumber(lua, index));
    case LUA_TBOOLEAN:
        return json_boolean(lua_toboolean(lua, index));
    case LUA_TNIL:
        return json_null();
    default:
        return NULL;
    }
}

/* Whether it is an array of names with arguments; NULL is not. */
static bool are_calls(const json_t *calls)
{
    size_t i;
    json_t *call;
    json_array_foreach(calls, i, call)
    {
        if (!json_is_string(json_object_get(call, "name")) ||
            !json_is_object(json_object_get(call, "arguments")))
            return false;
    }
    return json_is_array(calls);
}

/* Text at −2, calls at −1. */
static enum err read_answer(lua_State *lua, struct brain_reply *out, char why[256])
{
    out->text = strdup(lua_tostring(lua, -2));
    if (!out->text) {
        say_why(why, "reply", "out of memory");
        return ERR_NOMEM;
    }
    if (!lua_istable(lua, -1) || lua_objlen(lua, -1) == 0)
        return ERR_OK;
    out->tool_calls = json_from(lua, lua_gettop(lua), 0);
    if (are_calls(out->tool_calls))
        return ERR_OK;
    say_why(why, "reply", "its calls are not names with arguments");
    brain_reply_free(out);
    return ERR_BAD;
}

enum err brain_reply(struct brain *brain, const json_t *messages, const json_t *tools,
    struct brain_reply *out, char why[256])
{
    struct question question = {messages, tools};
    *out = (struct brain_reply){0};
    lua_pushcfunction(brain->lua, ask);
    lua_pushvalue(brain->lua, 1);
    lua_pushlightuserdata(brain->lua, &question);
    enum err err = ERR_BAD;
    if (lua_pcall(brain->lua, 2, 2, 0))
        say_why(why, "receptionist", lua_tostring(brain->lua, -1));
    else
        err = read_answer(brain->lua, out, why);
    lua_settop(brain->lua, 1);
    return err;
}

void brain_reply_free(struct brain_reply *reply)
{
    free(reply->text);
    json_decref(reply->tool_calls);
    *reply = (struct brain_reply){0};
}
