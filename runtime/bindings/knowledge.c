/* knowledge.search(text, limit), and the search that runs before each prompt (script/knowledge.h). */
#include "script/knowledge.h"

#include <stdlib.h>
#include <string.h>

#include "bindings/modules.h"
#include "script/json.h"
#include "script/wait.h"
#include "store/knowledge.h"

#define LIMIT_DEFAULT 3
#define LIMIT_MAX 8
#define TIMEOUT_MS 1500
#define PIECE_MAX_BYTES 3000

/* One search: of a script's run, or before a prompt (`found` is set). */
struct search {
    struct query *query;
    struct script_run *run;
    uint64_t wait_id;
    const struct query_answer *answer; /* during on_answer */
    script_found_fn *found;
    void *found_owner;
};

static double number_of(struct slice text)
{
    char digits[40];
    slice_copy(text, digits, sizeof digits);
    return strtod(digits, NULL);
}

/* Whole characters. A passage is so many words long, and a word may be a picture in base64 or a page of Chinese. */
static struct slice cut(struct slice text)
{
    if (text.len <= PIECE_MAX_BYTES)
        return text;
    text.len = PIECE_MAX_BYTES;
    while (text.len && (text.data[text.len] & 0xc0) == 0x80)
        text.len--;
    return text;
}

/* [{"title", "text", "score"}]; NULL: no memory. */
static json_t *pieces_of(const struct rows *rows)
{
    json_t *pieces = json_array();
    for (size_t row = 0; pieces && row < rows_count(rows); row++) {
        struct slice title = rows_get(rows, row, 0), text = cut(rows_get(rows, row, 1));
        json_t *piece = json_pack("{s:s%, s:s%, s:f}", "title", title.data, title.len, "text",
            text.data, text.len, "score", number_of(rows_get(rows, row, 2)));
        if (!piece || json_array_append_new(pieces, piece) != 0) {
            json_decref(pieces);
            pieces = NULL;
        }
    }
    return pieces;
}

static enum err start(struct search *search, struct database *database, const struct agent *agent,
    struct slice words, unsigned limit, unsigned timeout_ms, query_fn *on_answer)
{
    const struct knowledge_question question = {.tenant_id = agent->tenant_id,
        .language = agent->language,
        .words = words,
        .script_json = agent->knowledge.pieces_json,
        .limit = limit,
        .timeout_ms = timeout_ms};
    return knowledge_search(&search->query, database, &question, on_answer, search);
}

static void stop(void *operation)
{
    struct search *search = operation;
    query_cancel(search->query);
    free(search);
}

/* ---- before a prompt ---- */

static void on_prompt_answer(void *owner, const struct query_answer *answer)
{
    struct search *search = owner;
    json_t *pieces = answer->err ? NULL : pieces_of(answer->rows);
    enum err err = answer->err ? answer->err : pieces ? ERR_OK : ERR_NOMEM;
    script_found_fn *found = search->found;
    void *found_owner = search->found_owner;
    free(search);
    found(found_owner, err, pieces);
}

static enum err search_for_prompt(void **out, void *owner, const struct agent *agent,
    struct slice words, unsigned timeout_ms, script_found_fn *found, void *found_owner)
{
    const struct bindings *bindings = owner;
    struct database *database = bindings->options.database;
    if (!database || !database_is_up(database))
        return ERR_UNREACHABLE; /* at once: the turn need not wait for what will not come */
    struct search *search = calloc(1, sizeof *search);
    if (!search)
        return ERR_NOMEM;
    search->found = found;
    search->found_owner = found_owner;
    enum err err =
        start(search, database, agent, words, agent->knowledge.limit, timeout_ms, on_prompt_answer);
    if (err)
        free(search);
    else
        *out = search;
    return err;
}

void knowledge_fill(struct script_knowledge *knowledge, struct bindings *bindings)
{
    *knowledge = (struct script_knowledge){search_for_prompt, stop, bindings};
}

/* ---- knowledge.search: enter ---- */

static void on_answer(void *owner, const struct query_answer *answer);

static int knowledge_search_text(lua_State *lua)
{
    struct slice words = module_text(lua, 1, KNOWLEDGE_WORDS_MAX_BYTES, 0);
    int limit = luaL_optint(lua, 2, LIMIT_DEFAULT);
    if (limit < 1 || limit > LIMIT_MAX)
        return luaL_argerror(lua, 2, "limit must be from 1 to 8");
    script_wait_check(lua, "knowledge.search");
    struct database *database = module_bindings(lua)->options.database;
    if (!database)
        return module_fail(lua, "unavailable", "there is no database");
    struct search *search = calloc(1, sizeof *search);
    if (!search)
        return module_fail(lua, err_name(ERR_NOMEM), "no memory");
    search->run = script_run_of(lua);
    enum err err = start(search, database, script_run_agent(search->run), words, (unsigned)limit,
        TIMEOUT_MS, on_answer);
    if (err) {
        free(search);
        return module_fail(lua, err_name(err), "the search could not be started");
    }
    search->wait_id = script_wait_begin(search->run, stop, search);
    return lua_yield(lua, 0);
}

/* ---- completed ---- */

static int push_answer(lua_State *lua, void *operation);

static void on_answer(void *owner, const struct query_answer *answer)
{
    struct search *search = owner;
    search->answer = answer;
    script_wait_end(search->run, search->wait_id, push_answer, search);
    free(search);
}

/* ---- resume; cancel is stop ---- */

static int push_answer(lua_State *lua, void *operation)
{
    const struct query_answer *answer = ((const struct search *)operation)->answer;
    if (answer->err)
        return module_fail(lua, err_name(answer->err), answer->why ? answer->why : "");
    json_t *pieces = pieces_of(answer->rows);
    if (!pieces)
        return module_fail(lua, err_name(ERR_NOMEM), "no memory");
    script_json_push(lua, pieces);
    json_decref(pieces);
    return 1;
}

void knowledge_install(lua_State *lua, struct bindings *bindings)
{
    static const luaL_Reg functions[] = {{"search", knowledge_search_text}, {NULL, NULL}};
    module_give(lua, "knowledge", functions, bindings);
}
