/* The tenant's `profile` for host functions: what they need to know of the business. */
#pragma once

#include <lua.h>

#include "base/slice.h"

/* Pushes the profile; raises when agent.lua has none. */
void profile_push(lua_State *lua, const char *function);
/* A text of the profile on top of the stack, which keeps it; NULL data: there is none of that name. */
struct slice profile_text(lua_State *lua, const char *name);
/* Its country ("US" when it names none), by which national telephone numbers are read. */
struct slice profile_country(lua_State *lua);
