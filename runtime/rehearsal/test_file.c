#include "rehearsal/test_file.h"

#include <lauxlib.h>
#include <stdio.h>
#include <string.h>

#include "rehearsal/plan.h"
#include "script/json.h"
#include "script/sandbox.h"

#define LOAD_US 50000
#define ANSWER_US 50000
#define SLICE_US 5000
#define VALUES_MAX 16

/* How a stub answers: (stubs, module, function, …) → whether one does, its milliseconds or nil, the values. */
static const char resolver_code[] =
    "local used = {}\n"
    "local function is_answer(value)\n"
    "  return type(value) == 'table'\n"
    "    and (value.answer ~= nil or value.rows ~= nil or value.fail ~= nil or value.match ~= "
    "nil)\n"
    "end\n"
    "local function holds(text, value)\n"
    "  if type(value) == 'string' then return value:lower():find(text, 1, true) ~= nil end\n"
    "  if type(value) ~= 'table' then return false end\n"
    "  for _, inner in pairs(value) do if holds(text, inner) then return true end end\n"
    "  return false\n"
    "end\n"
    "local function fits(one, asked)\n"
    "  if one.times and (used[one] or 0) >= one.times then return false end\n"
    "  return one.match == nil or holds(one.match:lower(), asked)\n"
    "end\n"
    "local function give(one, ...)\n"
    "  used[one] = (used[one] or 0) + 1\n"
    "  local fail, value = one.fail, one.answer\n"
    "  if type(fail) == 'string' then return true, one.after_ms, nil, fail, fail end\n"
    "  if fail then return true, one.after_ms, nil, fail[1], fail[2] or fail[1], fail[3] end\n"
    "  if one.rows ~= nil then value = one.rows end\n"
    "  if type(value) == 'function' then return true, one.after_ms, value(...) end\n"
    "  return true, one.after_ms, value\n"
    "end\n"
    "return function(stubs, module, name, ...)\n"
    "  local stub = stubs and stubs[module]\n"
    "  if type(stub) == 'table' and not is_answer(stub) and stub[name] ~= nil then stub = "
    "stub[name] end\n"
    "  if stub == nil then return false end\n"
    "  if type(stub) == 'function' then return true, nil, stub(...) end\n"
    "  if is_answer(stub) then stub = { stub } end\n"
    "  if type(stub) ~= 'table' or not is_answer(stub[1]) then return true, nil, stub end\n"
    "  for _, one in ipairs(stub) do\n"
    "    if fits(one, { ... }) then return give(one, ...) end\n"
    "  end\n"
    "  return false\n"
    "end\n";

/* ---- loading ---- */

struct opening {
    struct test_file *file;
    lua_State *thread;
};

static int take_list(lua_State *lua)
{
    struct opening *opening = lua_touserdata(lua, 1);
    struct test_file *file = opening->file;
    if (lua_gettop(opening->thread) == 0 || !lua_istable(opening->thread, 1))
        return luaL_error(lua, TEST_FILE ":1: must return a list of conversations");
    lua_settop(opening->thread, 1);
    lua_xmove(opening->thread, lua, 1);
    file->count = lua_objlen(lua, -1);
    if (file->count > CONVERSATIONS_MAX)
        return luaL_error(lua, TEST_FILE ":1: more than %d conversations", CONVERSATIONS_MAX);
    file->list_ref = luaL_ref(lua, LUA_REGISTRYINDEX);
    if (luaL_loadbufferx(lua, resolver_code, sizeof resolver_code - 1, "=(stubs)", "t") != 0)
        return lua_error(lua);
    lua_getfield(lua, LUA_REGISTRYINDEX, SANDBOX_ENVIRONMENT);
    lua_setfenv(lua, -2);
    lua_call(lua, 0, 1);
    file->resolver_ref = luaL_ref(lua, LUA_REGISTRYINDEX);
    return 0;
}

/* To the end: nobody else waits for this VM's thread. */
static enum vm_outcome run_through(
    struct vm *vm, lua_State *thread, int arguments, uint64_t budget_us)
{
    enum vm_outcome outcome = vm_resume(vm, thread, arguments, SLICE_US, &budget_us);
    while (outcome == VM_SLICED)
        outcome = vm_resume(vm, thread, 0, SLICE_US, &budget_us);
    return outcome;
}

