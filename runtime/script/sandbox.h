/* The environment tenant code lives in. It is given name by name, not stripped: what is not on the list in sandbox.c
   does not exist. Reading or making any other global is an error, so a typing mistake is found at once. */
#pragma once

#include <lua.h>

#define SANDBOX_ENVIRONMENT "moonline.environment" /* its name in the registry */

/* Builds the environment in a fresh state. May raise: call in protected mode. */
void sandbox_open(lua_State *lua);
/* Sets environment[name] to the value on top of the stack and pops it. May raise. */
void sandbox_give(lua_State *lua, const char *name);
