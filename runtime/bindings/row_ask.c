#include "bindings/row_ask.h"

#include <ctype.h>
#include <string.h>

#include "base/clock.h"
#include "bindings/db_rows.h"
#include "bindings/modules.h"

#define FOREIGN_KEY "23503"

static void on_answer(void *owner, const struct query_answer *answer);
static void cancel_wait(void *operation);

/* --- enter --- */

void row_ask_send(
    struct row_ask *ask, const char *sql, const struct slice *params, size_t param_count)
{
    uint64_t now_ms = clock_ms();
    unsigned left_ms = ask->deadline_ms > now_ms ? (unsigned)(ask->deadline_ms - now_ms) : 1;
    enum err err = database_tenant_own_query(&ask->query, ask->database, ask->tenant_id, sql,
        params, param_count, left_ms, on_answer, ask);
    if (err)
        ask->query = NULL;
}

int row_ask_wait(lua_State *lua, struct row_ask *ask, const struct row_ask_kind *kind,
    struct database *database, void (*begin)(struct row_ask *ask))
{
    ask->kind = kind;
    ask->database = database;
    ask->tenant_id = script_tenant(lua);
    ask->deadline_ms = clock_ms() + ROW_ASK_TIMEOUT_MS;
    begin(ask);
    if (!ask->query) {
        kind->destroy(ask);
        return module_fail(lua, "unavailable", "the database cannot be asked now");
    }
    ask->run = script_run_of(lua);
    ask->wait_id = script_wait_begin(ask->run, cancel_wait, ask);
    return lua_yield(lua, 0);
}

/* --- completed --- */

static int push(lua_State *lua, void *operation)
{
    struct row_ask *ask = operation;
    return ask->kind->push(lua, ask, ask->answer);
}

static void on_answer(void *owner, const struct query_answer *answer)
{
    struct row_ask *ask = owner;
    static const struct query_answer unsent = {
        .err = ERR_FULL, .why = "the database cannot be asked now"};
    ask->query = NULL;
    ask->answer = answer;
    if (ask->kind->go_on && ask->kind->go_on(ask, answer)) {
        if (ask->query)
            return;
        ask->answer = &unsent;
    }
    script_wait_end(ask->run, ask->wait_id, push, ask);
    ask->kind->destroy(ask);
}

/* --- resume --- */

int row_ask_fail(lua_State *lua, const struct query_answer *answer)
{
    const char *why = answer->why ? answer->why : "";
    switch (answer->err) {
    case ERR_TIMEOUT:
        return module_fail(lua, "timeout", "the database did not answer in time");
    case ERR_REFUSED:
        if (strcmp(answer->sqlstate, FOREIGN_KEY) == 0)
            return module_fail(lua, "unknown_contact", "there is no such contact");
        return module_fail(lua, "not_saved", why);
    case ERR_OK:
    case ERR_NOMEM:
    case ERR_FULL:
    case ERR_BAD:
    case ERR_CLOSED:
    case ERR_UNREACHABLE:
    case ERR_NOT_FOUND:
    case ERR_SYSTEM:
        break;
    }
    return module_fail(lua, "unavailable", why);
}

bool row_ask_may_give(lua_State *lua, struct row_ask *ask, const struct rows *rows)
{
    bool may_give = script_run_may_receive(ask->run, db_rows_bytes(rows));
    if (!may_give)
        module_fail(lua, "limit", MODULE_RECEIVED_ENOUGH);
    return may_give;
}

/* --- cancel --- */

static void cancel_wait(void *operation)
{
    struct row_ask *ask = operation;
    query_cancel(ask->query);
    ask->kind->destroy(ask);
}

bool row_id_is_good(struct slice id)
{
    for (size_t i = 0; i < id.len; i++) {
        bool is_dash = i == 8 || i == 13 || i == 18 || i == 23;
        if (is_dash ? id.data[i] != '-' : !isxdigit((unsigned char)id.data[i]))
            return false;
    }
    return id.len == 36;
}

struct slice row_text_or_null(const char *text)
{
    return text && text[0] ? slice_from(text) : (struct slice){NULL, 0};
}
