#include "script/wait.h"

#include <assert.h>
#include <lauxlib.h>

#include "observe/metrics.h"
#include "script/run.h"

#define WAITS_MAX 64
#define ACTS_MAX 32

struct resuming {
    struct script_run *run;
    int (*resume)(lua_State *lua, void *operation);
    void *operation;
};

struct script_run *script_run_of(lua_State *lua)
{
    return vm_of(lua)->run;
}

/* Where a turn is heard its words are call.utterance; whether they are told of already depends on who heard it before. */
json_t *script_run_history(const struct script_run *run)
{
    const struct script_call *call = run->call;
    bool hears_turn =
        run->kind == SCRIPT_PROMPT || (run->kind == SCRIPT_HOOK && run->hook == HOOK_ON_USER_TURN);
    return hears_turn ? history_before(&call->history, call->turn)
                      : json_incref(call->history.lines);
}

const struct script_call_facts *script_run_facts(const struct script_run *run)
{
    return &run->call->facts;
}

uint64_t script_run_call_key(const struct script_run *run)
{
    return run->call->call_key;
}

struct agent *script_run_agent(const struct script_run *run)
{
    return run->version->agent;
}

const char *script_tenant(lua_State *lua)
{
    const struct program *program = vm_of(lua)->owner;
    return program->sources->tenant_id;
}

void script_push_profile(lua_State *lua)
{
    const struct program *program = vm_of(lua)->owner;
    lua_rawgeti(lua, LUA_REGISTRYINDEX, program->profile_ref);
}

enum script_job_kind script_run_kind(const struct script_run *run)
{
    return run->kind;
}

enum script_hook script_run_hook(const struct script_run *run)
{
    return run->hook;
}

const char *script_run_traceparent(const struct script_run *run)
{
    return run->traceparent;
}

uint32_t script_run_epoch(const struct script_run *run)
{
    return run->job ? run->job->epoch : 0;
}

uint32_t script_run_turn(const struct script_run *run)
{
    return run->job ? run->job->turn : run->call ? run->call->turn : 0;
}

bool script_run_only_answers(const struct script_run *run)
{
    return run->kind == SCRIPT_PROMPT || run->kind == SCRIPT_MIGRATE ||
           (run->kind == SCRIPT_HOOK && !hook_rules[run->hook].may_act);
}

const char *script_run_name(const struct script_run *run)
{
    return run_name(run);
}

bool script_run_is_call(lua_State *lua, int index)
{
    const struct script_run *run = script_run_of(lua);
    if (!run || run->call->program != run->program || !lua_istable(lua, index))
        return false;
    lua_pushvalue(lua, index);
    lua_rawgeti(lua, LUA_REGISTRYINDEX, run->call->object_ref);
    bool is_same = lua_rawequal(lua, -1, -2);
    lua_pop(lua, 2);
    return is_same;
}

void script_wait_check(lua_State *lua, const char *function_name)
{
    const struct script_run *run = script_run_of(lua);
    if (!run)
        luaL_error(lua, "%s cannot wait while the version is loaded", function_name);
    else if (run->kind == SCRIPT_PROMPT)
        luaL_error(lua, "%s cannot wait while the prompt is built", function_name);
    else if (run->kind == SCRIPT_MIGRATE ||
             (run->kind == SCRIPT_HOOK && !hook_rules[run->hook].may_wait))
        luaL_error(lua, "%s cannot wait in %s", function_name, run_name(run));
    else if (!lua_isyieldable(lua))
        luaL_error(lua, "%s cannot wait inside this callback", function_name);
    else if (run->waits >= WAITS_MAX)
        luaL_error(lua, "%s: a run may ask %d times and has", function_name, WAITS_MAX);
}

bool script_run_is_late(const struct script_run *run)
{
    return run->kind == SCRIPT_TOOL && run->is_answered;
}

bool script_run_may_receive(struct script_run *run, size_t bytes)
{
    if (bytes > SCRIPT_RUN_RECEIVE_MAX_BYTES - run->received_bytes) {
        metric_add(METRIC_SCRIPT_LIMITED, 1);
        return false;
    }
    run->received_bytes += bytes;
    return true;
}

bool script_run_may_act(struct script_run *run)
{
    return run->acts < ACTS_MAX && ++run->acts;
}

uint64_t script_wait_begin(struct script_run *run, void (*cancel)(void *operation), void *operation)
{
    assert(run->state == RUN_RUNNING && run->wait_id == 0);
    run->cancel = cancel;
    run->operation = operation;
    run->waits++;
    run->wait_id = run_new_wait_id();
    return run->wait_id;
}

static int push_results(lua_State *lua)
{
    struct resuming *resuming = lua_touserdata(lua, 1);
    struct script_run *run = resuming->run;
    run->arguments = resuming->resume(lua, resuming->operation);
    luaL_checkstack(run->thread, run->arguments + 1, "results");
    lua_xmove(lua, run->thread, run->arguments);
    return 0;
}

void script_wait_end(struct script_run *run, uint64_t id,
    int (*resume)(lua_State *lua, void *operation), void *operation)
{
    char why[512];
    assert(run->state == RUN_WAITING && run->wait_id == id);
    struct resuming resuming = {run, resume, operation};
    run->wait_id = 0;
    run->arguments = 0;
    if (vm_protect(run->program->vm, push_results, &resuming, why))
        run->arguments = 0; /* the script reads nil */
    run->state = RUN_READY;
    run->on_ready(run);
}
