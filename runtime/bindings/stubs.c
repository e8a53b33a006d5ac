#include "bindings/stubs.h"

#include <stdlib.h>
#include <string.h>

#include "bindings/modules.h"
#include "script/json.h"
#include "script/vm.h"
#include "script/wait.h"

#define ARGUMENTS_MAX 64
#define VALUES_MAX 16
#define MODULE_SIZE 32
#define VALUE_DEPTH 4 /* of tables that are not all plain */

struct stub_wait {
    const struct bindings_options *options;
    char module[MODULE_SIZE];
    struct script_run *run;
    uint64_t wait_id;
    const json_t *values; /* during stub_answer */
};

/* --- enter --- */

/* What is no plain value (a secret among the headers, say) stands as its kind: "(userdata)". */
static json_t *read_value(lua_State *lua, int index, int depth)
{
    char why[160];
    json_t *value = NULL;
    if (lua_isnil(lua, index))
        return json_null();
    if (script_json_read(&value, lua, index, why) == ERR_OK)
        return value;
    if (!lua_istable(lua, index) || depth == 0)
        return json_sprintf("(%s)", luaL_typename(lua, index));
    value = json_object();
    for (lua_pushnil(lua); lua_next(lua, index); lua_pop(lua, 1))
        if (lua_type(lua, -2) == LUA_TSTRING)
            json_object_set_new(
                value, lua_tostring(lua, -2), read_value(lua, lua_gettop(lua), depth - 1));
    return value;
}

static json_t *read_arguments(lua_State *lua)
{
    int count = lua_gettop(lua) < ARGUMENTS_MAX ? lua_gettop(lua) : ARGUMENTS_MAX;
    luaL_checkstack(lua, SCRIPT_JSON_MAX_DEPTH * 3 + 16, "arguments");
    bool was_limited = vm_lift_limit(lua);
    json_t *arguments = json_array();
    for (int i = 1; i <= count; i++)
        json_array_append_new(arguments, read_value(lua, i, VALUE_DEPTH));
    vm_restore_limit(lua, was_limited);
    return arguments;
}

/* A table that a module answers with may have methods: registry "moonline.<module>.answer". */
static void give_methods(lua_State *lua, const char *module)
{
    char name[MODULE_SIZE + 24];
    snprintf(name, sizeof name, "moonline.%s.answer", module);
    if (!lua_istable(lua, -1))
        return;
    luaL_getmetatable(lua, name);
    if (lua_istable(lua, -1))
        lua_setmetatable(lua, -2);
    else
        lua_pop(lua, 1);
}

static int push_values(lua_State *lua, const char *module, const json_t *values)
{
    int count = (int)json_array_size(values);
    count = count < VALUES_MAX ? count : VALUES_MAX;
    luaL_checkstack(lua, count + SCRIPT_JSON_MAX_DEPTH * 6, "answer");
    for (int i = 0; i < count; i++) {
        const json_t *value = json_array_get(values, (size_t)i);
        if (json_is_null(value))
            lua_pushnil(lua);
        else
            script_json_push(lua, value);
        give_methods(lua, module);
    }
    return count;
}

static const char *upvalue(lua_State *lua, int number)
{
    return lua_tostring(lua, lua_upvalueindex(number));
}

static int answer_at_once(lua_State *lua)
{
    const struct bindings_options *options = &module_bindings(lua)->options;
    json_t *arguments = read_arguments(lua);
    bool was_limited = vm_lift_limit(lua);
    json_t *values =
        options->stubs->answer(options->stubs_owner, upvalue(lua, 2), upvalue(lua, 3), arguments);
    json_decref(arguments);
    int count = push_values(lua, upvalue(lua, 2), values);
    json_decref(values);
    vm_restore_limit(lua, was_limited);
    return count;
}

static void forget(void *operation)
{
    struct stub_wait *wait = operation;
    wait->options->stubs->forget(wait->options->stubs_owner, wait);
    free(wait);
}

static int ask(lua_State *lua)
{
    const struct bindings_options *options = &module_bindings(lua)->options;
    const char *module = upvalue(lua, 2), *function = upvalue(lua, 3);
    char name[80];
    snprintf(name, sizeof name, "%s.%s", module, function);
    script_wait_check(lua, name);
    json_t *arguments = read_arguments(lua);
    struct stub_wait *wait = calloc(1, sizeof *wait);
    enum err err = ERR_NOMEM;
    if (wait) {
        *wait = (struct stub_wait){.options = options, .run = script_run_of(lua)};
        slice_copy(slice_from(module), wait->module, sizeof wait->module);
        err = options->stubs->ask(options->stubs_owner, wait, module, function, arguments);
    }
    json_decref(arguments);
    if (err) {
        free(wait);
        return module_fail(lua, err_name(err), "the question could not be asked");
    }
    wait->wait_id = script_wait_begin(wait->run, forget, wait);
    return lua_yield(lua, 0);
}

/* --- completed, resume --- */

static int push_answer(lua_State *lua, void *operation)
{
    const struct stub_wait *wait = operation;
    return push_values(lua, wait->module, wait->values);
}

void stub_answer(struct stub_wait *wait, const json_t *values)
{
    wait->values = values;
    script_wait_end(wait->run, wait->wait_id, push_answer, wait);
    free(wait);
}

/* --- in place of a module --- */

enum stub_manner stub_manner_usual(const char *module, const char *function)
{
    static const struct {
        const char *module;
        const char *function; /* NULL: all of them */
        enum stub_manner manner;
    } known[] = {{"time", NULL, STUB_NOT}, {"json", NULL, STUB_NOT}, {"secret", NULL, STUB_NOT},
        {"contacts", "phone", STUB_NOT}, {"contacts", "email", STUB_NOT},
        {"log", NULL, STUB_AT_ONCE}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strcmp(known[i].module, module) == 0 &&
            (!known[i].function || strcmp(known[i].function, function) == 0))
            return known[i].manner;
    return STUB_WAITS;
}

void stubs_give(
    lua_State *lua, const char *name, const luaL_Reg *functions, struct bindings *bindings)
{
    const struct bindings_options *options = &bindings->options;
    for (; functions->name; functions++) {
        enum stub_manner manner =
            options->stubs->manner(options->stubs_owner, name, functions->name);
        lua_pushlightuserdata(lua, bindings);
        lua_pushstring(lua, name);
        lua_pushstring(lua, functions->name);
        lua_pushcclosure(lua,
            manner == STUB_WAITS     ? ask
            : manner == STUB_AT_ONCE ? answer_at_once
                                     : functions->func,
            3);
        lua_setfield(lua, -2, functions->name);
    }
}
