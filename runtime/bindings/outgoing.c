#include "bindings/outgoing.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "bindings/modules.h"

#define BODY_MAX_BYTES (256u << 10)
#define URL_MAX_BYTES 2048
#define TIMEOUT_MS 1500
#define TIMEOUT_MAX_MS 10000

static const char *const methods[] = {"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", NULL};

/* --- reading --- */

/* Pushes field `name` of the request table, so that its text stays anchored; NULL data: missing. Raises. */
static struct slice field(lua_State *lua, const char *name, size_t max_bytes, int is_line)
{
    lua_pushstring(lua, name);
    lua_rawget(lua, 1);
    if (lua_isnil(lua, -1))
        return (struct slice){NULL, 0};
    if (lua_type(lua, -1) != LUA_TSTRING)
        luaL_error(lua, "http.request: %s must be a text", name);
    return module_text(lua, lua_gettop(lua), max_bytes, is_line);
}

static const char *check_method(lua_State *lua)
{
    struct slice method = field(lua, "method", 10, 1);
    for (size_t i = 0; method.data && methods[i]; i++)
        if (slice_is(method, methods[i]))
            return methods[i];
    if (method.data)
        luaL_error(lua, "http.request: method '%s' is not known", method.data);
    return "GET";
}

/* Where a request ends, and whom it is for, is said by http alone: on a kept connection a wrong length would make the rest
   of one tenant's body the next tenant's request, and a host of the script's own would pass http.allow by. */
static bool is_reserved(struct slice name)
{
    static const char *const names[] = {"host", "content-length", "transfer-encoding", "connection",
        "keep-alive", "upgrade", "te", "trailer", "expect", "http2-settings"};
    bool is_one = strncasecmp(name.data, "proxy-", 6) == 0;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        is_one |= slice_is_nocase(name, names[i]);
    return is_one;
}

static bool is_header_name(struct slice name)
{
    static const char others[] = "!#$%&'*+-.^_`|~";
    for (size_t i = 0; i < name.len; i++)
        if (!isalnum((unsigned char)name.data[i]) && !strchr(others, name.data[i]))
            return false;
    return name.len > 0;
}

/* The name at `top` - 1, the value at `top`. A secret's value is filled in when the request goes out. */
static void check_header(
    lua_State *lua, int top, struct http_header *header, const struct secret **secret)
{
    *secret = secret_at(lua, top);
    if (lua_type(lua, top - 1) != LUA_TSTRING || (!*secret && lua_type(lua, top) != LUA_TSTRING))
        luaL_error(lua, "http.request: headers must be texts by name");
    struct slice name = module_text(lua, top - 1, 128, 1);
    if (!is_header_name(name))
        luaL_error(lua, "http.request: '%s' is no header name", name.data);
    if (is_reserved(name))
        luaL_error(lua, "http.request: header %s is not a script's to set", name.data);
    header->name = name.data;
    header->value = *secret ? NULL : module_text(lua, top, 4096, 1).data;
}

static void check_headers(lua_State *lua, struct outgoing *outgoing)
{
    lua_pushliteral(lua, "headers");
    lua_rawget(lua, 1);
    if (lua_isnil(lua, -1))
        return;
    int table = lua_gettop(lua);
    luaL_checktype(lua, table, LUA_TTABLE);
    for (lua_pushnil(lua); lua_next(lua, table); lua_pop(lua, 1)) {
        size_t at = outgoing->options.header_count++;
        if (at == OUTGOING_HEADERS_MAX)
            luaL_error(lua, "http.request: more than %d headers", OUTGOING_HEADERS_MAX);
        check_header(lua, lua_gettop(lua), &outgoing->headers[at], &outgoing->secrets[at]);
        outgoing->secret_count += outgoing->secrets[at] != NULL;
    }
}

static bool has_header(const struct outgoing *outgoing, const char *name)
{
    for (size_t i = 0; i < outgoing->options.header_count; i++)
        if (slice_is_nocase(slice_from(outgoing->headers[i].name), name))
            return true;
    return false;
}

static void check_body(lua_State *lua, struct outgoing *outgoing)
{
    struct http_options *options = &outgoing->options;
    options->body = field(lua, "body", BODY_MAX_BYTES, 0);
    lua_pushliteral(lua, "json");
    lua_rawget(lua, 1);
    if (lua_isnil(lua, -1))
        return;
    if (options->body.data)
        luaL_error(lua, "http.request: json or body, not both");
    module_push_json(lua, lua_gettop(lua), BODY_MAX_BYTES, "http.request: json");
    options->body.data = lua_tolstring(lua, -1, &options->body.len);
    if (!has_header(outgoing, "content-type"))
        outgoing->headers[options->header_count++] =
            (struct http_header){"Content-Type", "application/json"};
}

static unsigned check_timeout(lua_State *lua)
{
    lua_pushliteral(lua, "timeout_ms");
    lua_rawget(lua, 1);
    double timeout_ms = luaL_optnumber(lua, -1, TIMEOUT_MS);
    if (!(timeout_ms >= 1 && timeout_ms <= TIMEOUT_MAX_MS))
        luaL_error(lua, "http.request: timeout_ms must be from 1 to 10000");
    return (unsigned)timeout_ms;
}

void outgoing_read(lua_State *lua, struct outgoing *outgoing)
{
    *outgoing = (struct outgoing){0};
    struct http_options *options = &outgoing->options;
    luaL_checktype(lua, 1, LUA_TTABLE);
    lua_settop(lua, 1);
    options->url = field(lua, "url", URL_MAX_BYTES, 1).data;
    if (!options->url)
        luaL_error(lua, "http.request: url is missing");
    options->method = check_method(lua);
    check_headers(lua, outgoing);
    check_body(lua, outgoing);
    options->headers = outgoing->headers;
    unsigned timeout_ms = check_timeout(lua);
    options->connect_timeout_ms = options->first_byte_timeout_ms = timeout_ms;
    options->idle_timeout_ms = options->total_timeout_ms = timeout_ms;
}

void outgoing_name_trace(struct outgoing *outgoing, const char *text)
{
    struct http_options *options = &outgoing->options;
    if (text[0] && !has_header(outgoing, "traceparent"))
        outgoing->headers[options->header_count++] = (struct http_header){"traceparent", text};
}

/* --- making --- */

/* Pushes the request table: the url at 1, and what of the options at that index is meant for it. */
static void make(lua_State *lua, int options, const char *method)
{
    static const char *const passed_on[] = {"headers", "timeout_ms", NULL};
    luaL_checktype(lua, 1, LUA_TSTRING);
    if (!lua_isnoneornil(lua, options))
        luaL_checktype(lua, options, LUA_TTABLE);
    lua_settop(lua, options);
    lua_createtable(lua, 0, 5);
    for (size_t i = 0; passed_on[i] && lua_istable(lua, options); i++) {
        lua_pushstring(lua, passed_on[i]);
        lua_rawget(lua, options);
        lua_setfield(lua, -2, passed_on[i]);
    }
    lua_pushvalue(lua, 1);
    lua_setfield(lua, -2, "url");
    lua_pushstring(lua, method);
    lua_setfield(lua, -2, "method");
}

void outgoing_make_get(lua_State *lua)
{
    make(lua, 2, "GET");
    lua_replace(lua, 1);
}

void outgoing_make_post(lua_State *lua)
{
    make(lua, 3, "POST");
    lua_pushvalue(lua, 2);
    lua_setfield(lua, -2, lua_type(lua, 2) == LUA_TSTRING ? "body" : "json");
    lua_replace(lua, 1);
}
