/* The modules scripts see, one C file each; scripts/types/<module>.lua says the same for editors and people (a test
   compares the two). Each is installed into a fresh VM and may raise while doing so. */
#pragma once

#include <lauxlib.h>
#include <lua.h>

#include "bindings/allowance.h"
#include "bindings/bindings.h"
#include "bindings/zone.h"
#include "script/business.h"
#include "script/knowledge.h"

struct log_window;
struct business_entry;

/* business.c */
struct business {
    struct script_business script;
    struct business_entry *entries;
    struct query *query;     /* under way */
    struct net_timer *timer; /* the next one; NULL: nobody was asked about yet */
};

struct bindings {
    struct bindings_options options;
    struct zones zones;
    struct script_knowledge knowledge;
    struct business business;
    struct log_window *log_windows;
    struct allowances allowances;
};

void log_install(lua_State *lua, struct bindings *bindings);
void log_clear(struct bindings *bindings);
void time_install(lua_State *lua, struct bindings *bindings);
void json_install(lua_State *lua, struct bindings *bindings);
void http_install(lua_State *lua, struct bindings *bindings);
void db_install(lua_State *lua, struct bindings *bindings);
void calendar_install(lua_State *lua, struct bindings *bindings);
void contacts_install(lua_State *lua, struct bindings *bindings);
void leads_install(lua_State *lua, struct bindings *bindings);
void tasks_install(lua_State *lua, struct bindings *bindings);
void knowledge_install(lua_State *lua, struct bindings *bindings);
void knowledge_fill(struct script_knowledge *knowledge, struct bindings *bindings);
void business_fill(struct bindings *bindings);
void business_clear(struct bindings *bindings);
void kv_install(lua_State *lua, struct bindings *bindings);
void secret_install(lua_State *lua, struct bindings *bindings);
void sms_install(lua_State *lua, struct bindings *bindings);
void call_install(lua_State *lua, struct bindings *bindings);

/* An answer that came, but not to be given out: script_run_may_receive said no. */
#define MODULE_RECEIVED_ENOUGH "a run may receive 1 MiB in all, and this answer passes it"

/* json.c: pushes the value of JSON text, or nil, "bad_json", message. Returns how many. May raise. */
int json_push(lua_State *lua, struct slice text);

/* A table of functions as a global of the sandbox; each has `bindings` as its first upvalue. Where stubs answer for the
   module, they stand in its place. */
void module_give(
    lua_State *lua, const char *name, const luaL_Reg *functions, struct bindings *bindings);
struct bindings *module_bindings(lua_State *lua);         /* inside such a function */
uint64_t module_wall_ms(const struct bindings *bindings); /* what the script is told the time is */
/* stubs.c: into the table on top of the stack, for each function one that asks the stubs. */
void stubs_give(
    lua_State *lua, const char *name, const luaL_Reg *functions, struct bindings *bindings);
/* Pushes nil, code, message: how a function says that something expected went wrong. Returns 3. */
int module_fail(lua_State *lua, const char *code, const char *message);
/* Pushes the value at `index` as JSON text. Raises "what: why". */
void module_push_json(lua_State *lua, int index, size_t max_bytes, const char *what);
/* The text argument at `index`, at most `max_bytes` long and without control characters when `is_line`. Raises. */
struct slice module_text(lua_State *lua, int index, size_t max_bytes, int is_line);
