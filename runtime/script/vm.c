#include "script/vm.h"

#include <lauxlib.h>
#include <luajit.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/slice.h"
#include "observe/metrics.h"
#include "script/sandbox.h"
#include "script/watchdog.h"

#define HOOK_INSTRUCTIONS 1000

static void *allocate(void *owner, void *block, size_t old_bytes, size_t new_bytes)
{
    struct vm *vm = owner;
    if (new_bytes == 0) {
        free(block);
        vm->used_bytes -= old_bytes;
        return NULL;
    }
    if (vm->is_limited && new_bytes > old_bytes &&
        vm->used_bytes - old_bytes + new_bytes > vm->limit_bytes) {
        vm->hit_limit = true;
        return NULL;
    }
    void *fresh = realloc(block, new_bytes);
    if (fresh)
        vm->used_bytes += new_bytes - old_bytes;
    return fresh;
}

struct vm *vm_of(lua_State *lua)
{
    void *owner;
    lua_getallocf(lua, &owner);
    return owner;
}

bool vm_lift_limit(lua_State *lua)
{
    struct vm *vm = vm_of(lua);
    bool was_limited = vm->is_limited;
    if (was_limited && vm->used_bytes > vm->limit_bytes) {
        vm->hit_limit = true;
        luaL_error(lua, "not enough memory");
    }
    vm->is_limited = false;
    return was_limited;
}

void vm_restore_limit(lua_State *lua, bool was_limited)
{
    vm_of(lua)->is_limited = was_limited;
}

static void hook(lua_State *lua, lua_Debug *unused);

/* "file:line: " of the nearest code that is the tenant's. */
static void note_place(lua_State *lua, struct vm *vm)
{
    lua_Debug where;
    vm->stopped_at[0] = 0;
    for (int level = 0; level < 8 && lua_getstack(lua, level, &where); level++) {
        if (!lua_getinfo(lua, "Sl", &where) || where.currentline <= 0 || where.short_src[0] == '(')
            continue;
        snprintf(vm->stopped_at, sizeof vm->stopped_at, "%.50s:%d: ", where.short_src,
            where.currentline);
        return;
    }
}

/* The end of a run is a yield that is never resumed: an error would have to make its way out of every `pcall`. */
static void stop(lua_State *lua, struct vm *vm)
{
    vm->is_tripped = true;
    note_place(lua, vm);
    if (lua_isyieldable(lua))
        lua_yield(lua, 0);
    lua_sethook(lua, hook, LUA_MASKCOUNT, 1);
    luaL_error(lua, "took too much time");
}

static void hook(lua_State *lua, lua_Debug *unused)
{
    struct vm *vm = vm_of(lua);
    uint64_t now_us = clock_thread_cpu_us();
    bool is_over = vm->is_knocked || now_us >= vm->slice_end_us;
    if (vm->is_tripped || now_us >= vm->budget_end_us) {
        stop(lua, vm);
        return;
    }
    if (vm->is_knocked) {
        vm->is_knocked = 0;
        vm->slice_end_us = 0; /* where no yield is possible now, the next hook that can takes it */
        lua_sethook(lua, hook, LUA_MASKCOUNT, HOOK_INSTRUCTIONS);
    }
    if (is_over && lua_isyieldable(lua)) {
        vm->is_sliced = true;
        lua_yield(lua, 0);
    }
}

/* In a signal handler: with a count of one the hook comes at the next instruction that has room for it. */
static void knock(struct vm *vm)
{
    vm->is_knocked = 1;
    lua_sethook(vm->lua, hook, LUA_MASKCOUNT, 1);
}

/* Not at each allocation: those are many. */
static void count_bytes(struct vm *vm)
{
    metric_add(METRIC_SCRIPT_VM_BYTES, (int64_t)vm->used_bytes - (int64_t)vm->counted_bytes);
    vm->counted_bytes = vm->used_bytes;
}

static int open_state(lua_State *lua)
{
    luaJIT_setmode(lua, 0, LUAJIT_MODE_ENGINE | LUAJIT_MODE_OFF);
    lua_gc(lua, LUA_GCSETPAUSE, 120);
    sandbox_open(lua);
    return 0;
}

