#include "script/version.h"

#include <assert.h>
#include <ctype.h>
#include <lauxlib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "observe/log.h"
#include "script/agent_reader.h"
#include "script/call.h"

#define TRIAL_US 50000

struct trial {
    struct program *program;
    struct script_call call;
    lua_State *thread;
};

static int push_trial(lua_State *lua)
{
    struct trial *trial = lua_touserdata(lua, 1);
    trial->thread = lua_newthread(lua);
    lua_rawgeti(lua, LUA_REGISTRYINDEX, trial->program->prompt_ref);
    call_push_object(lua, &trial->call, trial->program);
    lua_xmove(lua, trial->thread, 2);
    luaL_ref(lua, LUA_REGISTRYINDEX);
    return 0;
}

static enum err judge_trial(const struct trial *trial, enum vm_outcome outcome, char why[512])
{
    switch (outcome) {
    case VM_DONE:
        if (lua_gettop(trial->thread) > 0 && lua_type(trial->thread, 1) == LUA_TSTRING)
            return ERR_OK;
        snprintf(why, 512, "agent.lua:%u: prompt must return a text",
            sources_line(trial->program->sources, "agent.lua", "prompt"));
        return ERR_BAD;
    case VM_ERROR:
        vm_error_text(trial->thread, why, 512);
        return ERR_BAD;
    case VM_OUT_OF_MEMORY:
        snprintf(why, 512, "agent.lua:1: prompt used more than 4 MiB");
        return ERR_BAD;
    case VM_OUT_OF_TIME:
    case VM_SLICED:
    case VM_WAITING:
        snprintf(why, 512, "agent.lua:1: prompt took more than 50 ms");
        return ERR_BAD;
    }
    return ERR_BAD;
}

/* The prompt must render for a made-up caller before anyone hears of this version. */
static enum err try_prompt(struct version *version, char why[512])
{
    struct trial trial = {.program = version->program,
        .call = {
            .facts = {.call_id = "00000000-0000-7000-8000-000000000000", .caller = "+15550100001"},
            .turn = 1,
            .object_ref = LUA_NOREF}};
    slice_copy(slice_from(version->agent->tenant_id), trial.call.facts.tenant_id, TENANT_ID_SIZE);
    slice_copy(slice_from(version->agent->numbers[0]), trial.call.facts.called,
        sizeof trial.call.facts.called);
    enum err err = vm_protect(version->program->vm, push_trial, &trial, why);
    if (err)
        return err;
    uint64_t budget_us = TRIAL_US;
    err = judge_trial(
        &trial, vm_resume(version->program->vm, trial.thread, 1, TRIAL_US, &budget_us), why);
    call_drop_object(&trial.call);
    return err;
}

/* Errors raised in a tail call or by the compiler's loader name no place. */
static void give_place(char why[512])
{
    char message[512];
    const char *colon = strstr(why, ".lua:");
    if (colon && isdigit((unsigned char)colon[5]) && !memchr(why, ' ', (size_t)(colon - why)))
        return;
    memcpy(message, why, sizeof message);
    snprintf(why, 512, "agent.lua:1: %.490s", message);
}

enum err version_load(struct version **out, const char *scripts_path, const char *tenant_id,
    const struct script_library *library, char why[512])
{
    struct version *version = calloc(1, sizeof *version);
    snprintf(why, 512, "no memory");
    if (!version)
        return ERR_NOMEM;
    version->references = 1;
    enum err err = sources_create(&version->sources, scripts_path, tenant_id);
    if (!err)
        err = program_load(&version->program, version->sources, library, why);
    if (!err)
        err = agent_read(&version->agent, &version->schemas, version->program, why);
    if (!err)
        err = try_prompt(version, why);
    if (err) {
        give_place(why);
        version_release(version);
        return err;
    }
    version->sources->is_sealed = true;
    *out = version;
    return ERR_OK;
}

struct version *version_hold(struct version *version)
{
    version->references++;
    return version;
}

void version_release(struct version *version)
{
    if (!version)
        return;
    assert(version->references > 0);
    if (--version->references > 0)
        return;
    program_release(version->program);
    agent_release(version->agent);
    json_decref(version->schemas);
    sources_release(version->sources);
    free(version);
}

void version_discard_program(struct version *version)
{
    program_release(version->program);
    version->program = NULL;
}

enum err version_program(struct program **out, struct version *version,
    const struct script_library *library, char why[512])
{
    if (version->program) {
        struct vm *vm = version->program->vm;
        vm_tidy(vm);
        if (vm->used_bytes > vm->limit_bytes / 4 * 3)
            version_discard_program(version);
    }
    if (!version->program) {
        enum err err = program_load(&version->program, version->sources, library, why);
        if (!err)
            err = agent_read_references(version->program, why);
        if (err) {
            version_discard_program(version);
            return err;
        }
        log_info("script.rebuilt", "tenant=%s version=%s", version->agent->tenant_id,
            version->agent->version);
    }
    *out = version->program;
    return ERR_OK;
}
