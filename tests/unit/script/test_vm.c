/* What a script may take: time, memory, names. Every story ends with the VM still working. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <lauxlib.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "script/sandbox.h"
#include "script/vm.h"

/* ThreadSanitizer holds signals back until the code under it calls something it knows. */
#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define WITHOUT_SIGNALS
#endif
#endif

#define BUDGET_US 50000
#define STOP_US                                                                                    \
    60000 /* how far past its budget a script may run: the watchdog's grace and the kernel's tick */

struct piece {
    const char *code;
    lua_State *thread;
};

static int push_piece(lua_State *lua)
{
    struct piece *piece = lua_touserdata(lua, 1);
    piece->thread = lua_newthread(lua);
    luaL_ref(lua, LUA_REGISTRYINDEX);
    if (luaL_loadbufferx(lua, piece->code, strlen(piece->code), "@piece.lua", "t") != 0)
        lua_error(lua);
    lua_getfield(lua, LUA_REGISTRYINDEX, SANDBOX_ENVIRONMENT);
    lua_setfenv(lua, -2);
    lua_xmove(lua, piece->thread, 1);
    return 0;
}

/* Runs a piece of code to its end, over as many slices as it takes. */
static enum vm_outcome run(struct vm *vm, const char *code, char why[512], unsigned *slices)
{
    struct piece piece = {code, NULL};
    uint64_t budget_us = BUDGET_US;
    why[0] = 0;
    assert_int_equal(vm_protect(vm, push_piece, &piece, why), ERR_OK);
    enum vm_outcome outcome = VM_SLICED;
    for (*slices = 0; outcome == VM_SLICED; ++*slices)
        outcome = vm_resume(vm, piece.thread, 0, 5000, &budget_us);
    if (outcome != VM_DONE)
        vm_error_text(piece.thread, why, 512);
    return outcome;
}

static void expect(const char *code, enum vm_outcome expected)
{
    struct vm *vm;
    char why[512];
    unsigned slices;
    assert_int_equal(vm_create(&vm, VM_LIMIT_BYTES, NULL), ERR_OK);
    uint64_t start_us = clock_thread_cpu_us();
    enum vm_outcome outcome = run(vm, code, why, &slices);
    uint64_t took_us = clock_thread_cpu_us() - start_us;
    if (outcome != expected)
        print_message("%s\n→ %d %s\n", code, outcome, why);
    assert_int_equal(outcome, expected);
    if (outcome == VM_OUT_OF_TIME)
        assert_true(took_us < BUDGET_US + STOP_US * 4);
    /* What it left behind fills the VM, or the VM goes on. */
    enum vm_outcome after =
        run(vm, "local s = 0 for i = 1, 10 do s = s + i end assert(s == 55)", why, &slices);
    assert_true(
        after == VM_DONE || (after == VM_OUT_OF_MEMORY && vm->used_bytes > vm->limit_bytes));
    vm_destroy(vm);
}

static void expect_error(const char *code, const char *text)
{
    struct vm *vm;
    char why[512];
    unsigned slices;
    assert_int_equal(vm_create(&vm, VM_LIMIT_BYTES, NULL), ERR_OK);
    assert_int_equal(run(vm, code, why, &slices), VM_ERROR);
    assert_string_equal(why, text);
    vm_destroy(vm);
}

static void time_is_limited(void **state)
{
    expect("while true do end", VM_OUT_OF_TIME);
    expect("while true do pcall(function() while true do end end) end", VM_OUT_OF_TIME);
    expect("local function f() return pcall(f) end while true do f() end", VM_OUT_OF_TIME);
    expect("while true do pcall(error, {}) end", VM_OUT_OF_TIME);
    expect(
        "local t = setmetatable({}, { __index = function(t, k) while true do end end }) return t.x",
        VM_OUT_OF_TIME);
    expect("local s = ('x'):rep(1000) while true do s:gsub('.', function() return 'y' end) end",
        VM_OUT_OF_TIME);
    expect("local t = {} for i = 1, 100 do t[i] = i end while true do table.sort(t, function(a, b) "
           "return a > b end) end",
        VM_OUT_OF_TIME);
}

