#include "unit/script/pattern_oracle.h"

#include <assert.h>
#include <lauxlib.h>
#include <luajit.h>
#include <lualib.h>
#include <stdio.h>
#include <string.h>

#include "script/pattern.h"
#include "script/sandbox.h"

#define ORACLE_STEPS 100000 /* of ours; LuaJIT's matcher has no bound */

/* Answers every question with one text, errors included. */
static const char driver[] =
    "local string, table, pcall, tostring, type, select = ...\n"
    "local function text(...)\n"
    "  local out = {}\n"
    "  for i = 1, select('#', ...) do\n"
    "    local v = select(i, ...)\n"
    "    out[i] = type(v) .. ':' .. tostring(v)\n"
    "  end\n"
    "  return table.concat(out, '|')\n"
    "end\n"
    "return function(name, s, p, start, with)\n"
    "  if name == 'find' or name == 'match' then return text(pcall(string[name], s, p, start)) "
    "end\n"
    "  if name == 'gsub' then\n"
    "    local function callback(...)\n"
    "      return '<' .. text(...) .. '>'\n"
    "    end\n"
    "    return text(pcall(string.gsub, s, p, with or callback, start))\n"
    "  end\n"
    "  return text(pcall(function()\n"
    "    local out = {}\n"
    "    for a, b in string.gmatch(s, p) do out[#out + 1] = text(a, b) end\n"
    "    return table.concat(out, ';')\n"
    "  end))\n"
    "end\n";

static void push_driver(lua_State *lua, bool is_sandbox)
{
    static const char *const names[] = {"string", "table", "pcall", "tostring", "type", "select"};
    int failed = luaL_loadbuffer(lua, driver, sizeof driver - 1, "=driver");
    assert(!failed);
    (void)failed;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (is_sandbox) {
            lua_getfield(lua, LUA_REGISTRYINDEX, SANDBOX_ENVIRONMENT);
            lua_getfield(lua, -1, names[i]);
            lua_remove(lua, -2);
        } else {
            lua_getglobal(lua, names[i]);
        }
    }
    lua_call(lua, 6, 1);
}

void oracle_open(struct oracle *oracle)
{
    oracle->ours = luaL_newstate();
    oracle->theirs = luaL_newstate();
    luaJIT_setmode(oracle->ours, 0, LUAJIT_MODE_ENGINE | LUAJIT_MODE_OFF);
    luaJIT_setmode(oracle->theirs, 0, LUAJIT_MODE_ENGINE | LUAJIT_MODE_OFF);
    sandbox_open(oracle->ours);
    luaL_openlibs(oracle->theirs);
    push_driver(oracle->ours, true);
    push_driver(oracle->theirs, false);
}

void oracle_close(struct oracle *oracle)
{
    lua_close(oracle->ours);
    lua_close(oracle->theirs);
}

static void push_optional(lua_State *lua, bool is_given, struct slice text)
{
    if (is_given)
        lua_pushlstring(lua, text.data, text.len);
    else
        lua_pushnil(lua);
}

/* Without the place an error begins with: ours may name the host's own code. */
static void ask(
    lua_State *lua, const struct oracle_question *question, char out[ORACLE_ANSWER_SIZE])
{
    size_t len;
    lua_pushvalue(lua, 1);
    lua_pushstring(lua, question->function);
    lua_pushlstring(lua, question->text.data, question->text.len);
    lua_pushlstring(lua, question->pattern.data, question->pattern.len);
    if (question->start)
        lua_pushinteger(lua, question->start);
    else
        lua_pushnil(lua);
    push_optional(lua, question->replacement.data != NULL, question->replacement);
    lua_call(lua, 5, 1);
    const char *answer = lua_tolstring(lua, -1, &len);
    const char *place = strstr(answer, "string:driver:");
    size_t skip = 0;
    if (place && !strncmp(answer, "boolean:false", 13)) {
        skip = (size_t)(strchr(place + 14, ' ') + 1 - answer);
        memcpy(out, "boolean:false|string:", 21);
        snprintf(out + 21, ORACLE_ANSWER_SIZE - 21, "%s", answer + skip);
    } else {
        size_t kept = len < ORACLE_ANSWER_SIZE - 1 ? len : ORACLE_ANSWER_SIZE - 1;
        memset(out, 0, ORACLE_ANSWER_SIZE);
        memcpy(out, answer, kept);
    }
    lua_settop(lua, 1);
}

static bool is_too_much(const struct oracle_question *question)
{
    struct pattern pattern;
    struct matcher matcher;
    if (pattern_read(&pattern, question->pattern, true))
        return true;
    matcher_init(&matcher, &pattern, question->text);
    matcher_find(&matcher, 0);
    return PATTERN_STEPS - matcher.steps_left > ORACLE_STEPS;
}

bool oracle_agrees(const struct oracle *oracle, const struct oracle_question *question,
    char ours[ORACLE_ANSWER_SIZE], char theirs[ORACLE_ANSWER_SIZE])
{
    memset(ours, 0, ORACLE_ANSWER_SIZE);
    memset(theirs, 0, ORACLE_ANSWER_SIZE);
    ask(oracle->ours, question, ours);
    if (is_too_much(question) || strstr(ours, "too many steps"))
        return true;
    ask(oracle->theirs, question, theirs);
    return memcmp(ours, theirs, ORACLE_ANSWER_SIZE) == 0;
}
