#pragma once

#include <lua.h>

/* A method of `call`; its first upvalue is the bindings. */
int call_hints(lua_State *lua);
