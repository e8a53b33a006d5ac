/* Scripts that misbehave: how each one ends, how long it may hold its thread in one go, and that the VM's host goes on.
   The worst slice is printed; what is asserted is far above what a busy machine needs. */
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

#define SLICE_US 5000
#define BUDGET_US 60000
#define HELD_US 400000 /* of CPU time in one go, on any machine, under sanitizers */

struct misdeed {
    const char *name;
    const char *code;
    enum vm_outcome ending; /* VM_DONE, VM_OUT_OF_TIME, VM_OUT_OF_MEMORY or VM_ERROR */
    const char *why;        /* a part of the error; NULL: any */
};

static const struct misdeed MISDEEDS[] = {
    /* No end. */
    {"loop", "while true do end", VM_OUT_OF_TIME, "too much time"},
    {"repeat", "repeat local x = {} until false", VM_OUT_OF_TIME, NULL},
    {"pcall loop", "while true do pcall(function() while true do end end) end", VM_OUT_OF_TIME,
        NULL},
    {"pcall of errors", "while true do pcall(error, {}) end", VM_OUT_OF_TIME, NULL},
    {"nested pcall", "local function f() return pcall(f) end while true do f() end", VM_OUT_OF_TIME,
        NULL},
    {"pcall in pcall handler",
        "local function again() while true do pcall(again) pcall(error) end end again()",
        VM_OUT_OF_TIME, NULL},
#ifndef WITHOUT_SIGNALS
    {"pcall at the stack's limit", "local function g() while true do pcall(g) end end g()",
        VM_OUT_OF_TIME, NULL},
    {"pcall at the limit, with arguments",
        "local function g(...) while true do pcall(g, 1, 2, 3, ...) end end g()", VM_OUT_OF_TIME,
        NULL},
#endif
    {"__index", "return setmetatable({}, { __index = function() while true do end end }).x",
        VM_OUT_OF_TIME, NULL},
    {"__index onto itself",
        "local t = {} setmetatable(t, { __index = function(_, k) return t[k + 1] end }) return "
        "t[1]",
        VM_ERROR, "stack overflow"},
    {"__newindex", "setmetatable({}, { __newindex = function() while true do end end }).x = 1",
        VM_OUT_OF_TIME, NULL},
    {"__concat", "return setmetatable({}, { __concat = function() while true do end end }) .. ''",
        VM_OUT_OF_TIME, NULL},
    {"__lt", "local t = setmetatable({}, { __lt = function() while true do end end }) return t < t",
        VM_OUT_OF_TIME, NULL},
    {"__call", "return setmetatable({}, { __call = function() while true do end end })()",
        VM_OUT_OF_TIME, NULL},
    {"__tostring",
        "return tostring(setmetatable({}, { __tostring = function() while true do end end }))",
        VM_OUT_OF_TIME, NULL},
    {"__tostring in format",
        "return ('%s'):format(setmetatable({}, { __tostring = function() while true do end end }))",
        VM_OUT_OF_TIME, NULL},
    {"iterator", "for _ in function() while true do end end do end", VM_OUT_OF_TIME, NULL},
    {"endless iterator", "for _ in function() return 1 end do end", VM_OUT_OF_TIME, NULL},
    {"sort comparator", "table.sort({ 3, 2, 1 }, function() while true do end end)", VM_OUT_OF_TIME,
        NULL},
    {"gsub callback", "('x'):gsub('x', function() while true do end end)", VM_OUT_OF_TIME, NULL},
    {"gsub table",
        "('x'):gsub('x', setmetatable({}, { __index = function() while true do end end }))",
        VM_OUT_OF_TIME, NULL},
    {"no __gc on tables",
        "for i = 1, 1000 do setmetatable({}, { __gc = function() while true do end end }) end",
        VM_DONE, NULL},
    {"weak tables", "local w = setmetatable({}, { __mode = 'kv' }) while true do w[{}] = {} end",
        VM_OUT_OF_TIME, NULL},

    /* Long in one go. */
    {"recursion", "local function f() return 1 + f() end f()", VM_ERROR, "stack overflow"},
    {"recursion in gsub", "local function f() return (('x'):gsub('x', f)) end f()", VM_ERROR,
        "stack overflow"},
    {"recursion in sort", "local function f() table.sort({ 2, 1 }, f) return true end f()",
        VM_ERROR, "stack overflow"},
    {"recursion in __tostring",
        "local t t = setmetatable({}, { __tostring = function() return ('%s'):format(t) end }) "
        "return tostring(t)",
        VM_ERROR, "stack overflow"},
    {"recursion in __concat",
        "local t t = setmetatable({}, { __concat = function() return t .. 'x' end }) return t .. "
        "'x'",
        VM_ERROR, "stack overflow"},
    {"__index through many tables",
        "local t = {} for i = 1, 1e4 do t = setmetatable({}, { __index = t }) end return t.x",
        VM_ERROR, NULL},
    {"tail calls", "local function f() return f() end f()", VM_OUT_OF_TIME, NULL},
    {"pattern, lazy", "return (('a'):rep(1e5)):find('.-.-.-.-.-b')", VM_ERROR, "too many steps"},
    {"pattern, greedy", "return (('a'):rep(1e5)):match('[^b]*[^b]*[^b]*b')", VM_ERROR,
        "too many steps"},
    {"pattern, optional", "return (('a'):rep(30)):find(('a?'):rep(30) .. ('a'):rep(31))", VM_ERROR,
        "too many steps"},
    {"pattern, balance", "return (('('):rep(1e5)):find('%b()')", VM_ERROR, "too many steps"},
    {"pattern, back reference", "return (('a'):rep(1e5)):find('(.*)%1b')", VM_ERROR,
        "too many steps"},
    {"pattern, set", "return (('a'):rep(1e5)):find(('[b-z]*a*'):rep(20) .. 'b')", VM_ERROR,
        "too many steps"},
    {"pattern, deep", "return (('a'):rep(1e3)):find(('(a'):rep(32) .. (')'):rep(32) .. '(')",
        VM_ERROR, NULL},
    {"pattern, long", "return ('a'):find(('a'):rep(2000) .. '*')", VM_ERROR, "longer than 1 KiB"},
    {"pattern in gmatch", "for _ in (('a'):rep(1e5)):gmatch('.-.-.-.-b') do end", VM_ERROR,
        "too many steps"},
    {"pattern in gsub", "return (('a'):rep(1e5)):gsub('.-.-.-.-b', '')", VM_ERROR,
        "too many steps"},
    {"pattern in gsub with callback", "return (('a'):rep(1e5)):gsub('.-.-.-.-b', function() end)",
        VM_ERROR, "too many steps"},
    {"find in a long text",
        "local s = ('a'):rep(1e6) assert(not s:find(('a'):rep(5e5) .. 'b', 1, true))", VM_DONE,
        NULL},
    {"patterns in a loop", "while true do pcall(string.find, ('a'):rep(1e4), '.-.-.-.-b') end",
        VM_OUT_OF_TIME, NULL},
    {"gsub over much", "local s = ('x'):rep(1e6):gsub('x', 'y') assert(#s == 1e6)", VM_DONE, NULL},
    {"gsub over much, growing", "return (('x'):rep(1e6):gsub('x', ('y'):rep(100)))",
        VM_OUT_OF_MEMORY, NULL},
    {"sort, killer",
        "local t = {} for i = 1, 16000 do t[i] = (i % 2 == 0) and i or -i end while true do "
        "table.sort(t) end",
        VM_OUT_OF_TIME, NULL},
    {"sort, no order", "table.sort({ 1, 2, 3, 4, 5 }, function() return true end)", VM_ERROR,
        "invalid order function"},
    {"sort, of everything", "table.sort({ 1, 'a', {} })", VM_ERROR, "attempt to compare"},
    {"sort, error in comparator", "table.sort({ 2, 1 }, function() error('oh', 0) end)", VM_ERROR,
        "oh"},
    {"table.move", "table.move({}, 1, 1e9, 2)", VM_OUT_OF_TIME, NULL},
    {"unpack", "return unpack({}, 1, 1e7)", VM_ERROR, "too many results"},
    {"string.byte", "return (('x'):rep(1e6)):byte(1, -1)", VM_ERROR, NULL},
    {"table.insert at the front", "local t = {} for i = 1, 1e9 do table.insert(t, 1, i) end",
        VM_OUT_OF_TIME, NULL},

    /* Much memory. */
    {"string.rep", "return ('x'):rep(1e9)", VM_OUT_OF_MEMORY, NULL},
    {"string.rep of nothing", "return #((''):rep(1e9))", VM_DONE, NULL},
    {"string.rep, huge", "return ('x'):rep(2^31 - 1)", VM_OUT_OF_MEMORY, NULL},
    {"doubling", "local s = 'x' while true do s = s .. s end", VM_OUT_OF_MEMORY, NULL},
    {"doubling in pcall", "local s = 'x' while true do pcall(function() s = s .. s end) end",
        VM_OUT_OF_TIME, NULL},
    {"big table", "local t = {} for i = 1, 1e9 do t[i] = ('x'):rep(1000) .. i end",
        VM_OUT_OF_MEMORY, NULL},
    {"closures", "local t = {} for i = 1, 1e9 do t[i] = function() return i end end",
        VM_OUT_OF_MEMORY, NULL},
    {"format, width", "return ('%1000000000d'):format(1)", VM_ERROR, NULL},
    {"format, long", "return ('%s'):rep(1000):format(unpack({}, 1, 1000))", VM_DONE, NULL},
    {"concat",
        "local t = {} for i = 1, 100 do t[i] = ('x'):rep(1e5) .. i end return "
        "table.concat(t)",
        VM_OUT_OF_MEMORY, NULL},
    {"stack", "local function f(...) return f(1, ...) end f()", VM_ERROR, NULL},

    /* Errors that are no texts. */
    {"error of a table", "error({})", VM_ERROR, "(error object is a table value)"},
    {"error of nil", "error()", VM_ERROR, "(error object is a nil value)"},
    {"error of a function", "error(pairs)", VM_ERROR, "(error object is a function value)"},
    {"error that prints itself",
        "error(setmetatable({}, { __tostring = function() while true do end end }))", VM_ERROR,
        "(error object is a table value)"},
    {"error of 2 MB", "error(('x'):rep(2e6), 0)", VM_ERROR, "xxxx"},
    {"error with zero bytes", "error('a\\0b', 0)", VM_ERROR, "a"},

    /* Names that are not there. */
    {"coroutine", "return coroutine", VM_ERROR, "'coroutine' is not defined"},
    {"coroutine by another name",
        "assert(not (('').wrap or math.wrap or table.wrap or string.yield))", VM_DONE, NULL},
    {"xpcall", "return xpcall", VM_ERROR, "'xpcall' is not defined"},
    {"load", "return load", VM_ERROR, "'load' is not defined"},
    {"string.dump", "return string.dump(function() end)", VM_ERROR, "attempt to call"},
    {"newproxy", "return newproxy", VM_ERROR, "'newproxy' is not defined"},
    {"getfenv", "return getfenv", VM_ERROR, "'getfenv' is not defined"},
    {"the environment's metatable", "return setmetatable(getmetatable(''), {})", VM_ERROR, NULL},
};

