#include "script/run.h"

#include <assert.h>
#include <lauxlib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/utf8.h"
#include "script/hook_answer.h"
#include "script/json.h"

#define PROMPT_MAX_BYTES (64u << 10)
#define ANSWER_MAX_BYTES (64u << 10)

struct starting {
    struct script_run *run;
    int function_ref;
};

struct answering {
    struct script_run *run;
    json_t *value;
    char why[160];
};

uint64_t run_new_wait_id(void)
{
    static __thread uint64_t last;
    return ++last;
}

static int push_start(lua_State *lua)
{
    struct starting *starting = lua_touserdata(lua, 1);
    struct script_run *run = starting->run;
    run->thread = lua_newthread(lua);
    run->thread_ref = luaL_ref(lua, LUA_REGISTRYINDEX);
    lua_rawgeti(lua, LUA_REGISTRYINDEX, starting->function_ref);
    run->arguments = (int)json_array_size(run->values);
    if (run->kind != SCRIPT_MIGRATE) {
        call_push_object(lua, run->call, run->program);
        run->arguments++;
    }
    size_t i;
    json_t *value;
    json_array_foreach(run->values, i, value)
    {
        script_json_push(lua, value);
    }
    lua_xmove(lua, run->thread, run->arguments + 1);
    return 0;
}

static int unref_thread(lua_State *lua)
{
    struct script_run *run = lua_touserdata(lua, 1);
    luaL_unref(lua, LUA_REGISTRYINDEX, run->thread_ref);
    return 0;
}

static uint64_t budget_us(const struct script_job *job)
{
    if (job->kind == SCRIPT_PROMPT)
        return RUN_PROMPT_US;
    if (job->kind == SCRIPT_TOOL)
        return RUN_TOOL_US;
    if (job->kind == SCRIPT_HOOK)
        return hook_rules[job->hook].budget_us;
    return 0; /* nothing else runs */
}

enum err run_create(struct script_run **out, struct script_call *call, struct version *version,
    struct program *program, json_t *values, struct script_job *job)
{
    struct script_run *run = calloc(1, sizeof *run);
    if (!run)
        return ERR_NOMEM;
    run->call = call;
    run->version = version_hold(version);
    run->program = program_hold(program);
    run->thread_ref = LUA_NOREF;
    run->values = json_incref(values);
    run->kind = job->kind;
    run->hook = job->hook;
    run->budget_us = budget_us(job);
    run->started_us = clock_us();
    run->started_ms = clock_ms();
    slice_copy(slice_from(job->tool_name), run->tool_name, sizeof run->tool_name);
    memcpy(run->traceparent, job->traceparent, sizeof run->traceparent);
    run->job = job;
    *out = run;
    return ERR_OK;
}

void run_set_migrate(struct script_run *run)
{
    run->kind = SCRIPT_MIGRATE;
    run->budget_us = RUN_MIGRATE_US;
}

const char *run_name(const struct script_run *run)
{
    if (run->kind == SCRIPT_TOOL)
        return run->tool_name;
    if (run->kind == SCRIPT_HOOK)
        return hook_rules[run->hook].name;
    return run->kind == SCRIPT_MIGRATE ? "migrate" : "prompt";
}

/* LUA_NOREF: it is not in the program. */
static int function_ref(const struct script_run *run)
{
    const struct program *program = run->program;
    const struct program_tool *tool = program_find_tool(program, run->tool_name);
    if (run->kind == SCRIPT_TOOL)
        return tool ? tool->run_ref : LUA_NOREF;
    if (run->kind == SCRIPT_HOOK)
        return program->hook_refs[run->hook];
    return run->kind == SCRIPT_MIGRATE ? program->migrate_ref : program->prompt_ref;
}

enum err run_begin(struct script_run *run, char why[512])
{
    struct starting starting = {run, function_ref(run)};
    if (starting.function_ref == LUA_NOREF) {
        snprintf(why, 512, "%s is not in this version", run_name(run));
        return ERR_NOT_FOUND;
    }
    enum err err = vm_protect(run->program->vm, push_start, &starting, why);
    json_decref(run->values);
    run->values = NULL;
    return err;
}

void run_hold(struct script_run *run, void (*cancel)(void *operation), void *operation)
{
    assert(run->state == RUN_READY && !run->thread);
    run->state = RUN_WAITING;
    run->cancel = cancel;
    run->operation = operation;
    run->wait_id = run_new_wait_id();
}

void run_release(struct script_run *run)
{
    assert(run->state == RUN_WAITING && !run->thread);
    run->wait_id = 0;
    run->state = RUN_READY;
    run->on_ready(run);
}

enum script_ending run_ending(enum vm_outcome outcome)
{
    switch (outcome) {
    case VM_DONE:
        return SCRIPT_DONE;
    case VM_OUT_OF_TIME:
        return SCRIPT_OUT_OF_TIME;
    case VM_OUT_OF_MEMORY:
        return SCRIPT_OUT_OF_MEMORY;
    case VM_ERROR:
    case VM_WAITING:
    case VM_SLICED:
        return SCRIPT_ERROR;
    }
    return SCRIPT_ERROR;
}

