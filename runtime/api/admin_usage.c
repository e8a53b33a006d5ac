#include "api/admin_usage.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "base/strbuf.h"
#include "store/usage.h"

#define PATH "/api/usage"
#define PATH_CSV "/api/usage.csv"
#define ANSWER_MAX_BYTES (4u << 20)
#define TIMEOUT_MS 5000

struct waiting {
    struct waiting *prev, *next;
    struct admin_usage *usage;
    struct exchange *exchange;
    struct query *query;
    bool is_csv;
};

struct admin_usage {
    struct database *database;
    struct waiting *waiting;
};

static void answer_error(struct exchange *exchange, int status, const char *why)
{
    struct strbuf text;
    strbuf_init(&text, 4096);
    strbuf_add_text(&text, "{\"error\":");
    strbuf_add_json(&text, slice_from(why));
    strbuf_add_text(&text, "}\n");
    exchange_answer(exchange, status, "application/json", strbuf_slice(&text));
    strbuf_free(&text);
}

static void end(struct waiting *waiting)
{
    DL_DELETE(waiting->usage->waiting, waiting);
    free(waiting);
}

static void answer_rows(const struct waiting *waiting, const struct rows *rows)
{
    struct strbuf text;
    strbuf_init(&text, ANSWER_MAX_BYTES);
    if (waiting->is_csv)
        usage_csv(&text, rows);
    else
        usage_json(&text, rows);
    if (text.failed)
        answer_error(waiting->exchange, 413, "that is too much at once: ask for fewer days");
    else
        exchange_answer(waiting->exchange, 200,
            waiting->is_csv ? "text/csv; charset=utf-8" : "application/json", strbuf_slice(&text));
    strbuf_free(&text);
}

/* The day has its form, and is in no calendar. */
static bool is_no_day(const struct query_answer *answer)
{
    return answer->err == ERR_REFUSED && strncmp(answer->sqlstate, "22", 2) == 0;
}

static void on_rows(void *owner, const struct query_answer *answer)
{
    struct waiting *waiting = owner;
    char why[300];
    snprintf(why, sizeof why, "the database: %.200s (is it there, is moonline migrate done?)",
        answer->err ? answer->why : "");
    if (is_no_day(answer))
        answer_error(waiting->exchange, 400, answer->why);
    else if (answer->err)
        answer_error(waiting->exchange, 503, why);
    else
        answer_rows(waiting, answer->rows);
    end(waiting);
}

/* NULL: it is read; else what is wrong with it. */
static const char *read_question(struct slice query, struct usage_question *question)
{
    while (query.len) {
        struct slice value = slice_split(&query, '&');
        struct slice name = slice_split(&value, '=');
        bool is_day = slice_is(name, "from") || slice_is(name, "to");
        if (!value.len)
            continue;
        if (is_day && !usage_is_day(value))
            return "from and to must be days such as 2026-01-31";
        if (slice_is(name, "from"))
            question->from = value;
        else if (slice_is(name, "to"))
            question->to = value;
        else if (slice_is(name, "tenant"))
            question->tenant_id = value;
        else if (slice_is(name, "by") && !usage_by_of(value, &question->by))
            return "by must be day, call or provider";
    }
    return NULL;
}

static enum err begin(struct admin_usage *usage, struct exchange *exchange,
    const struct usage_question *question, bool is_csv)
{
    struct waiting *waiting = malloc(sizeof *waiting);
    if (!waiting)
        return ERR_NOMEM;
    *waiting = (struct waiting){.usage = usage, .exchange = exchange, .is_csv = is_csv};
    enum err err =
        usage_ask(&waiting->query, usage->database, question, TIMEOUT_MS, on_rows, waiting);
    if (err)
        free(waiting);
    else
        DL_APPEND(usage->waiting, waiting);
    return err;
}

bool admin_usage_answer(
    struct admin_usage *usage, struct exchange *exchange, const struct http_request *request)
{
    struct usage_question question = {.by = USAGE_BY_DAY};
    bool is_csv = slice_is(request->path, PATH_CSV);
    if (!is_csv && !slice_is(request->path, PATH))
        return false;
    const char *fault = read_question(request->query, &question);
    if (!slice_is(request->method, "GET"))
        answer_error(exchange, 405, "another method is asked for");
    else if (fault)
        answer_error(exchange, 400, fault);
    else if (begin(usage, exchange, &question, is_csv) != ERR_OK)
        answer_error(exchange, 503, "too many questions wait for the database");
    return true;
}

void admin_usage_cancelled(struct admin_usage *usage, struct exchange *exchange)
{
    struct waiting *waiting;
    DL_SEARCH_SCALAR(usage->waiting, waiting, exchange, exchange);
    if (!waiting)
        return;
    query_cancel(waiting->query);
    end(waiting);
}

enum err admin_usage_create(struct admin_usage **out, struct database *database)
{
    struct admin_usage *usage = calloc(1, sizeof *usage);
    if (!usage)
        return ERR_NOMEM;
    usage->database = database;
    *out = usage;
    return ERR_OK;
}

void admin_usage_destroy(struct admin_usage *usage)
{
    if (!usage)
        return;
    while (usage->waiting) {
        query_cancel(usage->waiting->query);
        end(usage->waiting);
    }
    free(usage);
}