struct piece {
    const char *code;
    lua_State *thread;
    int ref;
};

static int push_piece(lua_State *lua)
{
    struct piece *piece = lua_touserdata(lua, 1);
    piece->thread = lua_newthread(lua);
    piece->ref = luaL_ref(lua, LUA_REGISTRYINDEX);
    if (luaL_loadbufferx(lua, piece->code, strlen(piece->code), "@piece.lua", "t") != 0)
        lua_error(lua);
    lua_getfield(lua, LUA_REGISTRYINDEX, SANDBOX_ENVIRONMENT);
    lua_setfenv(lua, -2);
    lua_xmove(lua, piece->thread, 1);
    return 0;
}

static int drop_piece(lua_State *lua)
{
    struct piece *piece = lua_touserdata(lua, 1);
    luaL_unref(lua, LUA_REGISTRYINDEX, piece->ref);
    lua_gc(lua, LUA_GCCOLLECT, 0);
    return 0;
}

static enum vm_outcome run(struct vm *vm, const char *code, char why[512], uint64_t *worst_us)
{
    struct piece piece = {.code = code};
    uint64_t budget_us = BUDGET_US;
    char unused[512];
    why[0] = 0;
    assert_int_equal(vm_protect(vm, push_piece, &piece, why), ERR_OK);
    enum vm_outcome outcome = VM_SLICED;
    while (outcome == VM_SLICED) {
        uint64_t start_us = clock_thread_cpu_us();
        outcome = vm_resume(vm, piece.thread, 0, SLICE_US, &budget_us);
        uint64_t took_us = clock_thread_cpu_us() - start_us;
        *worst_us = took_us > *worst_us ? took_us : *worst_us;
    }
    if (outcome != VM_DONE)
        vm_error_text(piece.thread, why, 512);
    assert_int_equal(vm_protect(vm, drop_piece, &piece, unused), ERR_OK);
    return outcome;
}