enum vm_outcome run_step(struct script_run *run)
{
    assert(run->state == RUN_READY);
    struct vm *vm = run->program->vm;
    int arguments = run->arguments;
    run->arguments = 0;
    run->state = RUN_RUNNING;
    vm->run = run;
    enum vm_outcome outcome = vm_resume(vm, run->thread, arguments, RUN_SLICE_US, &run->budget_us);
    vm->run = NULL;
    switch (outcome) {
    case VM_SLICED:
        run->state = RUN_READY;
        break;
    case VM_WAITING:
        run->state = RUN_WAITING;
        break;
    case VM_DONE:
    case VM_ERROR:
    case VM_OUT_OF_TIME:
    case VM_OUT_OF_MEMORY:
        run->state = RUN_ENDED;
        break;
    }
    assert(outcome != VM_WAITING || run->wait_id != 0);
    return outcome;
}

const char *run_prompt_fault(lua_State *thread, struct slice *text)
{
    if (lua_gettop(thread) == 0 || lua_type(thread, 1) != LUA_TSTRING)
        return "prompt must return a text";
    text->data = lua_tolstring(thread, 1, &text->len);
    if (text->len > PROMPT_MAX_BYTES)
        return "prompt is longer than 64 KiB";
    bool is_good = strlen(text->data) == text->len && utf8_is_valid(text->data, text->len);
    return is_good ? NULL : "prompt is not valid UTF-8";
}

static enum err take_prompt(struct script_run *run, char **text, char why[512])
{
    struct slice prompt;
    const char *fault = run_prompt_fault(run->thread, &prompt);
    if (fault) {
        snprintf(why, 512, "agent.lua:%u: %s",
            sources_line(run->program->sources, "agent.lua", "prompt"), fault);
        return ERR_BAD;
    }
    *text = slice_dup(prompt);
    return *text ? ERR_OK : ERR_NOMEM;
}

/* nil, "reason", message → {"ok":false,…}; nothing → {"ok":true}; anything else as it is. */
static int read_answer(lua_State *lua)
{
    struct answering *answering = lua_touserdata(lua, 1);
    lua_State *thread = answering->run->thread;
    if (lua_gettop(thread) > 0 && !lua_isnil(thread, 1)) {
        if (script_json_read(&answering->value, thread, 1, answering->why))
            return luaL_error(lua, "%s: result: %s", answering->run->tool_name, answering->why);
        return 0;
    }
    const char *reason = lua_type(thread, 2) == LUA_TSTRING ? lua_tostring(thread, 2) : NULL;
    const char *message = lua_type(thread, 3) == LUA_TSTRING ? lua_tostring(thread, 3) : NULL;
    answering->value =
        reason ? json_pack("{s:b, s:s, s:s*}", "ok", 0, "reason", reason, "message", message)
               : json_pack("{s:b}", "ok", 1);
    if (!answering->value)
        return luaL_error(lua, "%s: result is not valid UTF-8", answering->run->tool_name);
    return 0;
}

struct migrating {
    struct script_run *run;
    json_t *state;
    char why[160];
};

static int read_migrated(lua_State *lua)
{
    struct migrating *migrating = lua_touserdata(lua, 1);
    if (script_json_read(&migrating->state, migrating->run->thread, 1, migrating->why))
        return luaL_error(lua, "%s", migrating->why);
    return 0;
}

/* The new call.state, or NULL: as it is. */
static enum err take_migrated(struct script_run *run, char **text, char why[512])
{
    struct migrating migrating = {.run = run};
    char fault[512] = "must return a table, or nothing";
    int type = lua_gettop(run->thread) > 0 ? lua_type(run->thread, 1) : LUA_TNIL;
    *text = NULL;
    if (type == LUA_TNIL)
        return ERR_OK;
    enum err err = type == LUA_TTABLE
                       ? vm_protect(run->program->vm, read_migrated, &migrating, fault)
                       : ERR_BAD;
    if (!err) {
        err = script_json_print(text, migrating.state, CALL_STATE_MAX_BYTES);
        snprintf(fault, sizeof fault, "%s",
            err == ERR_FULL ? "returned more than 16 KiB" : err_name(err));
    }
    json_decref(migrating.state);
    if (err)
        snprintf(why, 512, "agent.lua:%u: migrate: %.400s",
            sources_line(run->program->sources, "agent.lua", "migrate"), fault);
    return err;
}

enum err run_take_answer(struct script_run *run, char **text, char why[512])
{
    if (run->kind == SCRIPT_PROMPT)
        return take_prompt(run, text, why);
    if (run->kind == SCRIPT_MIGRATE)
        return take_migrated(run, text, why);
    if (run->kind != SCRIPT_TOOL)
        return hook_take_answer(run, text, why);
    struct answering answering = {.run = run};
    enum err err = vm_protect(run->program->vm, read_answer, &answering, why);
    if (!err) {
        err = script_json_print(text, answering.value, ANSWER_MAX_BYTES);
        if (err)
            snprintf(why, 512, "%s: result: %s", run->tool_name,
                err == ERR_FULL ? "longer than 64 KiB" : err_name(err));
    }
    const char *outcome = err ? NULL : outcome_of_result(answering.value);
    if (outcome)
        call_set_outcome(run->call, outcome);
    json_decref(answering.value);
    return err;
}

void run_destroy(struct script_run *run)
{
    char why[512];
    assert(run->state != RUN_RUNNING);
    if (run->wait_id) {
        run->wait_id = 0;
        run->cancel(run->operation);
    }
    /* Out of memory here leaves a dead coroutine behind in a VM that is about to go. */
    enum err err = run->thread ? vm_protect(run->program->vm, unref_thread, run, why) : ERR_OK;
    (void)err;
    json_decref(run->values);
    net_timer_destroy(run->timer);
    program_release(run->program);
    version_release(run->version);
    script_job_free(run->job);
    free(run);
}
