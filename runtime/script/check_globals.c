#include "script/check_globals.h"

#include <lauxlib.h>
#include <lualib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "script/json.h"
#include "script/sandbox.h"
#include "script/vm.h"
#include "text/near.h"

#define NAMES_MAX 512

const struct deprecated_name deprecated_names[] = {{NULL, NULL}};

/* In a Lua state of the host's own, with everything in it; tenants' code is compiled here and never run. What reads a
   global (GGET), sets one (GSET) or takes a field of what was just read (TGETS) differs from build to build of LuaJIT, so
   it is looked up in code whose meaning is known. report(line, name, member or nil, is_set) */
static const char scanner_code[] =
    "local load, report = ...\n"
    "local util, band, rshift = require('jit.util'), bit.band, bit.rshift\n"
    "local function decode(code, pc)\n"
    "  local i = util.funcbc(code, pc)\n"
    "  if i then return band(i, 255), rshift(i, 16), band(rshift(i, 8), 255), rshift(i, 24) end\n"
    "end\n"
    "local GET, SET = decode(loadstring('return x'), 1), decode(loadstring('x = ...'), 2)\n"
    "local FIELD = decode(loadstring('return x.y'), 2)\n"
    "local function scan(code)\n"
    "  for pc = 1, util.funcinfo(code).bytecodes - 1 do\n"
    "    local op, name, into = decode(code, pc)\n"
    "    if op == GET or op == SET then\n"
    "      local next_op, low, _, from = decode(code, pc + 1)\n"
    "      local is_field = op == GET and next_op == FIELD and from == into\n"
    "      report(util.funcinfo(code, pc).currentline, util.funck(code, -name - 1),\n"
    "        is_field and util.funck(code, -band(low, 255) - 1) or nil, op == SET)\n"
    "    end\n"
    "  end\n"
    "  local at, value = -1, util.funck(code, -1)\n"
    "  while value ~= nil do\n"
    "    if type(value) == 'proto' then scan(value) end\n"
    "    at = at - 1\n"
    "    value = util.funck(code, at)\n"
    "  end\n"
    "end\n"
    "return function() scan(load()) end\n";

struct globals {
    lua_State *lua;
    const struct deprecated_name *deprecated;
    char *names[NAMES_MAX + 1];   /* "time", "time.now", …: ends with NULL */
    char *modules[NAMES_MAX + 1]; /* "time", … */
    size_t name_count, module_count;
};

struct checking {
    const struct globals *globals;
    struct findings *findings;
    const char *file;
    struct slice text;
};

/* ---- what is known ---- */

static void know(char **names, size_t *count, const char *owner, const char *name)
{
    char full[128];
    snprintf(full, sizeof full, "%s%s%s", owner, owner[0] ? "." : "", name);
    if (*count < NAMES_MAX && (names[*count] = slice_dup(slice_from(full))))
        ++*count;
}

/* The fields of the table on top of the stack; those of the tables in it too. */
static void know_fields(lua_State *lua, struct globals *globals, const char *owner)
{
    luaL_checkstack(lua, 8, "names");
    for (lua_pushnil(lua); lua_next(lua, -2); lua_pop(lua, 1)) {
        if (lua_type(lua, -2) != LUA_TSTRING)
            continue;
        const char *name = lua_tostring(lua, -2);
        know(globals->names, &globals->name_count, owner, name);
        if (owner[0] || !lua_istable(lua, -1))
            continue;
        know(globals->modules, &globals->module_count, "", name);
        know_fields(lua, globals, name);
    }
}

struct learning {
    struct globals *globals;
    const struct script_library *library;
};

static int learn(lua_State *lua)
{
    struct learning *learning = lua_touserdata(lua, 1);
    luaL_newmetatable(lua, SCRIPT_JSON_ARRAY);
    if (learning->library && learning->library->install)
        learning->library->install(lua, learning->library->owner);
    lua_getfield(lua, LUA_REGISTRYINDEX, SANDBOX_ENVIRONMENT);
    know_fields(lua, learning->globals, "");
    know(learning->globals->names, &learning->globals->name_count, "", "require");
    return 0;
}

/* ---- what a file uses ---- */

static bool is_known(char *const *names, const char *name)
{
    for (; *names; names++)
        if (strcmp(*names, name) == 0)
            return true;
    return false;
}

