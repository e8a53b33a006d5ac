/* The answers of the module `calendar` as Lua values. */
#pragma once

#include "bindings/calendar_request.h"

/* For row_ask_kind: what the request came to, by the database's last answer. */
int calendar_push(lua_State *lua, struct row_ask *ask, const struct query_answer *answer);
/* The same without a database: hours, is_open, and why an appointment cannot be. */
int calendar_push_alone(lua_State *lua, const struct calendar_request *request);
