/* kv.get, kv.set, kv.add, kv.delete: small values of a tenant, shared by its calls and by all nodes. */
#include "store/kv.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bindings/modules.h"
#include "script/json.h"
#include "script/vm.h"
#include "script/wait.h"

#define KEY_MAX_BYTES 128
#define VALUE_MAX_BYTES (16u << 10)
#define TTL_MAX_S (366 * 86400.0)
#define NUMBER_SIZE 32
#define TIMEOUT_MS 2000

struct kv_wait {
    struct script_run *run;
    uint64_t wait_id;
    struct query *query;
    enum kv_operation operation;
    const struct query_answer *answer; /* during on_answer */
};

static void on_answer(void *owner, const struct query_answer *answer);

/* --- enter --- */

static struct slice check_key(lua_State *lua)
{
    struct slice key = module_text(lua, 1, KEY_MAX_BYTES, 1);
    const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.:/+@";
    if (!key.len || strspn(key.data, plain) != key.len)
        luaL_argerror(lua, 1, "a key is made of letters, digits and _-.:/+@");
    return key;
}

/* Replaces the value at `index` with its JSON. False: `why` says what is wrong with it. */
static bool to_json(lua_State *lua, int index, char why[160])
{
    char *text = NULL;
    json_t *value = NULL;
    luaL_checkstack(lua, SCRIPT_JSON_MAX_DEPTH * 3 + 16, "kv.set");
    bool was_limited = vm_lift_limit(lua);
    enum err err = script_json_read(&value, lua, index, why);
    if (!err) {
        err = script_json_print(&text, value, VALUE_MAX_BYTES);
        if (err)
            snprintf(why, 160, "%s", err == ERR_FULL ? "longer than 16 KiB" : err_name(err));
    }
    json_decref(value);
    if (!err)
        lua_pushstring(lua, text);
    free(text);
    vm_restore_limit(lua, was_limited);
    if (!err)
        lua_replace(lua, index);
    return !err;
}

static struct slice text_at(lua_State *lua, int index)
{
    size_t len;
    const char *text = lua_tolstring(lua, index, &len);
    return (struct slice){text, len};
}

/* { ttl_s = 60 } at `index`, as text in `out`; NULL data: for ever. */
static struct slice check_ttl(lua_State *lua, int index, char out[NUMBER_SIZE])
{
    if (lua_isnoneornil(lua, index))
        return (struct slice){NULL, 0};
    luaL_checktype(lua, index, LUA_TTABLE);
    lua_pushliteral(lua, "ttl_s");
    lua_rawget(lua, index);
    if (lua_isnil(lua, -1))
        return (struct slice){NULL, 0};
    double ttl_s = lua_type(lua, -1) == LUA_TNUMBER ? lua_tonumber(lua, -1) : 0;
    if (!(ttl_s > 0 && ttl_s <= TTL_MAX_S))
        luaL_argerror(lua, index, "ttl_s must be a number of seconds, a year at most");
    snprintf(out, NUMBER_SIZE, "%.3f", ttl_s);
    return slice_from(out);
}

static void kv_cancel_wait(void *operation);

static int ask(lua_State *lua, struct kv_request *request)
{
    struct database *database = module_bindings(lua)->options.database;
    if (!database)
        return module_fail(lua, "unavailable", "there is no database");
    struct kv_wait *wait = calloc(1, sizeof *wait);
    if (!wait)
        return module_fail(lua, err_name(ERR_NOMEM), "no memory");
    request->tenant_id = script_tenant(lua);
    enum err err = kv_ask(&wait->query, database, request, TIMEOUT_MS, on_answer, wait);
    if (err) {
        free(wait);
        return module_fail(lua, err_name(err), "the database could not be asked");
    }
    wait->operation = request->operation;
    wait->run = script_run_of(lua);
    wait->wait_id = script_wait_begin(wait->run, kv_cancel_wait, wait);
    return lua_yield(lua, 0);
}

static int kv_get(lua_State *lua)
{
    struct kv_request request = {.operation = KV_GET, .key = check_key(lua)};
    script_wait_check(lua, "kv.get");
    return ask(lua, &request);
}

