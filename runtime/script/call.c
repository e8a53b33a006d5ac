#include "script/call.h"

#include <ctype.h>
#include <lauxlib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "script/json.h"

struct keeping {
    struct script_call *call;
    json_t *state;
    char phase[PHASE_SIZE];
    struct call_labels labels;
    enum err labels_err;
    char labels_why[160];
    char why[160];
};

struct setting {
    const struct script_call *call;
    const char *outcome;
};

static void set_text(lua_State *lua, const char *name, const char *text)
{
    if (!text || !text[0])
        return;
    lua_pushstring(lua, name);
    lua_pushstring(lua, text);
    lua_rawset(lua, -3);
}

static void set_table(lua_State *lua, const char *name, const char *text)
{
    json_t *value = text ? json_loads(text, 0, NULL) : NULL;
    lua_pushstring(lua, name);
    if (value)
        script_json_push(lua, value);
    else
        lua_newtable(lua);
    json_decref(value);
    lua_rawset(lua, -3);
}

/* NULL: nil, whatever it was before. */
static void set_json(lua_State *lua, const char *name, const json_t *value)
{
    lua_pushstring(lua, name);
    if (value)
        script_json_push(lua, value);
    else
        lua_pushnil(lua);
    lua_rawset(lua, -3);
}

/* A call of ours carries its task beside what the carrier told (call.task). */
static void set_incoming(lua_State *lua, const char *text)
{
    json_t *incoming = text ? json_loads(text, 0, NULL) : NULL;
    json_t *task = json_incref(json_object_get(incoming, "task"));
    json_object_del(incoming, "task");
    set_json(lua, "task", task);
    json_decref(task);
    lua_pushliteral(lua, "incoming");
    if (incoming)
        script_json_push(lua, incoming);
    else
        lua_newtable(lua);
    json_decref(incoming);
    lua_rawset(lua, -3);
}

static void make_object(lua_State *lua, struct script_call *call, struct program *program)
{
    lua_newtable(lua);
    set_text(lua, "id", call->facts.call_id);
    set_text(lua, "caller", call->facts.caller);
    set_text(lua, "called", call->facts.called);
    set_text(lua, "channel", call_channel_name(call->facts.channel));
    set_text(lua, "phase", call->phase);
    set_table(lua, "state", call->state_json);
    set_incoming(lua, call->incoming_json);
    labels_push(lua, &call->labels);
    lua_pushliteral(lua, "profile");
    lua_rawgeti(lua, LUA_REGISTRYINDEX, program->profile_ref);
    lua_rawset(lua, -3);
    lua_getfield(lua, LUA_REGISTRYINDEX, CALL_METATABLE);
    if (lua_istable(lua, -1))
        lua_setmetatable(lua, -2);
    else
        lua_pop(lua, 1);
    lua_pushvalue(lua, -1);
    call->object_ref = luaL_ref(lua, LUA_REGISTRYINDEX);
    call->program = program_hold(program);
}

void call_push_object(lua_State *lua, struct script_call *call, struct program *program)
{
    luaL_checkstack(lua, 8, "call");
    if (call->program != program) {
        call_drop_object(call);
        make_object(lua, call, program);
    } else {
        lua_rawgeti(lua, LUA_REGISTRYINDEX, call->object_ref);
    }
    lua_pushliteral(lua, "turn");
    lua_pushinteger(lua, (lua_Integer)call->turn);
    lua_rawset(lua, -3);
    set_text(lua, "utterance", call->utterance);
    set_json(lua, "knowledge", call->knowledge);
    set_json(lua, "business", call->business);
}

bool phase_is_name(struct slice text)
{
    for (size_t i = 0; i < text.len; i++)
        if (!isalnum((unsigned char)text.data[i]) && text.data[i] != '_')
            return false;
    return text.len > 0 && text.len < PHASE_SIZE;
}

static void read_phase(lua_State *lua, struct keeping *keeping)
{
    lua_pushliteral(lua, "phase");
    lua_rawget(lua, -2);
    if (!lua_isnil(lua, -1)) {
        size_t len = 0;
        bool is_text = lua_type(lua, -1) == LUA_TSTRING;
        const char *name = is_text ? lua_tolstring(lua, -1, &len) : "";
        if (!phase_is_name((struct slice){name, len}))
            luaL_error(lua, "call.phase must be a name such as \"phone_number\", or nil");
        slice_copy((struct slice){name, len}, keeping->phase, sizeof keeping->phase);
    }
    lua_pop(lua, 1);
}

static int read_state(lua_State *lua)
{
    struct keeping *keeping = lua_touserdata(lua, 1);
    lua_rawgeti(lua, LUA_REGISTRYINDEX, keeping->call->object_ref);
    keeping->labels_err = labels_read(&keeping->labels, lua, keeping->labels_why);
    read_phase(lua, keeping);
    lua_pushliteral(lua, "state");
    lua_rawget(lua, -2);
    if (!lua_istable(lua, -1))
        return luaL_error(lua, "call.state must be a table");
    if (script_json_read(&keeping->state, lua, -1, keeping->why))
        return luaL_error(lua, "call.state: %s", keeping->why);
    return 0;
}

enum err call_keep_state(struct script_call *call, struct program *program, char why[512])
{
    if (call->program != program)
        return ERR_OK;
    struct keeping keeping = {.call = call};
    labels_copy(&keeping.labels, &call->labels);
    enum err err = vm_protect(program->vm, read_state, &keeping, why);
    labels_move(&call->labels, &keeping.labels);
    char *text = NULL;
    if (!err) {
        err = script_json_print(&text, keeping.state, CALL_STATE_MAX_BYTES);
        if (err)
            snprintf(
                why, 512, "call.state: %s", err == ERR_FULL ? "longer than 16 KiB" : err_name(err));
    }
    json_decref(keeping.state);
    if (err)
        return err;
    free(call->state_json);
    call->state_json = text;
    memcpy(call->phase, keeping.phase, sizeof call->phase);
    if (keeping.labels_err)
        snprintf(why, 512, "%s", keeping.labels_why);
    return keeping.labels_err;
}

static int set_outcome(lua_State *lua)
{
    const struct setting *setting = lua_touserdata(lua, 1);
    lua_rawgeti(lua, LUA_REGISTRYINDEX, setting->call->object_ref);
    set_text(lua, "outcome", setting->outcome);
    return 0;
}

/* Also in the object, where it would be taken from when the next run ends. */
void call_set_outcome(struct script_call *call, const char *outcome)
{
    char why[512];
    struct setting setting = {call, outcome};
    if (call->program && vm_protect(call->program->vm, set_outcome, &setting, why) != ERR_OK)
        call_drop_object(call);
    slice_copy(slice_from(outcome), call->labels.outcome, sizeof call->labels.outcome);
}

static int unref_object(lua_State *lua)
{
    struct script_call *call = lua_touserdata(lua, 1);
    luaL_unref(lua, LUA_REGISTRYINDEX, call->object_ref);
    return 0;
}

void call_drop_object(struct script_call *call)
{
    char why[512];
    if (!call->program)
        return;
    /* Out of memory here leaves one small table behind in a VM that is about to go. */
    enum err err = vm_protect(call->program->vm, unref_object, call, why);
    (void)err;
    call->object_ref = LUA_NOREF;
    program_release(call->program);
    call->program = NULL;
}
