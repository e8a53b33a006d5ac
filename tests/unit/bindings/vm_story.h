/* A piece of Lua run with all host modules in place, as while a version loads: nothing can wait. */
#pragma once

#include "bindings/modules.h"
#include "script/vm.h"

struct story {
    struct net_loop *loop;
    struct bindings *bindings;
    struct vm *vm;
};

int story_setup(void **state);
int story_teardown(void **state);
/* Runs the code; it must end well (its own asserts hold). */
void story_holds(struct story *story, const char *code);
/* Runs the code; it must raise an error that contains `text`. */
void story_fails(struct story *story, const char *code, const char *text);