static const char *instead_of(const struct deprecated_name *names, const char *name)
{
    for (; names && names->name; names++)
        if (strcmp(names->name, name) == 0)
            return names->instead;
    return NULL;
}

static void judge(const struct checking *checking, unsigned line, const char *name)
{
    const struct globals *globals = checking->globals;
    const char *instead = instead_of(globals->deprecated, name);
    if (!instead && is_known(globals->names, name))
        return;
    const char *meant = near_name(name, (const char *const *)globals->names);
    if (instead)
        findings_add(checking->findings, FINDING_WARNING, checking->file, line,
            "%s is going away: write %s", name, instead);
    else if (meant)
        findings_add(checking->findings, FINDING_ERROR, checking->file, line,
            "'%s' is not defined: did you mean %s?", name, meant);
    else
        findings_add(checking->findings, FINDING_ERROR, checking->file, line,
            "'%s' is not defined: scripts have local names and those of docs/scripting.md", name);
}

/* report(line, name, member, is_set) */
static int report(lua_State *lua)
{
    const struct checking *checking = lua_touserdata(lua, lua_upvalueindex(1));
    unsigned line = (unsigned)luaL_checkinteger(lua, 1);
    const char *name = luaL_checkstring(lua, 2), *member = lua_tostring(lua, 3);
    bool is_set = lua_toboolean(lua, 4);
    if (is_set) {
        findings_add(checking->findings, FINDING_ERROR, checking->file, line,
            "'%s' would be a global: write local before it", name);
    } else if (member && is_known(checking->globals->modules, name)) {
        char full[200];
        snprintf(full, sizeof full, "%s.%s", name, member);
        judge(checking, line, full);
    } else {
        judge(checking, line, name);
    }
    return 0;
}

/* The file as a function. */
static int load(lua_State *lua)
{
    const struct checking *checking = lua_touserdata(lua, lua_upvalueindex(1));
    char chunk[FINDING_FILE_SIZE + 1];
    snprintf(chunk, sizeof chunk, "@%s", checking->file);
    if (luaL_loadbufferx(lua, checking->text.data, checking->text.len, chunk, "t") != 0)
        return lua_error(lua);
    return 1;
}

static int check(lua_State *lua)
{
    if (luaL_loadbufferx(lua, scanner_code, sizeof scanner_code - 1, "=(host)", "t") != 0)
        return lua_error(lua);
    for (int i = 0; i < 2; i++) {
        lua_pushvalue(lua, 1);
        lua_pushcclosure(lua, i ? report : load, 1);
    }
    lua_call(lua, 2, 1);
    lua_call(lua, 0, 0);
    return 0;
}

void globals_check(
    const struct globals *globals, struct findings *findings, const char *file, struct slice text)
{
    struct checking checking = {globals, findings, file, text};
    if (lua_cpcall(globals->lua, check, &checking) == 0)
        return;
    const char *why = lua_tostring(globals->lua, -1);
    findings_add_place(findings, why ? why : "out of memory");
    lua_settop(globals->lua, 0);
}

/* ---- life ---- */

static int open_libraries(lua_State *lua)
{
    luaL_openlibs(lua);
    return 0;
}

enum err globals_create(struct globals **out, const struct script_library *library,
    const struct deprecated_name *deprecated)
{
    char why[512];
    struct vm *vm;
    struct globals *globals = calloc(1, sizeof *globals);
    if (!globals)
        return ERR_NOMEM;
    globals->deprecated = deprecated;
    struct learning learning = {globals, library};
    enum err err = vm_create(&vm, VM_LIMIT_BYTES, NULL);
    if (!err) {
        err = vm_protect(vm, learn, &learning, why);
        vm_destroy(vm);
    }
    if (!err &&
        (!(globals->lua = luaL_newstate()) || lua_cpcall(globals->lua, open_libraries, NULL)))
        err = ERR_NOMEM;
    if (err)
        globals_destroy(globals);
    else
        *out = globals;
    return err;
}

void globals_destroy(struct globals *globals)
{
    if (!globals)
        return;
    for (size_t i = 0; i < globals->name_count; i++)
        free(globals->names[i]);
    for (size_t i = 0; i < globals->module_count; i++)
        free(globals->modules[i]);
    if (globals->lua)
        lua_close(globals->lua);
    free(globals);
}
