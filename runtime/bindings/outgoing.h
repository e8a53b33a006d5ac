/* What a script asks of http, read from its table: { url, method, headers, body or json, timeout_ms }. */
#pragma once

#include <lua.h>

#include "bindings/secret.h"
#include "net/http.h"

#define OUTGOING_HEADERS_MAX 32

struct outgoing {
    struct http_options options; /* its texts stay anchored on the Lua stack */
    struct http_header
        headers[OUTGOING_HEADERS_MAX + 2]; /* and those that json and the trace bring */
    const struct secret *secrets[OUTGOING_HEADERS_MAX]; /* NULL: that header is a plain text */
    size_t secret_count;
};

/* From the table at index 1, which becomes all of the stack but for its texts. Raises. */
void outgoing_read(lua_State *lua, struct outgoing *outgoing);
/* The call's trace goes on at who is asked; a traceparent of the script's own stays. `text` "": there is none. */
void outgoing_name_trace(struct outgoing *outgoing, const char *text);
/* Makes that table of (url, options) or (url, value, options). Raises. */
void outgoing_make_get(lua_State *lua);
void outgoing_make_post(lua_State *lua);
