#include "unit/bindings/vm_story.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "script/json.h"
#include "script/program.h"
#include "script/sandbox.h"

/* No piece here is about time, and how long one takes on a busy machine says nothing: only one without an end meets it. */
#define BUDGET_US 60000000u

struct piece {
    struct story *story;
    const char *code;
    lua_State *thread;
};

static int install_all(lua_State *lua)
{
    struct story *story = lua_touserdata(lua, 1);
    struct script_library library = bindings_library(story->bindings);
    luaL_newmetatable(lua, SCRIPT_JSON_ARRAY);
    library.install(lua, library.owner);
    return 0;
}

int story_setup(void **state)
{
    char why[512];
    struct story *story = calloc(1, sizeof *story);
    struct program *program = calloc(1, sizeof *program);
    assert_int_equal(net_loop_create(&story->loop, "test", NULL), ERR_OK);
    struct bindings_options options = {.loop = story->loop};
    assert_int_equal(bindings_create(&story->bindings, &options), ERR_OK);
    assert_int_equal(sources_create(&program->sources, "scripts", "acme"), ERR_OK);
    assert_int_equal(vm_create(&story->vm, VM_LIMIT_BYTES, program), ERR_OK);
    assert_int_equal(vm_protect(story->vm, install_all, story, why), ERR_OK);
    *state = story;
    return 0;
}

int story_teardown(void **state)
{
    struct story *story = *state;
    struct program *program = story->vm->owner;
    sources_release(program->sources);
    free(program);
    vm_destroy(story->vm);
    bindings_destroy(story->bindings);
    net_loop_destroy(story->loop);
    free(story);
    return 0;
}

static int push_piece(lua_State *lua)
{
    struct piece *piece = lua_touserdata(lua, 1);
    piece->thread = lua_newthread(lua);
    luaL_ref(lua, LUA_REGISTRYINDEX);
    if (luaL_loadbufferx(lua, piece->code, strlen(piece->code), "@story.lua", "t") != 0)
        lua_error(lua);
    lua_getfield(lua, LUA_REGISTRYINDEX, SANDBOX_ENVIRONMENT);
    lua_setfenv(lua, -2);
    lua_xmove(lua, piece->thread, 1);
    return 0;
}

static enum vm_outcome run(struct story *story, const char *code, char why[512])
{
    struct piece piece = {story, code, NULL};
    uint64_t budget_us = BUDGET_US;
    why[0] = 0;
    assert_int_equal(vm_protect(story->vm, push_piece, &piece, why), ERR_OK);
    enum vm_outcome outcome = vm_resume(story->vm, piece.thread, 0, budget_us, &budget_us);
    if (outcome != VM_DONE)
        vm_error_text(piece.thread, why, 512);
    return outcome;
}

void story_holds(struct story *story, const char *code)
{
    char why[512];
    enum vm_outcome outcome = run(story, code, why);
    if (outcome != VM_DONE)
        print_message("%s\n→ %s\n", code, why);
    assert_int_equal(outcome, VM_DONE);
}

void story_fails(struct story *story, const char *code, const char *text)
{
    char why[512];
    enum vm_outcome outcome = run(story, code, why);
    assert_true(outcome == VM_ERROR || outcome == VM_OUT_OF_MEMORY);
    if (!strstr(why, text))
        print_message("%s\n→ %s\n", code, why);
    assert_non_null(strstr(why, text));
}
