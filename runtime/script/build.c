#include "script/build.h"

#include <assert.h>
#include <ctype.h>
#include <lauxlib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "observe/log.h"
#include "script/agent_reader.h"
#include "script/call.h"
#include "script/run.h"
#include "text/tokens.h"

enum build_phase { BUILD_LOADING, BUILD_TRYING };

struct build {
    struct version *version; /* whose it is; not counted */
    enum build_phase phase;
    bool is_new;
    lua_State *thread;
    int arguments; /* for the next slice */
    uint64_t budget_us;
    struct script_call call; /* made up, for trying the prompt */
};

/* --- beginning --- */

static enum err begin(
    struct version *version, const struct script_library *library, bool is_new, char why[512])
{
    struct version_list *list = version->list;
    if (list && list->program_count >= VERSION_PROGRAMS_MAX) {
        snprintf(why, 512,
            "agent.lua:1: %d versions of this tenant are at work in calls; it is tried again when "
            "one is done",
            VERSION_PROGRAMS_MAX);
        return ERR_FULL;
    }
    struct build *build = calloc(1, sizeof *build);
    snprintf(why, 512, "no memory");
    if (!build)
        return ERR_NOMEM;
    build->version = version;
    build->is_new = is_new;
    build->budget_us = BUILD_LOAD_US;
    build->call.object_ref = LUA_NOREF;
    enum err err = program_create(
        &version->program, version->sources, library, "agent.lua", &build->thread, why);
    if (err) {
        free(build);
        return err;
    }
    version->program->build = build;
    if (list)
        program_count_in(version->program, &list->program_count);
    return ERR_OK;
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

enum err build_sources(struct version **out, struct version_list *list,
    struct sources *sources_take, const struct script_library *library, char why[512])
{
    struct version *version;
    snprintf(why, 512, "no memory");
    enum err err = version_create(&version, list, sources_take);
    if (!err) {
        err = begin(version, library, true, why);
        if (err)
            version_release(version);
    }
    if (err)
        give_place(why);
    else
        *out = version;
    return err;
}

enum err build_new(struct version **out, const char *scripts_path, const char *tenant_id,
    const struct script_library *library, char why[512])
{
    struct sources *sources;
    enum err err = sources_open(&sources, scripts_path, tenant_id, why);
    if (!err)
        return build_sources(out, NULL, sources, library, why);
    give_place(why);
    return err;
}

enum err build_again(struct version *version, const struct script_library *library, char why[512])
{
    assert(!version->program && version->agent);
    return begin(version, library, false, why);
}

/* --- going on --- */

static int push_trial(lua_State *lua)
{
    struct build *build = lua_touserdata(lua, 1);
    struct program *program = build->version->program;
    build->thread = lua_newthread(lua);
    luaL_ref(lua, LUA_REGISTRYINDEX);
    lua_rawgeti(lua, LUA_REGISTRYINDEX, program->prompt_ref);
    call_push_object(lua, &build->call, program);
    lua_xmove(lua, build->thread, 2);
    return 0;
}

static enum err begin_trial(struct build *build, char why[512])
{
    const struct agent *agent = build->version->agent;
    struct script_call_facts *facts = &build->call.facts;
    *facts = (struct script_call_facts){
        .call_id = "00000000-0000-7000-8000-000000000000", .caller = "+15550100001"};
    slice_copy(slice_from(agent->tenant_id), facts->tenant_id, sizeof facts->tenant_id);
    slice_copy(slice_from(agent->numbers[0]), facts->called, sizeof facts->called);
    build->call.turn = 1;
    build->phase = BUILD_TRYING;
    build->budget_us = BUILD_TRY_US;
    build->arguments = 1;
    return vm_protect(build->version->program->vm, push_trial, build, why);
}

/* What agent.lua returned, after it ran to its end. `*is_done`: nothing is left to do. */
static enum err take_agent(struct build *build, bool *is_done, char why[512])
{
    struct version *version = build->version;
    enum err err = program_keep_agent(version->program, build->thread, why);
    if (!err && build->is_new)
        err = agent_read(&version->agent, &version->schemas, version->program, why);
    else if (!err)
        err = agent_read_references(version->program, why);
    if (!err && build->is_new)
        return begin_trial(build, why);
    *is_done = !err;
    return err;
}

static enum err take_prompt(const struct build *build, bool *is_done, char why[512])
{
    struct slice prompt;
    struct version *version = build->version;
    const char *fault = run_prompt_fault(build->thread, &prompt);
    *is_done = !fault;
    if (!fault) {
        version->prompt_bytes = prompt.len;
        version->prompt_tokens = tokens_estimate(prompt);
        return ERR_OK;
    }
    snprintf(
        why, 512, "agent.lua:%u: %s", sources_line(version->sources, "agent.lua", "prompt"), fault);
    return ERR_BAD;
}

static enum err fail(const struct build *build, enum vm_outcome outcome, char why[512])
{
    bool is_prompt = build->phase == BUILD_TRYING;
    switch (outcome) {
    case VM_ERROR:
        vm_error_text(build->thread, why, 512);
        break;
    case VM_OUT_OF_MEMORY:
        snprintf(why, 512, "agent.lua:1: %s",
            is_prompt ? "prompt used more than 4 MiB" : "used more than 4 MiB while loading");
        break;
    case VM_OUT_OF_TIME:
        snprintf(why, 512, "agent.lua:1: %s",
            is_prompt ? "prompt took more than 50 ms" : "took more than 50 ms to load");
        break;
    case VM_DONE:
    case VM_SLICED:
    case VM_WAITING:
        snprintf(why, 512, "agent.lua:1: waited while loading");
        break;
    }
    return ERR_BAD;
}

static enum err step(struct build *build, uint64_t slice_us, bool *is_done, char why[512])
{
    struct vm *vm = build->version->program->vm;
    int arguments = build->arguments;
    build->arguments = 0;
    enum vm_outcome outcome = vm_resume(vm, build->thread, arguments, slice_us, &build->budget_us);
    if (outcome == VM_SLICED)
        return ERR_OK;
    if (outcome != VM_DONE)
        return fail(build, outcome, why);
    return build->phase == BUILD_LOADING ? take_agent(build, is_done, why)
                                         : take_prompt(build, is_done, why);
}

/* --- ending --- */

static void end(struct program *program)
{
    struct build *build = program->build;
    program->build = NULL;
    program->is_loading = false;
    call_drop_object(&build->call);
    free(build);
}

void build_cancel(struct version *version)
{
    if (!version->program || !version->program->build)
        return;
    end(version->program);
    version_discard_program(version);
}

enum build_progress build_step(struct version *version, uint64_t slice_us, char why[512])
{
    struct build *build = version->program->build;
    bool is_new = build->is_new, is_done = false;
    why[0] = 0;
    if (step(build, slice_us, &is_done, why)) {
        give_place(why);
        build_cancel(version);
        return BUILD_FAILED;
    }
    if (!is_done)
        return BUILD_GOES_ON;
    end(version->program);
    version->sources->is_sealed = true;
    if (!is_new)
        log_info("script.rebuilt", "tenant=%s version=%s", version->agent->tenant_id,
            version->agent->version);
    return BUILD_DONE;
}

struct version *build_version(const struct program *program)
{
    return program->build->version;
}

bool build_is_rebuild(const struct program *program)
{
    return !program->build->is_new;
}

enum err build_finish(struct version *version, char why[512])
{
    enum build_progress progress = BUILD_GOES_ON;
    while (progress == BUILD_GOES_ON)
        progress = build_step(version, BUILD_LOAD_US, why);
    return progress == BUILD_DONE ? ERR_OK : ERR_BAD;
}
