/* The named arguments of a host function, f{ name = … }: the table at index 1. All of these raise, with the function's
   and the field's name, when a script breaks the contract. json.null and "" are as good as nothing: a model fills fields
   that it knows nothing for. */
#pragma once

#include <lua.h>
#include <stdbool.h>
#include <stddef.h>

/* It is a table with no other names than these (NULL ends them): a slip of the pen is found at once. */
void fields_check(lua_State *lua, const char *function, const char *const names[]);
/* The same of what is a table already, and what is on the stack above it stays. */
void fields_check_names(lua_State *lua, const char *function, const char *const names[]);
/* Copied to `out`, valid UTF-8, without control characters when `is_line`; false: missing, and `out` is empty. */
bool fields_text(
    lua_State *lua, const char *function, const char *name, char *out, size_t size, bool is_line);
/* A whole number in the bounds, or `otherwise` when it is missing. */
unsigned fields_number(lua_State *lua, const char *function, const char *name, unsigned least,
    unsigned most, unsigned otherwise);
/* Pushes the field; false, and nothing pushed: it is missing. */
bool fields_push(lua_State *lua, const char *name);
/* True or false; missing: false. */
bool fields_flag(lua_State *lua, const char *function, const char *name);
/* Plain data by name, as JSON text on the heap of at most `max_bytes`; NULL: missing. Nothing is held when it raises. */
char *fields_data(lua_State *lua, const char *function, const char *name, size_t max_bytes);