enum err vm_create(struct vm **out, size_t limit_bytes, void *owner)
{
    struct vm *vm = calloc(1, sizeof *vm);
    if (!vm)
        return ERR_NOMEM;
    vm->limit_bytes = limit_bytes;
    vm->owner = owner;
    vm->lua = lua_newstate(allocate, vm);
    metric_add(METRIC_SCRIPT_VMS, 1);
    if (!vm->lua || lua_cpcall(vm->lua, open_state, NULL) != 0) {
        vm_destroy(vm);
        return ERR_NOMEM;
    }
    count_bytes(vm);
    *out = vm;
    return ERR_OK;
}

void vm_destroy(struct vm *vm)
{
    if (!vm)
        return;
    if (vm->lua)
        lua_close(vm->lua);
    count_bytes(vm);
    metric_add(METRIC_SCRIPT_VMS, -1);
    free(vm);
}

enum err vm_protect(struct vm *vm, lua_CFunction fn, void *data, char why[512])
{
    int top = lua_gettop(vm->lua);
    int status = lua_cpcall(vm->lua, fn, data);
    count_bytes(vm);
    if (status == 0)
        return ERR_OK;
    vm_error_text(vm->lua, why, 512);
    lua_settop(vm->lua, top);
    return status == LUA_ERRMEM ? ERR_NOMEM : ERR_BAD;
}

static enum vm_outcome judge(const struct vm *vm, int status)
{
    if (status == 0)
        return VM_DONE;
    if (status == LUA_YIELD && !vm->is_tripped)
        return vm->is_sliced ? VM_SLICED : VM_WAITING;
    if (vm->is_tripped)
        return VM_OUT_OF_TIME;
    return status == LUA_ERRMEM || vm->hit_limit ? VM_OUT_OF_MEMORY : VM_ERROR;
}

static int collect(lua_State *lua)
{
    lua_gc(lua, LUA_GCCOLLECT, 0);
    return 0;
}

void vm_tidy(struct vm *vm)
{
    char why[512];
    if (vm->used_bytes > vm->limit_bytes / 2 && vm_protect(vm, collect, NULL, why))
        vm->hit_limit = true;
}

enum vm_outcome vm_resume(
    struct vm *vm, lua_State *thread, int arguments, uint64_t slice_us, uint64_t *budget_us)
{
    if (vm->used_bytes > vm->limit_bytes)
        vm_tidy(vm);
    if (vm->used_bytes > vm->limit_bytes) {
        vm->hit_limit = true;
        lua_settop(thread, 0);
        return VM_OUT_OF_MEMORY;
    }
    uint64_t start_us = clock_thread_cpu_us();
    vm->slice_end_us = start_us + slice_us;
    vm->budget_end_us = start_us + *budget_us;
    vm->is_knocked = 0;
    vm->is_tripped = false;
    vm->is_sliced = vm->hit_limit = false;
    lua_sethook(vm->lua, hook, LUA_MASKCOUNT, HOOK_INSTRUCTIONS);
    watchdog_arm(vm, knock, slice_us);
    vm->is_limited = true;
    int status = lua_resume(thread, arguments);
    vm->is_limited = false;
    watchdog_disarm();
    lua_sethook(vm->lua, NULL, 0, 0);
    count_bytes(vm);
    uint64_t took_us = clock_thread_cpu_us() - start_us;
    *budget_us -= took_us < *budget_us ? took_us : *budget_us;
    return judge(vm, status);
}

void vm_error_text(lua_State *thread, char *out, size_t size)
{
    const struct vm *vm = vm_of(thread);
    if (vm->is_tripped)
        snprintf(out, size, "%stook too much time", vm->stopped_at);
    else if (lua_gettop(thread) == 0)
        snprintf(out, size, vm->hit_limit ? "not enough memory" : "unknown error");
    else if (lua_type(thread, -1) == LUA_TSTRING)
        slice_copy(slice_from(lua_tostring(thread, -1)), out, size);
    else
        snprintf(out, size, "(error object is a %s value)", luaL_typename(thread, -1));
}
