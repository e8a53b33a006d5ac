#include "store/publications.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "base/clock.h"
#include "observe/log.h"
#include "store/database.h"
#include "store/publication_sql.h"

#define POLL_MS 30000
#define AGAIN_MS 1000 /* after a reading that failed */
#define TIMEOUT_MS 5000
#define WAITING_MAX 1024

struct asked {
    struct asked *prev, *next;
    struct publications *publications;
    publications_fn *fn;
    void *owner;
};

struct publications {
    struct database *database;
    struct net_timer *poll;
    struct publications_options options;
    char *node;
    struct asked *asked;
    bool is_reading;
    bool is_stale; /* something was published meanwhile */
};

/* ---- reading ---- */

static void read_bindings(struct publications *publications);

static uint64_t number(const struct rows *rows, size_t row, size_t column)
{
    char digits[24];
    slice_copy(rows_get(rows, row, column), digits, sizeof digits);
    return strtoull(digits, NULL, 10);
}

static void say(const struct publications *publications, const struct rows *rows, size_t row)
{
    char *tenant_id = slice_dup(rows_get(rows, row, 0));
    char *version = slice_dup(rows_get(rows, row, 2));
    char *canary = slice_dup(rows_get(rows, row, 3));
    struct binding binding = {.tenant_id = tenant_id,
        .id = number(rows, row, 1),
        .version = version,
        .canary_version = canary,
        .canary_percent = (unsigned)number(rows, row, 4),
        .is_rollback = slice_is(rows_get(rows, row, 5), "t"),
        .at_ms = number(rows, row, 6)};
    if (tenant_id && version && canary)
        publications->options.on_binding(publications->options.owner, &binding);
    free(tenant_id);
    free(version);
    free(canary);
}

static void on_bindings(void *owner, const struct query_answer *answer)
{
    struct publications *publications = owner;
    publications->is_reading = false;
    net_timer_set(publications->poll, clock_ms() + (answer->err ? AGAIN_MS : POLL_MS));
    if (answer->err) {
        log_warn("publications.unread", "err=%s sqlstate=%s why=%s", err_name(answer->err),
            answer->sqlstate, answer->why);
        return;
    }
    for (size_t i = 0; i < rows_count(answer->rows); i++)
        say(publications, answer->rows, i);
    if (publications->options.on_read)
        publications->options.on_read(publications->options.owner);
    if (publications->is_stale)
        read_bindings(publications);
}

static void read_bindings(struct publications *publications)
{
    struct query *query;
    struct slice node = slice_from(publications->node);
    publications->is_stale = publications->is_reading;
    if (publications->is_reading)
        return;
    publications->is_reading = database_query(&query, publications->database, PUBLICATION_BINDINGS,
                                   &node, 1, TIMEOUT_MS, on_bindings, publications) == ERR_OK;
    if (!publications->is_reading)
        net_timer_set(publications->poll, clock_ms() + AGAIN_MS);
}

static void poll(void *owner)
{
    read_bindings(owner);
}

void publications_look(struct publications *publications)
{
    read_bindings(publications);
}

static void on_notify(void *owner, const char *channel, const char *payload)
{
    read_bindings(owner);
}

static void on_listening(void *owner, const struct query_answer *answer)
{
    if (answer->err)
        log_warn("publications.deaf", "err=%s why=%s", err_name(answer->err), answer->why);
}

/* What was published while the connection was away was told to nobody: listen first, then read. */
static void on_up(void *owner, bool is_up)
{
    struct publications *publications = owner;
    struct query *query;
    if (!is_up)
        return;
    if (database_query(&query, publications->database, "listen " PUBLICATIONS_CHANNEL, NULL, 0,
            TIMEOUT_MS, on_listening, publications))
        log_warn("publications.deaf", "why=%s", "queue is full");
    read_bindings(publications);
}

/* ---- asking ---- */

static void on_answer(void *owner, const struct query_answer *answer)
{
    struct asked *asked = owner;
    enum err err = answer->err;
    struct slice value = {"", 0};
    DL_DELETE(asked->publications->asked, asked);
    if (!err && rows_count(answer->rows))
        value = rows_get(answer->rows, 0, 0);
    else if (!err)
        err = ERR_NOT_FOUND;
    if (asked->fn)
        asked->fn(asked->owner, err, value, answer->why);
    free(asked);
}

static enum err ask(struct publications *publications, const char *sql, const struct slice *params,
    size_t count, publications_fn *fn, void *owner)
{
    struct query *query;
    struct asked *asked = calloc(1, sizeof *asked);
    if (!asked)
        return ERR_NOMEM;
    *asked = (struct asked){.publications = publications, .fn = fn, .owner = owner};
    enum err err = database_query(
        &query, publications->database, sql, params, count, TIMEOUT_MS, on_answer, asked);
    if (err)
        free(asked);
    else
        DL_APPEND(publications->asked, asked);
    return err;
}

enum err publications_fetch(struct publications *publications, const char *tenant_id,
    const char *version, publications_fn *fn, void *owner)
{
    const struct slice params[] = {slice_from(tenant_id), slice_from(version)};
    return ask(publications, PUBLICATION_BUNDLE, params, 2, fn, owner);
}

enum err publications_note(struct publications *publications, const char *tenant_id,
    const char *version, const char *state, const char *why, publications_fn *fn, void *owner)
{
    const struct slice params[] = {slice_from(publications->node), slice_from(tenant_id),
        slice_from(version), slice_from(state), slice_from(why)};
    return ask(publications, PUBLICATION_NOTE, params, 5, fn, owner);
}

enum err publications_list(
    struct publications *publications, const char *tenant_id, publications_fn *fn, void *owner)
{
    const struct slice param = slice_from(tenant_id);
    return ask(publications, PUBLICATION_LIST, &param, 1, fn, owner);
}

enum err publications_change(struct publications *publications, enum publication_change change,
    const char *tenant_id, const char *version, const char *author, publications_fn *fn,
    void *owner)
{
    const struct slice params[] = {slice_from(tenant_id), slice_from(author), slice_from(version)};
    return ask(publications, publication_change_sql(change), params, 3, fn, owner);
}

/* ---- life ---- */

enum err publications_open(
    struct publications **out, struct net_loop *loop, const struct publications_options *options)
{
    struct publications *publications = calloc(1, sizeof *publications);
    if (!publications)
        return ERR_NOMEM;
    publications->options = *options;
    publications->node = slice_dup(slice_from(options->node));
    struct database_options database = {.url = options->database_url,
        .name = "moonline-publications",
        .connections = 1,
        .max_waiting = WAITING_MAX,
        .on_up = on_up,
        .on_notify = on_notify,
        .owner = publications};
    enum err err = publications->node
                       ? net_timer_create(&publications->poll, loop, poll, publications)
                       : ERR_NOMEM;
    if (!err)
        err = database_open(&publications->database, loop, &database);
    if (err) {
        publications_close(publications);
        return err;
    }
    *out = publications;
    return ERR_OK;
}

void publications_close(struct publications *publications)
{
    struct asked *asked, *next;
    if (!publications)
        return;
    if (publications->database)
        database_close(publications->database);
    net_timer_destroy(publications->poll);
    DL_FOREACH_SAFE(publications->asked, asked, next)
    {
        free(asked);
    }
    free(publications->node);
    free(publications);
}
