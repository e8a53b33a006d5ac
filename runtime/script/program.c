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

struct loading {
    struct program *program;
    const struct script_library *lua_library;
    lua_State *thread;
};

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
        luaL_where(lua, 1);
        lua_pushstring(lua, why);
        lua_concat(lua, 2);
        lua_error(lua);
    }
    push_chunk(lua, name, text);
}

static int require(lua_State *lua)
{
    struct program *program = vm_of(lua)->owner;
    size_t len;
    const char *module = luaL_checklstring(lua, 1, &len);
    char name[SOURCE_NAME_SIZE];
    if (source_name_of_module(name, (struct slice){module, len}))
        return luaL_error(lua, "require: '%s' is no module name", module);
    lua_getfield(lua, LUA_REGISTRYINDEX, LOADED);
    lua_getfield(lua, -1, name);
    if (lua_isboolean(lua, -1))
        return luaL_error(lua, "require: '%s' requires itself", module);
    if (!lua_isnil(lua, -1))
        return 1;
    lua_pop(lua, 1);
    if (!program->is_loading)
        return luaL_error(lua, "require: '%s' must be required when the file is loaded", module);
    lua_pushboolean(lua, 0);
    lua_setfield(lua, 2, name);
    push_file(lua, program, name);
    lua_call(lua, 0, 1);
    if (lua_isnil(lua, -1) || lua_isboolean(lua, -1))
        return luaL_error(lua, "require: %s returned nothing of use", name);
    lua_pushvalue(lua, -1);
    lua_setfield(lua, 2, name);
    return 1;
}

/* Fills the environment and leaves agent.lua as a function on a new thread's stack. */
static int prepare(lua_State *lua)
{
    struct loading *loading = lua_touserdata(lua, 1);
    lua_newtable(lua);
    lua_setfield(lua, LUA_REGISTRYINDEX, LOADED);
    lua_pushcfunction(lua, require);
    sandbox_give(lua, "require");
    luaL_newmetatable(lua, SCRIPT_JSON_ARRAY);
    lua_pop(lua, 1);
    if (loading->lua_library && loading->lua_library->install)
        loading->lua_library->install(lua, loading->lua_library->owner);
    loading->thread = lua_newthread(lua);
    luaL_ref(lua, LUA_REGISTRYINDEX);
    push_file(lua, loading->program, "agent.lua");
    lua_xmove(lua, loading->thread, 1);
    return 0;
}

static int keep_agent(lua_State *lua)
{
    struct loading *loading = lua_touserdata(lua, 1);
    if (lua_gettop(loading->thread) == 0 || !lua_istable(loading->thread, 1))
        return luaL_error(lua, "agent.lua:1: must return a table");
    lua_settop(loading->thread, 1);
    lua_xmove(loading->thread, lua, 1);
    loading->program->agent_ref = luaL_ref(lua, LUA_REGISTRYINDEX);
    return 0;
}

static enum err run_agent_file(struct loading *loading, char why[512])
{
    struct vm *vm = loading->program->vm;
    uint64_t budget_us = PROGRAM_LOAD_US;
    enum vm_outcome outcome = vm_resume(vm, loading->thread, 0, PROGRAM_LOAD_US, &budget_us);
    switch (outcome) {
    case VM_DONE:
        return vm_protect(vm, keep_agent, loading, why);
    case VM_ERROR:
        vm_error_text(loading->thread, why, 512);
        return ERR_BAD;
    case VM_OUT_OF_MEMORY:
        snprintf(why, 512, "agent.lua:1: used more than 4 MiB while loading");
        return ERR_BAD;
    case VM_OUT_OF_TIME:
    case VM_SLICED:
        snprintf(why, 512, "agent.lua:1: took more than 50 ms to load");
        return ERR_BAD;
    case VM_WAITING:
        snprintf(why, 512, "agent.lua:1: waited while loading");
        return ERR_BAD;
    }
    return ERR_BAD;
}

enum err program_load(struct program **out, struct sources *sources,
    const struct script_library *library, char why[512])
{
    struct program *program = calloc(1, sizeof *program);
    if (!program)
        return ERR_NOMEM;
    program->references = 1;
    program->sources = sources_hold(sources);
    program->is_loading = true;
    program->prompt_ref = program->profile_ref = LUA_NOREF;
    enum err err = vm_create(&program->vm, VM_LIMIT_BYTES, program);
    struct loading loading = {.program = program, .lua_library = library};
    if (err)
        snprintf(why, 512, "no memory");
    if (!err)
        err = vm_protect(program->vm, prepare, &loading, why);
    if (!err)
        err = run_agent_file(&loading, why);
    program->is_loading = false;
    if (err)
        program_release(program);
    else
        *out = program;
    return err;
}

struct program *program_hold(struct program *program)
{
    program->references++;
    return program;
}

void program_release(struct program *program)
{
    if (!program)
        return;
    assert(program->references > 0);
    if (--program->references > 0)
        return;
    assert(!program->runs && !program->is_ready);
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
