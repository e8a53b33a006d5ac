/* JSON for scripts: jansson values ⇄ Lua values, bounded before any work is done.

   Arrays stay arrays: a decoded array carries a marker metatable, so that [] is [] again; a plain empty table is {}.
   null is json.null (a light userdata). Integers past 2^53 become strings. Text must be valid UTF-8. */
#pragma once

#include <jansson.h>
#include <lua.h>

#include "base/err.h"
#include "base/slice.h"

#define SCRIPT_JSON_MAX_BYTES (256u << 10)
#define SCRIPT_JSON_MAX_DEPTH 32
#define SCRIPT_JSON_MAX_NODES 20000
#define SCRIPT_JSON_SAFE_INTEGER 9007199254740992LL /* 2^53 */
#define SCRIPT_JSON_ARRAY "moonline.json.array" /* the marker metatable's name in the registry */

/* Pure. ERR_BAD with `why` in plain words: too long, too deep, too many values, not JSON. */
must_use enum err script_json_parse(json_t **out, struct slice text, char why[160]);
/* Compact text with sorted keys (heap). ERR_FULL: over `max_bytes`. */
must_use enum err script_json_print(char **out, const json_t *value, size_t max_bytes);

/* May raise (stack, memory): call in protected mode, without the memory limit. */
void script_json_push(lua_State *lua, const json_t *value);
/* The Lua value at `index`; raises only before it takes anything. ERR_BAD with `why`: a function, a cycle, holes, … */
must_use enum err script_json_read(json_t **out, lua_State *lua, int index, char why[160]);
/* Marks the table on top of the stack as an array. */
void script_json_mark_array(lua_State *lua);
