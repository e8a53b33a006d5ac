/* db.query(sql, …): one statement in the tenant's own world of rows. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "bindings/db_rows.h"
#include "bindings/modules.h"
#include "script/json.h"
#include "script/wait.h"

#define SQL_MAX_BYTES (16u << 10)
#define PARAMS_MAX 64
#define TIMEOUT_MS 5000

struct db_wait {
    struct script_run *run;
    uint64_t wait_id;
    struct query *query;
    const struct query_answer *answer; /* during on_answer */
};

static void on_answer(void *owner, const struct query_answer *answer);

/* --- enter --- */

/* Replaces the table at `index` with its JSON text. */
static void table_to_text(lua_State *lua, int index)
{
    char what[40];
    snprintf(what, sizeof what, "db.query: parameter %d", index - 1);
    module_push_json(lua, index, SCRIPT_JSON_MAX_BYTES, what);
    lua_replace(lua, index);
}

static void number_to_text(lua_State *lua, int index)
{
    char text[64];
    double number = lua_tonumber(lua, index);
    if (!isfinite(number))
        luaL_error(lua, "db.query: parameter %d is not a finite number", index - 1);
    snprintf(text, sizeof text, number == floor(number) && fabs(number) < 1e15 ? "%.0f" : "%.17g",
        number);
    lua_pushstring(lua, text);
    lua_replace(lua, index);
}

/* Values become text in their own stack slots, which keep them alive until the query has its copy. */
static struct slice param_text(lua_State *lua, int index)
{
    size_t len;
    switch (lua_type(lua, index)) {
    case LUA_TNIL:
        return (struct slice){NULL, 0};
    case LUA_TBOOLEAN:
        return lua_toboolean(lua, index) ? SLICE("true") : SLICE("false");
    case LUA_TNUMBER:
        number_to_text(lua, index);
        break;
    case LUA_TTABLE:
        table_to_text(lua, index);
        break;
    case LUA_TSTRING:
        break;
    case LUA_TLIGHTUSERDATA:
        if (!lua_touserdata(lua, index))
            return (struct slice){NULL, 0}; /* json.null */
        /* fall through */
    default:
        luaL_error(lua, "db.query: parameter %d is a %s", index - 1, luaL_typename(lua, index));
    }
    const char *text = lua_tolstring(lua, index, &len);
    return (struct slice){text, len};
}

static void db_cancel_wait(void *operation);

static int db_query(lua_State *lua)
{
    struct slice params[PARAMS_MAX], sql = module_text(lua, 1, SQL_MAX_BYTES, 0);
    int count = lua_gettop(lua) - 1;
    if (count > PARAMS_MAX)
        return luaL_error(lua, "db.query: more than %d parameters", PARAMS_MAX);
    for (int i = 0; i < count; i++)
        params[i] = param_text(lua, i + 2);
    script_wait_check(lua, "db.query");
    struct database *database = module_bindings(lua)->options.database;
    if (!database)
        return module_fail(lua, "unavailable", "there is no database");
    struct db_wait *wait = calloc(1, sizeof *wait);
    if (!wait)
        return module_fail(lua, err_name(ERR_NOMEM), "no memory");
    enum err err = database_tenant_query(&wait->query, database, script_tenant(lua), sql.data,
        params, (size_t)count, TIMEOUT_MS, on_answer, wait);
    if (err) {
        free(wait);
        return module_fail(lua, err_name(err), "the query could not be started");
    }
    wait->run = script_run_of(lua);
    wait->wait_id = script_wait_begin(wait->run, db_cancel_wait, wait);
    return lua_yield(lua, 0);
}

/* --- completed --- */

static int push_answer(lua_State *lua, void *operation);

static void on_answer(void *owner, const struct query_answer *answer)
{
    struct db_wait *wait = owner;
    wait->answer = answer;
    script_wait_end(wait->run, wait->wait_id, push_answer, wait);
    free(wait);
}

/* --- resume --- */

static int push_answer(lua_State *lua, void *operation)
{
    const struct db_wait *wait = operation;
    const struct query_answer *answer = wait->answer;
    if (answer->err) {
        bool has_state = answer->err == ERR_REFUSED && answer->sqlstate[0];
        return module_fail(lua, has_state ? answer->sqlstate : err_name(answer->err),
            answer->why ? answer->why : "");
    }
    size_t bytes = db_rows_bytes(answer->rows);
    if (rows_count(answer->rows) > DB_ROWS_MAX || bytes > DB_ROWS_MAX_BYTES)
        return module_fail(lua, "too_large", "more than 1000 rows or 256 KiB");
    if (!script_run_may_receive(wait->run, bytes))
        return module_fail(lua, "limit", MODULE_RECEIVED_ENOUGH);
    db_rows_push(lua, answer->rows);
    return 1;
}

/* --- cancel --- */

static void db_cancel_wait(void *operation)
{
    struct db_wait *wait = operation;
    query_cancel(wait->query);
    free(wait);
}

void db_install(lua_State *lua, struct bindings *bindings)
{
    static const luaL_Reg functions[] = {{"query", db_query}, {NULL, NULL}};
    module_give(lua, "db", functions, bindings);
}
