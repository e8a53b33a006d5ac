/* Whom a script's text may go to, whatever a model was talked into: the caller's own number, and those of the business's own
   country (profile.country). */
#pragma once

#include <lua.h>
#include <stdbool.h>

/* `number` as phone_number_read writes it. */
bool recipient_is_allowed(lua_State *lua, const char *number);
