/* http.request{ url, method, headers, body, timeout_ms }: one request; the answer is read whole, at most 256 KiB. */
#include "net/http.h"

#include <stdlib.h>
#include <string.h>

#include "base/strbuf.h"
#include "bindings/modules.h"
#include "script/vm.h"
#include "script/wait.h"

#define ANSWER_MAX_BYTES (256u << 10)
#define BODY_MAX_BYTES (256u << 10)
#define URL_MAX_BYTES 2048
#define HEADERS_MAX 32
#define TIMEOUT_MS 1500
#define TIMEOUT_MAX_MS 10000

struct http_wait {
    struct script_run *run;
    uint64_t wait_id;
    struct http_call *call;
    int status;
    char content_type[128];
    struct strbuf body;
    enum err err;
    const char *why; /* during on_done */
};

struct request {
    struct http_options options;
    struct http_header headers[HEADERS_MAX];
};

static void on_status(void *owner, int status, struct slice content_type, unsigned retry_after_ms)
{
    struct http_wait *wait = owner;
    wait->status = status;
    slice_copy(content_type, wait->content_type, sizeof wait->content_type);
}

static void on_body(void *owner, struct slice data)
{
    struct http_wait *wait = owner;
    strbuf_add_slice(&wait->body, data);
}

static void on_done(void *owner, enum err err, const char *why);
static const struct http_listener listener = {on_status, on_body, on_done};

/* --- enter --- */

static const char *const methods[] = {"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", NULL};

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

static void check_headers(lua_State *lua, struct request *request)
{
    lua_pushliteral(lua, "headers");
    lua_rawget(lua, 1);
    if (lua_isnil(lua, -1))
        return;
    int table = lua_gettop(lua);
    luaL_checktype(lua, table, LUA_TTABLE);
    for (lua_pushnil(lua); lua_next(lua, table); lua_pop(lua, 1)) {
        size_t count = request->options.header_count++;
        if (count == HEADERS_MAX)
            luaL_error(lua, "http.request: more than %d headers", HEADERS_MAX);
        if (lua_type(lua, -2) != LUA_TSTRING || lua_type(lua, -1) != LUA_TSTRING)
            luaL_error(lua, "http.request: headers must be texts by name");
        int top = lua_gettop(lua);
        struct slice name = module_text(lua, top - 1, 128, 1),
                     value = module_text(lua, top, 4096, 1);
        if (name.len == 0 || strpbrk(name.data, ": \t"))
            luaL_error(lua, "http.request: '%s' is no header name", name.data);
        request->headers[count] = (struct http_header){name.data, value.data};
    }
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

static void check_request(lua_State *lua, struct request *request)
{
    luaL_checktype(lua, 1, LUA_TTABLE);
    lua_settop(lua, 1);
    request->options.url = field(lua, "url", URL_MAX_BYTES, 1).data;
    if (!request->options.url)
        luaL_error(lua, "http.request: url is missing");
    request->options.method = check_method(lua);
    request->options.body = field(lua, "body", BODY_MAX_BYTES, 0);
    check_headers(lua, request);
    unsigned timeout_ms = check_timeout(lua);
    request->options.headers = request->headers;
    request->options.connect_timeout_ms = request->options.first_byte_timeout_ms = timeout_ms;
    request->options.idle_timeout_ms = request->options.total_timeout_ms = timeout_ms;
    request->options.max_body_bytes = ANSWER_MAX_BYTES;
    request->options.allow_private = module_bindings(lua)->options.allow_private_http;
}

static void http_cancel_wait(void *operation);

static int http_request(lua_State *lua)
{
    struct request request = {0};
    check_request(lua, &request);
    script_wait_check(lua, "http.request");
    struct http_wait *wait = calloc(1, sizeof *wait);
    if (!wait)
        return module_fail(lua, err_name(ERR_NOMEM), "no memory");
    strbuf_init(&wait->body, ANSWER_MAX_BYTES);
    enum err err = http_start(
        &wait->call, module_bindings(lua)->options.loop, &request.options, &listener, wait);
    if (err) {
        free(wait);
        return module_fail(lua, err_name(err), "the request could not be started");
    }
    wait->run = script_run_of(lua);
    wait->wait_id = script_wait_begin(wait->run, http_cancel_wait, wait);
    return lua_yield(lua, 0);
}

/* --- completed --- */

static int push_answer(lua_State *lua, void *operation);

static void free_wait(struct http_wait *wait)
{
    strbuf_free(&wait->body);
    free(wait);
}

static void on_done(void *owner, enum err err, const char *why)
{
    struct http_wait *wait = owner;
    wait->err = err ? err : wait->body.failed ? ERR_FULL : ERR_OK;
    wait->why = why && why[0] ? why : "the answer is longer than 256 KiB";
    script_wait_end(wait->run, wait->wait_id, push_answer, wait);
    free_wait(wait);
}

/* --- resume --- */

static int push_answer(lua_State *lua, void *operation)
{
    const struct http_wait *wait = operation;
    if (wait->err)
        return module_fail(lua, err_name(wait->err), wait->why);
    lua_createtable(lua, 0, 3);
    lua_pushinteger(lua, wait->status);
    lua_setfield(lua, -2, "status");
    lua_pushstring(lua, wait->content_type);
    lua_setfield(lua, -2, "content_type");
    lua_pushlstring(lua, wait->body.data ? wait->body.data : "", wait->body.len);
    lua_setfield(lua, -2, "body");
    return 1;
}

/* --- cancel --- */

static void http_cancel_wait(void *operation)
{
    struct http_wait *wait = operation;
    http_cancel(wait->call);
    free_wait(wait);
}

void http_install(lua_State *lua, struct bindings *bindings)
{
    static const luaL_Reg functions[] = {{"request", http_request}, {NULL, NULL}};
    module_give(lua, "http", functions, bindings);
}