/* At the stack's limit the count hook is never called; the watchdog's signal ends it. */
static void loops_at_the_stack_limit_end(void **state)
{
#ifdef WITHOUT_SIGNALS
    skip();
#endif
    expect("local function g() while true do pcall(g) end end g()", VM_OUT_OF_TIME);
}

static void memory_is_limited(void **state)
{
    expect("local t = {} for i = 1, 1e9 do t[i] = i end", VM_OUT_OF_MEMORY);
    expect("local s = 'x' while true do s = s .. s end", VM_OUT_OF_MEMORY);
    expect("return ('x'):rep(1e9)", VM_OUT_OF_MEMORY);
    expect("return string.format('%99s', ('x'):rep(5e6))", VM_OUT_OF_MEMORY);
    expect("local t = {} for i = 1, 200 do t[i] = ('%d'):rep(10000):format(i) end", VM_ERROR);
    expect("local t = {} local function fill() for i = 1, 1e9 do t[#t + 1] = {} end end while true "
           "do pcall(fill) end",
        VM_OUT_OF_TIME);
}

static void recursion_is_limited(void **state)
{
    expect("local function f() return 1 + f() end f()", VM_ERROR);
    expect("local function f() local t = setmetatable({}, { __tostring = function() return 'x' .. "
           "f() end })\n"
           "return 'x' .. tostring(t) end f()",
        VM_ERROR);
}

static void errors_need_no_text(void **state)
{
    expect_error("error({ code = 1 })", "(error object is a table value)");
    expect_error("error()", "(error object is a nil value)");
    expect_error("error(setmetatable({}, { __tostring = function() while true do end end }))",
        "(error object is a table value)");
    expect_error("error('plain', 0)", "plain");
    expect_error("local x\nreturn x.y", "piece.lua:2: attempt to index local 'x' (a nil value)");
}

static void long_work_is_put_aside(void **state)
{
    struct vm *vm;
    char why[512];
    unsigned slices;
    assert_int_equal(vm_create(&vm, VM_LIMIT_BYTES, NULL), ERR_OK);
    const char *code = "local s = 0 for i = 1, 4e5 do local ok = pcall(type, i) s = s + (ok and 1 "
                       "or 0) end assert(s == 4e5)";
    assert_int_equal(run(vm, code, why, &slices), VM_DONE);
    assert_true(slices > 1);
    vm_destroy(vm);
}

static void names_are_given(void **state)
{
    static const char *const missing[] = {"io", "os", "debug", "package", "jit", "ffi", "load",
        "loadstring", "loadfile", "dofile", "collectgarbage", "newproxy", "getfenv", "setfenv",
        "coroutine", "xpcall", "module", "_G", "bit", "print"};
    for (size_t i = 0; i < sizeof missing / sizeof *missing; i++) {
        char code[128], text[128];
        snprintf(code, sizeof code, "return %s", missing[i]);
        snprintf(text, sizeof text, "piece.lua:1: '%s' is not defined", missing[i]);
        expect_error(code, text);
    }
    expect("assert(string.dump == nil and ('x').dump == nil)", VM_DONE);
    expect("assert(getmetatable('') == false)", VM_DONE);
    expect_error("x = 1", "piece.lua:1: 'x' would be a global: make it local");
    expect_error("string.x = 1 return ('').x + y", "piece.lua:1: 'y' is not defined");
}

static void memory_is_counted_to_the_byte(void **state)
{
    struct vm *vm;
    char why[512];
    unsigned slices;
    assert_int_equal(vm_create(&vm, VM_LIMIT_BYTES, NULL), ERR_OK);
    size_t before = vm->used_bytes;
    assert_int_equal(
        run(vm, "local t = {} for i = 1, 1e4 do t[i] = {} end return t", why, &slices), VM_DONE);
    assert_true(vm->used_bytes > before);
    lua_close(vm->lua);
    vm->lua = NULL;
    assert_int_equal(vm->used_bytes, 0);
    vm_destroy(vm);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(time_is_limited),
        cmocka_unit_test(loops_at_the_stack_limit_end),
        cmocka_unit_test(memory_is_limited),
        cmocka_unit_test(recursion_is_limited),
        cmocka_unit_test(errors_need_no_text),
        cmocka_unit_test(long_work_is_put_aside),
        cmocka_unit_test(names_are_given),
        cmocka_unit_test(memory_is_counted_to_the_byte),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
