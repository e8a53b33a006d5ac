#include "rehearsal/plan.h"

#include <lauxlib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rehearsal/places.h"
#include "script/json.h"
#include "script/sandbox.h"

#define STEPS_MAX 200

struct planning {
    struct test_file *file;
    struct plan *plan;
    size_t index;
    char why[160];
};

/* Without a metatable's say: nothing limits the time of what runs here. */
static void push_field(lua_State *lua, const char *field)
{
    lua_pushstring(lua, field);
    lua_rawget(lua, 1);
}

static void take_text(lua_State *lua, struct plan *plan, const char *field, char *out, size_t size)
{
    push_field(lua, field);
    if (!lua_isnil(lua, -1)) {
        if (lua_type(lua, -1) != LUA_TSTRING)
            luaL_error(lua, "%s must be a text", field);
        if (!slice_copy(slice_from(lua_tostring(lua, -1)), out, size))
            luaL_error(lua, "%s is too long", field);
    }
    lua_pop(lua, 1);
}

static void check_names(lua_State *lua)
{
    static const char *const known[] = {
        "name", "caller", "now", "stubs", "recorded", "latency", "incoming"};
    for (lua_pushnil(lua); lua_next(lua, 1); lua_pop(lua, 1)) {
        bool is_known = lua_type(lua, -2) == LUA_TNUMBER;
        const char *name = lua_type(lua, -2) == LUA_TSTRING ? lua_tostring(lua, -2) : "(a table)";
        for (size_t i = 0; i < sizeof known / sizeof *known; i++)
            is_known |= strcmp(known[i], name) == 0;
        if (!is_known)
            luaL_error(lua,
                "a conversation has name, caller, now, stubs, latency, incoming, recorded and its "
                "steps, but "
                "no "
                "'%s' (steps stand in braces of their own: { %s = … })",
                name, name);
    }
}

/* A name that is no module is a mistyped one. */
static void take_stubs(lua_State *lua, struct plan *plan)
{
    push_field(lua, "stubs");
    if (lua_isnil(lua, -1)) {
        lua_pop(lua, 1);
        return;
    }
    luaL_checktype(lua, -1, LUA_TTABLE);
    int stubs = lua_gettop(lua);
    lua_getfield(lua, LUA_REGISTRYINDEX, SANDBOX_ENVIRONMENT);
    for (lua_pushnil(lua); lua_next(lua, stubs); lua_pop(lua, 1)) {
        lua_pushvalue(lua, -2);
        lua_rawget(lua, stubs + 1);
        if (!lua_istable(lua, -1))
            luaL_error(lua, "stubs: there is no module '%s'",
                lua_type(lua, -3) == LUA_TSTRING ? lua_tostring(lua, -3) : "(no text)");
        lua_pop(lua, 1);
    }
    lua_pop(lua, 1);
    plan->stubs_ref = luaL_ref(lua, LUA_REGISTRYINDEX);
}

static void take_table(lua_State *lua, struct planning *planning, const char *field, json_t **out)
{
    push_field(lua, field);
    if (!lua_isnil(lua, -1) &&
        (!lua_istable(lua, -1) || script_json_read(out, lua, -1, planning->why)))
        luaL_error(lua, "%s must be a table of plain values", field);
    lua_pop(lua, 1);
}

static void find_places(struct planning *planning, size_t steps)
{
    struct plan *plan = planning->plan;
    const struct source *source = sources_find(planning->file->program->sources, TEST_FILE);
    plan->step_lines = calloc(steps + 1, sizeof *plan->step_lines);
    if (plan->step_lines)
        plan->line = places_find((struct slice){source->text, source->len}, slice_from(plan->name),
            plan->step_lines, steps);
}

static void take_steps(lua_State *lua, struct planning *planning, size_t count)
{
    struct plan *plan = planning->plan;
    if (count > STEPS_MAX)
        luaL_error(lua, "more than %d steps", STEPS_MAX);
    plan->steps = json_array();
    for (size_t i = 1; i <= count; i++) {
        json_t *step = NULL;
        lua_rawgeti(lua, 1, (int)i);
        if (plan->step_lines)
            plan->line = plan->step_lines[i - 1];
        if (!lua_istable(lua, -1))
            luaL_error(lua, "step %d is a %s: a step stands in braces, { say = \"…\" }", (int)i,
                luaL_typename(lua, -1));
        if (script_json_read(&step, lua, -1, planning->why))
            luaL_error(lua, "step %d: %s", (int)i, planning->why);
        json_array_append_new(plan->steps, step);
        lua_pop(lua, 1);
    }
}

static int read_plan(lua_State *lua)
{
    struct planning *planning = lua_touserdata(lua, 1);
    struct plan *plan = planning->plan;
    lua_settop(lua, 0);
    luaL_checkstack(lua, SCRIPT_JSON_MAX_DEPTH * 3 + 32, "conversation");
    lua_rawgeti(lua, LUA_REGISTRYINDEX, planning->file->list_ref);
    lua_rawgeti(lua, 1, (int)planning->index + 1);
    lua_remove(lua, 1);
    if (!lua_istable(lua, 1))
        return luaL_error(lua, "conversation %d is a %s, not a table", (int)planning->index + 1,
            luaL_typename(lua, 1));
    take_text(lua, plan, "name", plan->name, sizeof plan->name);
    if (!plan->name[0])
        return luaL_error(lua, "conversation %d has no name", (int)planning->index + 1);
    size_t steps = lua_objlen(lua, 1);
    find_places(planning, steps);
    check_names(lua);
    take_text(lua, plan, "caller", plan->caller, sizeof plan->caller);
    take_text(lua, plan, "now", plan->now, sizeof plan->now);
    take_text(lua, plan, "recorded", plan->recorded, sizeof plan->recorded);
    take_stubs(lua, plan);
    take_table(lua, planning, "latency", &plan->latency);
    take_table(lua, planning, "incoming", &plan->incoming);
    unsigned line = plan->line;
    take_steps(lua, planning, steps);
    plan->line = line;
    return 0;
}

enum err plan_open(struct plan *plan, struct test_file *file, size_t index, char why[512])
{
    char message[512];
    *plan = (struct plan){.stubs_ref = LUA_NOREF, .line = 1, .caller = "+15550100001"};
    struct planning planning = {.file = file, .plan = plan, .index = index};
    enum err err = vm_protect(file->program->vm, read_plan, &planning, message);
    if (err)
        snprintf(why, 512, TEST_FILE ":%u: %s", plan->line, message);
    return err;
}

void plan_close(struct plan *plan)
{
    json_decref(plan->latency);
    json_decref(plan->incoming);
    json_decref(plan->steps);
    free(plan->step_lines);
    *plan = (struct plan){.stubs_ref = LUA_NOREF};
}