static int kv_set(lua_State *lua)
{
    char ttl[NUMBER_SIZE], why[160];
    struct kv_request request = {.operation = KV_SET, .key = check_key(lua)};
    if (lua_isnoneornil(lua, 2))
        luaL_argerror(lua, 2, "value expected: kv.delete takes a key away");
    request.ttl_s = check_ttl(lua, 3, ttl);
    script_wait_check(lua, "kv.set");
    if (!to_json(lua, 2, why))
        return module_fail(lua, "bad_value", why);
    request.value = text_at(lua, 2);
    return ask(lua, &request);
}

static int kv_add(lua_State *lua)
{
    char ttl[NUMBER_SIZE], number[NUMBER_SIZE];
    struct kv_request request = {.operation = KV_ADD, .key = check_key(lua)};
    double by = luaL_optnumber(lua, 2, 1);
    if (!(fabs(by) <= (double)SCRIPT_JSON_SAFE_INTEGER))
        luaL_argerror(lua, 2, "a number up to 2^53 expected");
    request.ttl_s = check_ttl(lua, 3, ttl);
    snprintf(number, sizeof number, by == floor(by) ? "%.0f" : "%.17g", by);
    request.value = slice_from(number);
    script_wait_check(lua, "kv.add");
    return ask(lua, &request);
}

static int kv_delete(lua_State *lua)
{
    struct kv_request request = {.operation = KV_DELETE, .key = check_key(lua)};
    script_wait_check(lua, "kv.delete");
    return ask(lua, &request);
}

/* --- completed --- */

static int push_answer(lua_State *lua, void *operation);

static void on_answer(void *owner, const struct query_answer *answer)
{
    struct kv_wait *wait = owner;
    wait->answer = answer;
    script_wait_end(wait->run, wait->wait_id, push_answer, wait);
    free(wait);
}

/* --- resume --- */

static int push_failure(lua_State *lua, const struct query_answer *answer)
{
    if (answer->err == ERR_REFUSED && strcmp(answer->sqlstate, "22023") == 0)
        return module_fail(lua, "not_a_number", "the value of that key is no number");
    bool has_state = answer->err == ERR_REFUSED && answer->sqlstate[0];
    return module_fail(
        lua, has_state ? answer->sqlstate : err_name(answer->err), answer->why ? answer->why : "");
}

static int push_value(lua_State *lua, struct script_run *run, struct slice text)
{
    char why[160];
    json_t *value;
    if (!script_run_may_receive(run, text.len))
        return module_fail(lua, "limit", MODULE_RECEIVED_ENOUGH);
    if (script_json_parse(&value, text, why))
        return module_fail(lua, "bad_value", why);
    script_json_push(lua, value);
    json_decref(value);
    return 1;
}

/* A sum past what an integer holds exactly is still a number. */
static int push_sum(lua_State *lua, struct slice text)
{
    char digits[NUMBER_SIZE * 2];
    slice_copy(text, digits, sizeof digits);
    lua_pushnumber(lua, strtod(digits, NULL));
    return 1;
}

static int push_answer(lua_State *lua, void *operation)
{
    const struct kv_wait *wait = operation;
    if (wait->answer->err)
        return push_failure(lua, wait->answer);
    const struct rows *rows = wait->answer->rows;
    bool has_row = rows_count(rows) > 0;
    switch (wait->operation) {
    case KV_GET:
        return has_row ? push_value(lua, wait->run, rows_get(rows, 0, 0))
                       : module_fail(lua, "not_found", "there is no such key");
    case KV_ADD:
        if (has_row)
            return push_sum(lua, rows_get(rows, 0, 0));
        break;
    case KV_SET:
        if (has_row) {
            lua_pushboolean(lua, 1);
            return 1;
        }
        break;
    case KV_DELETE:
        lua_pushboolean(lua, has_row && slice_is(rows_get(rows, 0, 0), "t"));
        return 1;
    }
    return module_fail(lua, "full", "the tenant has 10000 keys: delete some, or give them a ttl_s");
}

/* --- cancel --- */

static void kv_cancel_wait(void *operation)
{
    struct kv_wait *wait = operation;
    query_cancel(wait->query);
    free(wait);
}

void kv_install(lua_State *lua, struct bindings *bindings)
{
    static const luaL_Reg functions[] = {
        {"get", kv_get}, {"set", kv_set}, {"add", kv_add}, {"delete", kv_delete}, {NULL, NULL}};
    module_give(lua, "kv", functions, bindings);
}
