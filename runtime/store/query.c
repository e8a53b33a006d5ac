#include <stdlib.h>
#include <string.h>

#include "store/internal.h"

static char *put(char **at, struct slice text)
{
    char *start = *at;
    if (text.len)
        memcpy(start, text.data, text.len);
    start[text.len] = '\0';
    *at += text.len + 1;
    return start;
}

static bool is_text(const struct slice *params, size_t param_count)
{
    for (size_t i = 0; i < param_count; i++) {
        if (params[i].data && memchr(params[i].data, '\0', params[i].len))
            return false;
    }
    return true;
}

enum err query_make(struct query **out, struct database *database, const char *tenant_id,
    const char *sql, const struct slice *params, size_t param_count, const char *why)
{
    if (!is_text(params, param_count))
        return ERR_BAD; /* Postgres has no text with a zero byte in it */
    size_t head = sizeof(struct query) + param_count * sizeof(char *);
    size_t size = head + strlen(sql) + 1;
    size += (tenant_id ? strlen(tenant_id) + 1 : 0) + (why ? strlen(why) + 1 : 0);
    for (size_t i = 0; i < param_count; i++)
        size += params[i].len + 1;
    struct query *query = calloc(1, size);
    if (!query)
        return ERR_NOMEM;
    char *at = (char *)query + head;
    query->database = database;
    query->sql = put(&at, slice_from(sql));
    query->tenant_id = tenant_id ? put(&at, slice_from(tenant_id)) : NULL;
    query->why = why ? put(&at, slice_from(why)) : NULL;
    query->param_count = param_count;
    for (size_t i = 0; i < param_count; i++)
        query->params[i] = params[i].data ? put(&at, params[i]) : NULL;
    *out = query;
    return ERR_OK;
}

void query_free(struct query *query)
{
    net_timer_destroy(query->timer);
    PQclear(query->result);
    free(query);
}

static bool is_failure(const PGresult *result)
{
    switch ((int)PQresultStatus(result)) {
    case PGRES_TUPLES_OK:
    case PGRES_COMMAND_OK:
        return false;
    default:
        return true;
    }
}

/* The group's first error counts, else its last answer. */
void query_keep_take(struct query *query, PGresult *result)
{
    if (query->result && is_failure(query->result)) {
        PQclear(result);
        return;
    }
    PQclear(query->result);
    query->result = result;
}

static const char *sqlstate(const struct query *query)
{
    const char *state = PQresultErrorField(query->result, PG_DIAG_SQLSTATE);
    return state ? state : "";
}

/* Class 40: the server rolled the transaction back for the sake of others (a deadlock), so nothing
   happened and the one statement can simply run again. */
bool query_may_run_again(const struct query *query)
{
    return query->fn && query->result && is_failure(query->result) &&
           !strncmp(sqlstate(query), "40", 2);
}

static void answer(struct query *query, const struct query_answer *answer)
{
    query_fn *fn = query->fn;
    query->fn = NULL;
    if (fn)
        fn(query->owner, answer);
}

void query_answer_failure(struct query *query, enum err err, const char *why)
{
    struct query_answer failure = {.err = err, .why = why};
    if (err == ERR_REFUSED)
        memcpy(failure.sqlstate, "42501", sizeof "42501");
    answer(query, &failure);
}

void query_answer_result(struct query *query)
{
    struct rows rows = {query->result};
    struct query_answer outcome = {.err = ERR_OK, .rows = &rows, .why = ""};
    if (!query->result || is_failure(query->result)) {
        const char *why = PQresultErrorField(query->result, PG_DIAG_MESSAGE_PRIMARY);
        outcome = (struct query_answer){
            .err = ERR_REFUSED, .why = why ? why : "the server gave no answer"};
        slice_copy(slice_from(sqlstate(query)), outcome.sqlstate, sizeof outcome.sqlstate);
    }
    if (!outcome.err && query->tenant_id &&
        PQresultMemorySize(query->result) > 2 * TENANT_ANSWER_MAX_BYTES)
        outcome = (struct query_answer){.err = ERR_FULL, .why = "the answer is larger than 1 MiB"};
    /* Our own limit on the statement's time, kept by the server. */
    if (outcome.err && !strcmp(outcome.sqlstate, "57014"))
        outcome.err = ERR_TIMEOUT;
    answer(query, &outcome);
}