static enum err load(struct test_file *file, lua_State *thread, char why[512])
{
    struct vm *vm = file->program->vm;
    enum vm_outcome outcome = run_through(vm, thread, 0, LOAD_US);
    file->program->is_loading = false;
    if (outcome == VM_OUT_OF_MEMORY) {
        snprintf(why, 512, TEST_FILE ":1: used more than 4 MiB while loading");
        return ERR_BAD;
    }
    if (outcome != VM_DONE) {
        vm_error_text(thread, why, 512);
        return ERR_BAD;
    }
    struct opening opening = {.file = file, .thread = thread};
    return vm_protect(vm, take_list, &opening, why);
}

enum err test_file_open(struct test_file *file, struct sources *sources,
    const struct script_library *library, char why[512])
{
    lua_State *thread;
    *file = (struct test_file){.list_ref = LUA_NOREF, .resolver_ref = LUA_NOREF};
    enum err err = program_create(&file->program, sources, library, TEST_FILE, &thread, why);
    if (err)
        return err;
    err = load(file, thread, why);
    if (err)
        test_file_close(file);
    return err;
}

void test_file_close(struct test_file *file)
{
    program_release(file->program);
    file->program = NULL;
}

/* ---- stubs ---- */

struct asking {
    const struct test_file *file;
    const struct plan *plan;
    const char *module, *function;
    const json_t *arguments;
    lua_State *thread;
    int thread_ref;
    json_t *values;
    bool is_answered;
    double after_ms; /* < 0: not said */
};

static int push_question(lua_State *lua)
{
    struct asking *asking = lua_touserdata(lua, 1);
    size_t i;
    json_t *value;
    asking->thread = lua_newthread(lua);
    asking->thread_ref = luaL_ref(lua, LUA_REGISTRYINDEX);
    luaL_checkstack(
        lua, (int)json_array_size(asking->arguments) + SCRIPT_JSON_MAX_DEPTH * 6, "stub");
    lua_settop(lua, 0);
    lua_rawgeti(lua, LUA_REGISTRYINDEX, asking->file->resolver_ref);
    lua_rawgeti(lua, LUA_REGISTRYINDEX, asking->plan->stubs_ref);
    lua_pushstring(lua, asking->module);
    lua_pushstring(lua, asking->function);
    json_array_foreach((json_t *)asking->arguments, i, value)
    {
        if (json_is_null(value))
            lua_pushnil(lua);
        else
            script_json_push(lua, value);
    }
    luaL_checkstack(asking->thread, lua_gettop(lua) + 1, "stub");
    lua_xmove(lua, asking->thread, lua_gettop(lua));
    return 0;
}

static int read_values(lua_State *lua)
{
    struct asking *asking = lua_touserdata(lua, 1);
    lua_State *thread = asking->thread;
    char why[160];
    asking->is_answered = lua_toboolean(thread, 1);
    asking->after_ms = lua_isnumber(thread, 2) ? lua_tonumber(thread, 2) : -1;
    asking->values = json_array();
    for (int i = 3; i <= lua_gettop(thread) && i < 3 + VALUES_MAX; i++) {
        json_t *value = json_null();
        if (!lua_isnil(thread, i) && script_json_read(&value, thread, i, why))
            return luaL_error(
                lua, "%s.%s: the stub's answer: %s", asking->module, asking->function, why);
        json_array_append_new(asking->values, value);
    }
    return 0;
}

static int unref_thread(lua_State *lua)
{
    const struct asking *asking = lua_touserdata(lua, 1);
    luaL_unref(lua, LUA_REGISTRYINDEX, asking->thread_ref);
    return 0;
}

enum err test_file_answer(json_t **values, uint32_t *after_ms, struct test_file *file,
    const struct plan *plan, const char *module, const char *function, const json_t *arguments,
    char why[512])
{
    struct asking asking = {.file = file,
        .plan = plan,
        .module = module,
        .function = function,
        .arguments = arguments,
        .thread_ref = LUA_NOREF};
    struct vm *vm = file->program->vm;
    char unused[512];
    if (plan->stubs_ref == LUA_NOREF)
        return ERR_NOT_FOUND;
    enum err err = vm_protect(vm, push_question, &asking, why);
    if (!err &&
        run_through(vm, asking.thread, lua_gettop(asking.thread) - 1, ANSWER_US) != VM_DONE) {
        vm_error_text(asking.thread, why, 512);
        err = ERR_BAD;
    }
    if (!err)
        err = vm_protect(vm, read_values, &asking, why);
    if (asking.thread && vm_protect(vm, unref_thread, &asking, unused))
        err = err ? err : ERR_NOMEM;
    if (!err && asking.is_answered) {
        *values = asking.values;
        if (asking.after_ms >= 0 && asking.after_ms <= 60000)
            *after_ms = (uint32_t)asking.after_ms;
        return ERR_OK;
    }
    json_decref(asking.values);
    return err ? err : ERR_NOT_FOUND;
}
