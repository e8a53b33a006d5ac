/* A version's code in a VM of its own: what its files gave when they were loaded. Belongs to the script thread; counted,
   because calls and runs may outlive the version's place in the sun. Loading goes in slices like any run, but nothing
   waits while it does. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "script/agent.h"
#include "script/host.h"
#include "script/sources.h"
#include "script/vm.h"

#define PROGRAM_TOOLS_MAX 32
#define TOOL_NAME_SIZE 65

struct script_run;
struct build;

struct program_tool {
    char name[TOOL_NAME_SIZE];
    unsigned timeout_ms;
    char failure_text[256]; /* said when it is late; empty: the agent's */
    int run_ref;            /* its `run` in the VM's registry */
};

struct program {
    size_t references;
    struct vm *vm;
    struct sources *sources; /* counted */
    bool is_loading;         /* `require` may read files */
    int agent_ref;           /* what agent.lua returned */
    int prompt_ref;
    int migrate_ref;             /* LUA_NOREF: the tenant has none */
    int hook_refs[SCRIPT_HOOKS]; /* LUA_NOREF: the tenant has none */
    int profile_ref;
    struct program_tool tools[PROGRAM_TOOLS_MAX];
    size_t tool_count;
    struct build *build;     /* what makes it (script/build.h); NULL: it is made */
    struct script_run *runs; /* ready or put aside, in the order they go on (script/queue.h) */
    struct program *next_ready, *prev_ready; /* among programs with work to do */
    bool is_ready;
    struct queue_share *share; /* of its tenant; NULL: never ready */
    unsigned *count;           /* of its tenant's programs; NULL: nobody counts */
};

/* A VM with the host's library in it and `file` (agent.lua) compiled: `*thread` is to be resumed until it is done, then
   program_keep_agent takes what it returned. `why` is "file:line: message". The result has one reference. */
must_use enum err program_create(struct program **out, struct sources *sources,
    const struct script_library *library, const char *file, lua_State **thread, char why[512]);
must_use enum err program_keep_agent(struct program *program, lua_State *thread, char why[512]);
struct program *program_hold(struct program *program);
/* Until it is no more, it is one of `*count`, which must live as long. */
void program_count_in(struct program *program, unsigned *count);
void program_release(struct program *program); /* NULL is fine */
/* The file that returned the value on top of the stack when it was required; NULL: none did. In protected mode. */
const char *program_file_of(lua_State *lua);
/* The file a tool's `run` was written in; NULL: none of the version's. */
const struct source *program_tool_source(
    const struct program *program, const struct program_tool *tool);
/* Whether agent.lua sets that field: "turn.silence_ms". */
bool program_has_field(const struct program *program, const char *path);
const struct program_tool *program_find_tool(const struct program *program, const char *name);
