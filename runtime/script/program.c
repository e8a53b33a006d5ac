#include "script/program.h"

#include <assert.h>
#include <lauxlib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "script/json.h"
#include "script/sandbox.h"

#define LOADED                                                                                     \
    "moonline.loaded" /* registry: file name → what it returned, or false while it runs */

struct creating {
    struct program *program;
    const struct script_library *lua_library;
    const char *file;
    lua_State *thread;
};

/* In Lua, so that a file that is required runs like any other code and can be put aside. */
static const char require_code[] = "local find, keep = ...\n"
                                   "return function(name)\n"
                                   "  local value, file, chunk = find(name)\n"
                                   "  if file then value = keep(file, (chunk())) end\n"
                                   "  return value\n"
                                   "end\n";

/* Compiles the text of `name` as a function in the sandbox's environment. */
static void push_chunk(lua_State *lua, const char *name, struct slice text)
{
    char chunk_name[SOURCE_NAME_SIZE + 1];
    snprintf(chunk_name, sizeof chunk_name, "@%s", name);
    if (luaL_loadbufferx(lua, text.data, text.len, chunk_name, "t") != 0)
        lua_error(lua);
    lua_getfield(lua, LUA_REGISTRYINDEX, SANDBOX_ENVIRONMENT);
    lua_setfenv(lua, -2);
}

static void push_file(lua_State *lua, struct program *program, const char *name)
{
    char why[256];
    struct slice text;
    enum err err = sources_get(program->sources, name, &text, why);
    if (err) {
        luaL_where(lua, 2);
        lua_pushstring(lua, why);
        lua_concat(lua, 2);
        lua_error(lua);
    }
    push_chunk(lua, name, text);
}

/* An error where `require` was called. */
static int refuse_module(lua_State *lua, const char *format, const char *module)
{
    luaL_where(lua, 2);
    lua_pushfstring(lua, format, module);
    lua_concat(lua, 2);
    return lua_error(lua);
}

/* find(module) → what it returned when it was loaded before; else nil, its file's name, its code as a function. */
static int find_module(lua_State *lua)
{
    struct program *program = vm_of(lua)->owner;
    size_t len;
    if (lua_type(lua, 1) != LUA_TSTRING)
        return refuse_module(
            lua, "require: a module's name is a text, not a %s", luaL_typename(lua, 1));
    const char *module = lua_tolstring(lua, 1, &len);
    char name[SOURCE_NAME_SIZE];
    if (source_name_of_module(name, (struct slice){module, len}))
        return refuse_module(lua, "require: '%s' is no module name", module);
    lua_settop(lua, 1);
    lua_getfield(lua, LUA_REGISTRYINDEX, LOADED);
    lua_getfield(lua, 2, name);
    if (lua_isboolean(lua, 3))
        return refuse_module(lua, "require: '%s' requires itself", module);
    if (!lua_isnil(lua, 3))
        return 1;
    if (!program->is_loading)
        return refuse_module(lua, "require: '%s' must be required when the file is loaded", module);
    lua_pushstring(lua, name);
    push_file(lua, program, name);
    lua_pushboolean(lua, 0);
    lua_setfield(lua, 2, name);
    return 3;
}

/* keep(file, value) → value */
static int keep_module(lua_State *lua)
{
    const char *name = luaL_checkstring(lua, 1);
    if (lua_isnoneornil(lua, 2) || lua_isboolean(lua, 2))
        return refuse_module(lua, "require: %s returned nothing of use", name);
    lua_settop(lua, 2);
    lua_getfield(lua, LUA_REGISTRYINDEX, LOADED);
    lua_pushvalue(lua, 2);
    lua_setfield(lua, 3, name);
    lua_settop(lua, 2);
    return 1;
}

static void give_require(lua_State *lua)
{
    if (luaL_loadbufferx(lua, require_code, sizeof require_code - 1, "=(host)", "t") != 0)
        lua_error(lua);
    lua_pushcfunction(lua, find_module);
    lua_pushcfunction(lua, keep_module);
    lua_call(lua, 2, 1);
    sandbox_give(lua, "require");
}

/* Fills the environment and leaves the file as a function on a new thread's stack. */
static int prepare(lua_State *lua)
{
    struct creating *creating = lua_touserdata(lua, 1);
    lua_newtable(lua);
    lua_setfield(lua, LUA_REGISTRYINDEX, LOADED);
    give_require(lua);
    luaL_newmetatable(lua, SCRIPT_JSON_ARRAY);
    lua_pop(lua, 1);
    if (creating->lua_library && creating->lua_library->install)
        creating->lua_library->install(lua, creating->lua_library->owner);
    creating->thread = lua_newthread(lua);
    luaL_ref(lua, LUA_REGISTRYINDEX);
    push_file(lua, creating->program, creating->file);
    lua_xmove(lua, creating->thread, 1);
    return 0;
}

