/* How a host function waits. It has four parts, in this order in its file:

     enter      checks its arguments (they may raise), calls script_wait_check, starts the operation,
                calls script_wait_begin and returns lua_yield(lua, 0)
     completed  the operation's callback on the loop: calls script_wait_end with `resume`, then frees the operation
     resume     pushes the results
     cancel     stops and frees the operation: its run is gone; nothing else follows

   Exactly one of completed and cancel happens. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>
#include <lua.h>

#include "script/port.h"

#define SCRIPT_RUN_RECEIVE_MAX_BYTES (1u << 20)

struct script_run;

struct script_run *script_run_of(lua_State *lua); /* who is running; NULL while a version loads */
const struct script_call_facts *script_run_facts(const struct script_run *run);
json_t *script_run_history(
    const struct script_run *run); /* call.history, a reference; NULL: empty */
uint64_t script_run_call_key(const struct script_run *run);
enum script_job_kind script_run_kind(const struct script_run *run);
enum script_hook script_run_hook(const struct script_run *run); /* of a SCRIPT_HOOK */
uint32_t script_run_epoch(const struct script_run *run); /* its job's; 0 once that was answered */
uint32_t script_run_turn(const struct script_run *run);  /* of its call */
const char *script_run_traceparent(const struct script_run *run); /* its job's; "": none */
const char *script_run_name(const struct script_run *run); /* the tool's, the hook's, "prompt" */
/* It may not act on its call: a prompt, and some hooks. */
bool script_run_only_answers(const struct script_run *run);
const char *script_tenant(lua_State *lua); /* whose VM this is */
void script_push_profile(
    lua_State *lua); /* of its agent.lua; nil: it has none, or is still being loaded */
/* Whether the value at `index` is the running call's own object. */
bool script_run_is_call(lua_State *lua, int index);

struct agent *script_run_agent(const struct script_run *run); /* the version it runs on */

/* A tool that passed its limit: it was answered for, and the call went on without it. */
bool script_run_is_late(const struct script_run *run);
/* Counts what an answer brings. False: with it the run would have received more than SCRIPT_RUN_RECEIVE_MAX_BYTES, so it
   is not to be given out. */
bool script_run_may_receive(struct script_run *run, size_t bytes);
/* Takes one of the 32 things a run may ask of its call. False: none is left. */
bool script_run_may_act(struct script_run *run);

/* Raises when `lua` cannot wait here: while loading, in a prompt or hook, inside a call from C, or when this run has asked for
   something 64 times. */
void script_wait_check(lua_State *lua, const char *function_name);
uint64_t script_wait_begin(
    struct script_run *run, void (*cancel)(void *operation), void *operation);
/* `id` is what script_wait_begin gave; an id that is no longer waited for is a defect and ends the process. `resume`
   runs within this call, in protected mode, and returns the number of values it pushed. */
void script_wait_end(struct script_run *run, uint64_t id,
    int (*resume)(lua_State *lua, void *operation), void *operation);
