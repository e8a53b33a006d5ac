/* What a script asks of http, read from its table: { url, method, headers, body or json, timeout_ms }. */
#pragma once

#include <lua.h>

#include "bindings/secret.h"
#include "net/http.h"

#define OUTGOING_HEADERS_MAX 32

struct outgoing {
    struct http_options options; /* its texts stay anchored on the Lua stack */
    struct http_header headers[OUTGOING_HEADERS_MAX + 1]; /* and the one that json brings */
    const struct secret *secrets[OUTGOING_HEADERS_MAX];   /* NULL: that header is a plain text */
    size_t secret_count;
};

/* From the table at index 1, which becomes all of the stack but for its texts. Raises. */
void outgoing_read(lua_State *lua, struct outgoing *outgoing);
/* Makes that table of (url, options) or (url, value, options). Raises. */
void outgoing_make_get(lua_State *lua);
void outgoing_make_post(lua_State *lua);