static int keep_agent(lua_State *lua)
{
    struct creating *creating = lua_touserdata(lua, 1);
    if (lua_gettop(creating->thread) == 0 || !lua_istable(creating->thread, 1))
        return luaL_error(lua, "agent.lua:1: must return a table");
    lua_settop(creating->thread, 1);
    lua_xmove(creating->thread, lua, 1);
    creating->program->agent_ref = luaL_ref(lua, LUA_REGISTRYINDEX);
    return 0;
}

enum err program_create(struct program **out, struct sources *sources,
    const struct script_library *library, const char *file, lua_State **thread, char why[512])
{
    struct program *program = calloc(1, sizeof *program);
    snprintf(why, 512, "no memory");
    if (!program)
        return ERR_NOMEM;
    program->references = 1;
    program->sources = sources_hold(sources);
    program->is_loading = true;
    program->prompt_ref = program->migrate_ref = program->profile_ref = LUA_NOREF;
    for (size_t i = 0; i < SCRIPT_HOOKS; i++)
        program->hook_refs[i] = LUA_NOREF;
    struct creating creating = {.program = program, .lua_library = library, .file = file};
    enum err err = vm_create(&program->vm, VM_LIMIT_BYTES, program);
    if (!err)
        err = vm_protect(program->vm, prepare, &creating, why);
    if (err) {
        program_release(program);
        return err;
    }
    *thread = creating.thread;
    *out = program;
    return ERR_OK;
}

enum err program_keep_agent(struct program *program, lua_State *thread, char why[512])
{
    struct creating creating = {.program = program, .thread = thread};
    program->is_loading = false;
    return vm_protect(program->vm, keep_agent, &creating, why);
}

struct program *program_hold(struct program *program)
{
    program->references++;
    return program;
}

void program_count_in(struct program *program, unsigned *count)
{
    program->count = count;
    ++*count;
}

void program_release(struct program *program)
{
    if (!program)
        return;
    assert(program->references > 0);
    if (--program->references > 0)
        return;
    assert(!program->runs && !program->is_ready && !program->build);
    if (program->count)
        --*program->count;
    vm_destroy(program->vm);
    sources_release(program->sources);
    free(program);
}

const struct program_tool *program_find_tool(const struct program *program, const char *name)
{
    for (size_t i = 0; i < program->tool_count; i++)
        if (strcmp(program->tools[i].name, name) == 0)
            return &program->tools[i];
    return NULL;
}

const char *program_file_of(lua_State *lua)
{
    const char *file = NULL;
    int value = lua_gettop(lua);
    luaL_checkstack(lua, 4, "files");
    lua_getfield(lua, LUA_REGISTRYINDEX, LOADED);
    lua_pushnil(lua);
    while (!file && lua_next(lua, value + 1)) {
        if (lua_rawequal(lua, -1, value))
            file = lua_tostring(lua, -2); /* a key of the table: it stays */
        lua_pop(lua, 1);
    }
    lua_settop(lua, value);
    return file;
}

const struct source *program_tool_source(
    const struct program *program, const struct program_tool *tool)
{
    lua_State *lua = program->vm->lua;
    lua_Debug info = {.source = ""};
    lua_rawgeti(lua, LUA_REGISTRYINDEX, tool->run_ref);
    if (lua_isfunction(lua, -1))
        lua_getinfo(lua, ">S", &info);
    else
        lua_pop(lua, 1);
    return info.source[0] == '@' ? sources_find(program->sources, info.source + 1) : NULL;
}

struct field_question {
    const struct program *program;
    const char *path;
    bool is_there;
};

static int find_field(lua_State *lua)
{
    struct field_question *question = lua_touserdata(lua, 1);
    struct slice rest = slice_from(question->path);
    lua_rawgeti(lua, LUA_REGISTRYINDEX, question->program->agent_ref);
    while (rest.len && lua_istable(lua, -1)) {
        struct slice key = slice_split(&rest, '.');
        lua_pushlstring(lua, key.data, key.len);
        lua_rawget(lua, -2);
    }
    question->is_there = !rest.len && !lua_isnil(lua, -1);
    return 0;
}

bool program_has_field(const struct program *program, const char *path)
{
    char why[512];
    struct field_question question = {program, path, false};
    return vm_protect(program->vm, find_field, &question, why) == ERR_OK && question.is_there;
}
