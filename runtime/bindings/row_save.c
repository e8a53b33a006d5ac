#include "bindings/row_save.h"

#include <stdlib.h>
#include <string.h>

#include "bindings/db_rows.h"
#include "bindings/modules.h"
#include "bindings/row_ask.h"

struct row_save_request {
    struct row_ask ask;
    struct row_save save; /* of the copies */
    char texts[];
};

static struct row_save_request *copy(const struct row_save *save)
{
    size_t bytes = 0;
    for (size_t i = 0; i < save->param_count; i++)
        bytes += save->params[i].len;
    struct row_save_request *request = calloc(1, sizeof *request + bytes + 1);
    if (!request)
        return NULL;
    char *at = request->texts;
    request->save = *save;
    for (size_t i = 0; i < save->param_count; i++) {
        struct slice *param = &request->save.params[i];
        if (!param->data)
            continue;
        memcpy(at, param->data, param->len);
        param->data = at;
        at += param->len;
    }
    return request;
}

static void begin(struct row_ask *ask)
{
    const struct row_save *save = &((const struct row_save_request *)ask)->save;
    row_ask_send(ask, save->sql, save->params, save->param_count);
}

static int push(lua_State *lua, struct row_ask *ask, const struct query_answer *answer)
{
    luaL_checkstack(lua, 10, "a row");
    if (answer->err)
        return row_ask_fail(lua, answer);
    if (!row_ask_may_give(lua, ask, answer->rows))
        return 3;
    db_rows_push_row(lua, answer->rows, 0);
    return 1;
}

static void destroy(struct row_ask *ask)
{
    free(ask);
}

int row_save_wait(lua_State *lua, const struct row_save *save)
{
    static const struct row_ask_kind kind = {NULL, push, destroy};
    struct database *database = module_bindings(lua)->options.database;
    if (!database)
        return module_fail(lua, "unavailable", "there is no database");
    struct row_save_request *request = copy(save);
    if (!request)
        return module_fail(lua, err_name(ERR_NOMEM), "no memory");
    return row_ask_wait(lua, &request->ask, &kind, database, begin);
}

struct slice row_save_call(lua_State *lua)
{
    struct slice id = slice_from(script_run_facts(script_run_of(lua))->call_id);
    return row_id_is_good(id) ? id : (struct slice){NULL, 0};
}

struct slice row_save_caller(lua_State *lua)
{
    return row_text_or_null(script_run_facts(script_run_of(lua))->caller);
}
