/* http.request{ … }, http.get(url, options), http.post(url, value, options): one request; the answer is read whole, at most
   256 KiB. agent.lua's `http` says which hosts may be asked. */
#include "net/http.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/strbuf.h"
#include "bindings/modules.h"
#include "bindings/outgoing.h"
#include "script/vm.h"
#include "script/wait.h"

#define ANSWER_MAX_BYTES (256u << 10)
#define ANSWER_METATABLE "moonline.http.answer"
#define SECRETS_MAX 4 /* in one request */

struct http_wait {
    struct script_run *run;
    uint64_t wait_id;
    struct http_call *call;
    struct allowance *allowance;
    int status;
    char content_type[128];
    struct strbuf body;
    enum err err;
    const char *why; /* during on_done */
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

/* Where it may go. A secret goes only where the tenant's own list says, and not in the clear. ERR_REFUSED, ERR_BAD with
   `why`. */
static enum err check_place(const struct bindings *bindings, const struct agent *agent,
    const struct outgoing *outgoing, char why[300])
{
    char host[HTTP_HOST_SIZE];
    bool is_secure, allows_plain = bindings->options.allow_private_http;
    snprintf(why, 300, "this is no URL that can be asked");
    if (http_host(outgoing->options.url, host, &is_secure))
        return ERR_BAD;
    snprintf(why, 300, "%s is not in http.allow of agent.lua", host);
    if (!agent_may_ask(agent, host))
        return ERR_REFUSED;
    if (!outgoing->secret_count)
        return ERR_OK;
    snprintf(
        why, 300, "a secret goes only to hosts in http.allow of agent.lua, and %s is not", host);
    if (!agent_lists_host(agent, host))
        return ERR_REFUSED;
    snprintf(why, 300, "a secret goes only to https, and %s is asked by http", host);
    if (!is_secure && !allows_plain)
        return ERR_REFUSED;
    snprintf(why, 300, "more than %d secrets in one request", SECRETS_MAX);
    return outgoing->secret_count <= SECRETS_MAX ? ERR_OK : ERR_BAD;
}

/* The values are in memory of ours for as long as starting takes. */
static enum err start_with_secrets(struct http_wait *wait, const struct bindings *bindings,
    const char *tenant, struct outgoing *outgoing, char why[300])
{
    char values[SECRETS_MAX][SECRET_HEADER_SIZE];
    size_t used = 0;
    enum err err = ERR_OK;
    for (size_t i = 0; !err && used < outgoing->secret_count; i++) {
        if (!outgoing->secrets[i])
            continue;
        err = secret_header(
            outgoing->secrets[i], bindings->options.secrets_path, tenant, values[used], why);
        outgoing->headers[i].value = values[used++];
    }
    if (!err)
        err = http_start(&wait->call, bindings->options.loop, &outgoing->options, &listener, wait);
    explicit_bzero(values, sizeof values);
    return err;
}

static void free_wait(struct http_wait *wait);

static enum err start(
    struct http_wait **out, lua_State *lua, struct outgoing *outgoing, char why[300])
{
    const struct bindings *bindings = module_bindings(lua);
    struct http_wait *wait = calloc(1, sizeof *wait);
    snprintf(why, 300, "the request could not be started");
    if (!wait)
        return ERR_NOMEM;
    strbuf_init(&wait->body, ANSWER_MAX_BYTES);
    outgoing->options.max_body_bytes = ANSWER_MAX_BYTES;
    outgoing->options.allow_private = bindings->options.allow_private_http;
    enum err err =
        outgoing->secret_count
            ? start_with_secrets(wait, bindings, script_tenant(lua), outgoing, why)
            : http_start(&wait->call, bindings->options.loop, &outgoing->options, &listener, wait);
    if (err)
        free_wait(wait);
    else
        *out = wait;
    return err;
}

static void http_cancel_wait(void *operation);

/* The request table is at index 1. */
static int ask(lua_State *lua, const char *function_name)
{
    struct bindings *bindings = module_bindings(lua);
    struct outgoing outgoing;
    struct http_wait *wait;
    const char *limit;
    char why[300];
    outgoing_read(lua, &outgoing);
    script_wait_check(lua, function_name);
    struct script_run *run = script_run_of(lua);
    outgoing_name_trace(&outgoing, script_run_traceparent(run));
    enum err err = check_place(bindings, script_run_agent(run), &outgoing, why);
    if (err)
        return module_fail(lua, err_name(err), why);
    struct allowance *allowance = allowance_take(
        &bindings->allowances, script_tenant(lua), ALLOWANCE_HTTP, clock_ms(), &limit);
    if (!allowance)
        return module_fail(lua, "limit", limit);
    err = start(&wait, lua, &outgoing, why);
    if (err) {
        allowance_give_back(allowance);
        return module_fail(lua, err_name(err), why);
    }
    wait->allowance = allowance;
    wait->run = run;
    wait->wait_id = script_wait_begin(run, http_cancel_wait, wait);
    return lua_yield(lua, 0);
}

static int http_request(lua_State *lua)
{
    return ask(lua, "http.request");
}

static int http_get(lua_State *lua)
{
    outgoing_make_get(lua);
    return ask(lua, "http.get");
}

static int http_post(lua_State *lua)
{
    outgoing_make_post(lua);
    return ask(lua, "http.post");
}

/* --- completed --- */

static int push_answer(lua_State *lua, void *operation);

static void free_wait(struct http_wait *wait)
{
    if (wait->allowance)
        allowance_give_back(wait->allowance);
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
    if (!script_run_may_receive(wait->run, wait->body.len))
        return module_fail(lua, "limit", MODULE_RECEIVED_ENOUGH);
    lua_createtable(lua, 0, 3);
    lua_pushinteger(lua, wait->status);
    lua_setfield(lua, -2, "status");
    lua_pushstring(lua, wait->content_type);
    lua_setfield(lua, -2, "content_type");
    lua_pushlstring(lua, wait->body.data ? wait->body.data : "", wait->body.len);
    lua_setfield(lua, -2, "body");
    luaL_getmetatable(lua, ANSWER_METATABLE);
    lua_setmetatable(lua, -2);
    return 1;
}

static int answer_json(lua_State *lua)
{
    luaL_checktype(lua, 1, LUA_TTABLE);
    lua_pushliteral(lua, "body");
    lua_rawget(lua, 1);
    size_t len;
    const char *body = luaL_checklstring(lua, -1, &len);
    return json_push(lua, (struct slice){body, len});
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
    static const luaL_Reg functions[] = {
        {"request", http_request}, {"get", http_get}, {"post", http_post}, {NULL, NULL}};
    luaL_newmetatable(lua, ANSWER_METATABLE);
    lua_newtable(lua);
    lua_pushcfunction(lua, answer_json);
    lua_setfield(lua, -2, "json");
    lua_setfield(lua, -2, "__index");
    lua_pushboolean(lua, 0);
    lua_setfield(lua, -2, "__metatable");
    lua_pop(lua, 1);
    module_give(lua, "http", functions, bindings);
}
