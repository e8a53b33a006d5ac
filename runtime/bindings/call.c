/* call:say, call:transfer, call:hangup: methods of the object that prompts, tools and hooks are given. They ask and return
   at once; the call's own thread does it. */
#include "script/call.h"

#include "base/utf8.h"
#include "bindings/modules.h"
#include "script/json.h"
#include "script/vm.h"
#include "script/wait.h"

#define SAY_MAX_BYTES 4096

/* The run whose own call is the first argument. Raises: another call's object, or in what only answers: a prompt,
   end_of_turn. */
static struct script_run *check_call(lua_State *lua)
{
    struct script_run *run = script_run_of(lua);
    if (!run || !script_run_is_call(lua, 1))
        luaL_error(lua, "this is not the call that is going on: use call:method()");
    if (script_run_only_answers(run))
        luaL_error(lua, "%s only answers: it cannot act on the call", script_run_name(run));
    if (!script_run_may_act(run))
        luaL_error(lua, "a run may ask 32 things of its call and has");
    return run;
}

static int answer(lua_State *lua, enum err err)
{
    if (err)
        return module_fail(lua, err_name(err), "the call cannot do that now");
    lua_pushboolean(lua, 1);
    return 1;
}

static int too_late(lua_State *lua)
{
    return module_fail(lua, "late", "the tool passed its limit: the caller was told, and went on");
}

/* The options of call:say: { interruptible = false } */
static bool must_be_heard(lua_State *lua, int index)
{
    if (lua_isnoneornil(lua, index))
        return false;
    luaL_checktype(lua, index, LUA_TTABLE);
    lua_pushliteral(lua, "interruptible");
    lua_rawget(lua, index);
    if (!lua_isnil(lua, -1) && !lua_isboolean(lua, -1))
        luaL_argerror(lua, index, "interruptible must be true or false");
    bool is_protected = lua_isboolean(lua, -1) && !lua_toboolean(lua, -1);
    lua_pop(lua, 1);
    return is_protected;
}

static int call_say(lua_State *lua)
{
    const struct bindings_options *options = &module_bindings(lua)->options;
    const struct script_run *run = check_call(lua);
    struct slice text = module_text(lua, 2, SAY_MAX_BYTES, 0);
    if (!utf8_is_valid(text.data, text.len))
        luaL_argerror(lua, 2, "text is not valid UTF-8");
    bool is_protected = must_be_heard(lua, 3);
    if (script_run_is_late(run))
        return too_late(lua);
    if (!options->call_ops)
        return answer(lua, ERR_CLOSED);
    return answer(lua, options->call_ops->say(options->call_ops_owner, script_run_facts(run),
                           script_run_call_key(run), script_run_kind(run), text, is_protected));
}

static int call_hangup(lua_State *lua)
{
    const struct bindings_options *options = &module_bindings(lua)->options;
    const struct script_run *run = check_call(lua);
    if (script_run_is_late(run))
        return too_late(lua);
    if (!options->call_ops)
        return answer(lua, ERR_CLOSED);
    return answer(lua, options->call_ops->hangup(options->call_ops_owner, script_run_facts(run),
                           script_run_call_key(run), script_run_kind(run)));
}

static int call_transfer(lua_State *lua)
{
    const struct bindings_options *options = &module_bindings(lua)->options;
    const struct script_run *run = check_call(lua);
    struct slice number = module_text(lua, 2, 64, 1);
    if (script_run_is_late(run))
        return too_late(lua);
    if (!options->call_ops)
        return answer(lua, ERR_CLOSED);
    return answer(lua, options->call_ops->transfer(options->call_ops_owner, script_run_facts(run),
                           script_run_call_key(run), number));
}

/* ---- call.history: made anew for each look, so that calls whose scripts never look cost nothing ---- */

/* Empty for another call's object, and while a version's prompt is tried. */
static void push_history(lua_State *lua)
{
    const json_t *lines =
        script_run_is_call(lua, 1) ? script_run_history(script_run_of(lua)) : NULL;
    bool was_limited = vm_lift_limit(lua);
    if (lines)
        script_json_push(lua, lines);
    else
        lua_newtable(lua);
    vm_restore_limit(lua, was_limited);
}

static bool is_history(lua_State *lua)
{
    size_t len = 0;
    const char *name = lua_type(lua, 2) == LUA_TSTRING ? lua_tolstring(lua, 2, &len) : "";
    return slice_is((struct slice){name, len}, "history");
}

/* What the call object itself has not: its methods are upvalue 1. */
static int call_index(lua_State *lua)
{
    if (is_history(lua)) {
        push_history(lua);
        return 1;
    }
    lua_settop(lua, 2);
    lua_rawget(lua, lua_upvalueindex(1));
    return 1;
}

static int call_newindex(lua_State *lua)
{
    if (is_history(lua))
        luaL_error(lua, "call.history can only be read");
    lua_settop(lua, 3);
    lua_rawset(lua, 1);
    return 0;
}

void call_install(lua_State *lua, struct bindings *bindings)
{
    static const luaL_Reg methods[] = {
        {"say", call_say}, {"hangup", call_hangup}, {"transfer", call_transfer}, {NULL, NULL}};
    luaL_newmetatable(lua, CALL_METATABLE);
    lua_newtable(lua);
    lua_pushlightuserdata(lua, bindings);
    luaL_setfuncs(lua, methods, 1);
    lua_pushvalue(lua, -1);
    lua_setfield(lua, -3, CALL_METHODS);
    lua_pushcclosure(lua, call_index, 1);
    lua_setfield(lua, -2, "__index");
    lua_pushcfunction(lua, call_newindex);
    lua_setfield(lua, -2, "__newindex");
    lua_pushboolean(lua, 0);
    lua_setfield(lua, -2, "__metatable");
    lua_pop(lua, 1);
}