static void misdeeds_end_as_they_should(void **state)
{
    for (size_t i = 0; i < sizeof MISDEEDS / sizeof *MISDEEDS; i++) {
        const struct misdeed *misdeed = &MISDEEDS[i];
        struct vm *vm;
        char why[512];
        uint64_t worst_us = 0, ignored_us = 0;
        assert_int_equal(vm_create(&vm, VM_LIMIT_BYTES, NULL), ERR_OK);
        enum vm_outcome outcome = run(vm, misdeed->code, why, &worst_us);
        print_message("%-32s worst slice %6llu us  %.60s\n", misdeed->name,
            (unsigned long long)worst_us, why);
        bool is_as_expected = outcome == misdeed->ending ||
                              /* a slow machine may not get as far as the error */
                              (outcome == VM_OUT_OF_TIME && misdeed->ending != VM_OUT_OF_TIME);
        if (!is_as_expected ||
            (outcome == misdeed->ending && misdeed->why && !strstr(why, misdeed->why)))
            fail_msg("%s: ended %d: %s", misdeed->name, outcome, why);
        if (worst_us > HELD_US)
            fail_msg("%s held its thread for %llu us", misdeed->name, (unsigned long long)worst_us);
        assert_int_equal(run(vm, "assert(('x'):rep(3) == 'xxx')", why, &ignored_us), VM_DONE);
        vm_destroy(vm);
    }
}

