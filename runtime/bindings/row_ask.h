/* A wait for one statement among the tenant's rows, or for several after each other: one wait of the script, one deadline
   in all. What a module keeps for it begins with this struct. */
#pragma once

#include <lua.h>

#include "script/wait.h"
#include "store/database.h"

#define ROW_ASK_TIMEOUT_MS 5000

struct row_ask;

struct row_ask_kind {
    /* An answer came, valid until the function returns. True: row_ask_send was called for another one. NULL: one answer
       is all. */
    bool (*go_on)(struct row_ask *ask, const struct query_answer *answer);
    /* Pushes the results for the script; `answer` is the last one. May raise. */
    int (*push)(lua_State *lua, struct row_ask *ask, const struct query_answer *answer);
    void (*destroy)(struct row_ask *ask); /* frees it */
};

struct row_ask {
    const struct row_ask_kind *kind;
    struct database *database;
    const char *tenant_id; /* outlives the wait: the VM's */
    uint64_t deadline_ms;
    struct script_run *run;
    uint64_t wait_id;
    struct query *query;
    const struct query_answer *answer; /* while it is pushed */
};

/* After script_wait_check. `ask` is heap memory, zeros but for what the module put behind it, and is destroyed when the
   wait is over or cannot begin; `begin` calls row_ask_send. Returns what the C function returns. */
int row_ask_wait(lua_State *lua, struct row_ask *ask, const struct row_ask_kind *kind,
    struct database *database, void (*begin)(struct row_ask *ask));
/* What cannot be sent is answered with "unavailable". */
void row_ask_send(
    struct row_ask *ask, const char *sql, const struct slice *params, size_t param_count);
/* Pushes nil, code, message of an answer that failed: "timeout", "unavailable", "not_saved"; "unknown_contact" where a row
   would point at a contact that is not the tenant's. */
int row_ask_fail(lua_State *lua, const struct query_answer *answer);

/* Whether these rows still fit into what a run may receive; false: nil, "limit", message are pushed. */
bool row_ask_may_give(lua_State *lua, struct row_ask *ask, const struct rows *rows);

/* A text that may be a row's id: 36 characters of a UUID. */
bool row_id_is_good(struct slice id);
struct slice row_text_or_null(const char *text); /* a parameter; an empty text is SQL's NULL */