/* Same order as LuaJIT's own sort, and equal items keep theirs. */
static void sort_sorts(void **state)
{
    struct vm *vm;
    char why[512];
    uint64_t worst_us = 0;
    assert_int_equal(vm_create(&vm, VM_LIMIT_BYTES, NULL), ERR_OK);
    const char *code =
        "for n = 0, 70 do\n"
        "  local t = {} for i = 1, n do t[i] = (i * 7919) % 23 end\n"
        "  table.sort(t) for i = 2, n do assert(t[i - 1] <= t[i]) end assert(#t == n)\n"
        "  table.sort(t, function(a, b) return a > b end) for i = 2, n do assert(t[i - 1] >= t[i]) "
        "end\n"
        "end\n"
        "local t = {} for i = 1, 50 do t[i] = { key = i % 5, at = i } end\n"
        "table.sort(t, function(a, b) return a.key < b.key end)\n"
        "for i = 2, 50 do assert(t[i - 1].key < t[i].key or t[i - 1].at < t[i].at) end\n"
        "local words = { 'b', 'a', 'C' } table.sort(words) assert(table.concat(words) == 'Cab')\n"
        "local kept = { 2, 1 } assert(not pcall(table.sort, kept, error)) assert(kept[1] == 2)\n";
    enum vm_outcome outcome = run(vm, code, why, &worst_us);
    if (outcome != VM_DONE)
        print_message("%s\n", why);
    assert_int_equal(outcome, VM_DONE);
    vm_destroy(vm);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(misdeeds_end_as_they_should),
        cmocka_unit_test(sort_sorts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
