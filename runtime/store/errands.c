#include "store/errands.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "base/clock.h"
#include "observe/log.h"
#include "observe/metrics.h"
#include "store/database.h"
#include "store/errand_sql.h"

#define CONNECTIONS 2
#define PRUNE_FIRST_MS 60000
#define PRUNE_EVERY_MS 3600000
#define HERE_EVERY_MS 10000

struct errands {
    struct net_loop *loop;
    struct net_wake *wake;
    struct net_timer *prune;
    struct net_timer *here;
    struct database *database;
    struct mailbox inbox;
    struct errand *asked; /* with the database */
    char node[ERRAND_TEXT_SIZE];
};

struct errand *errand_make(enum errand_kind kind)
{
    struct errand *errand = calloc(1, sizeof *errand);
    if (errand)
        errand->kind = kind;
    return errand;
}

void errand_free(struct errand *errand)
{
    if (errand)
        free(errand->text);
    free(errand);
}

/* ---- back ---- */

static void log_closed(const struct errand *errand)
{
    if (errand->kind == ERRAND_HERE && errand->text && strcmp(errand->text, "0") != 0)
        log_info("calls.lost", "count=%s", errand->text);
}

static void answer_take(struct errand *errand)
{
    if (errand->err)
        metric_add(METRIC_ERRANDS_FAILED, 1);
    if (errand->reply && mailbox_put(errand->reply, &errand->letter) == ERR_OK)
        return;
    if (errand->reply)
        metric_add(METRIC_QUEUE_ERRAND_ANSWERS, 1);
    errand_free(errand);
}

static void on_answer(void *owner, const struct query_answer *answer)
{
    struct errand *errand = owner;
    DL_DELETE(errand->errands->asked, errand);
    errand->err = answer->err;
    if (answer->err)
        log_warn("errand.failed", "kind=%s call_sid=%s err=%s sqlstate=%s why=%s",
            errand_name(errand->kind), errand->call_sid, err_name(answer->err), answer->sqlstate,
            answer->why);
    else if (rows_count(answer->rows) && rows_columns(answer->rows)) {
        errand->text = slice_dup(rows_get(answer->rows, 0, 0));
        errand->err = errand->text ? ERR_OK : ERR_NOMEM;
        log_closed(errand);
    }
    answer_take(errand);
}

/* ---- there ---- */

static void ask_take(struct errands *errands, struct errand *errand)
{
    char attempt[16];
    snprintf(attempt, sizeof attempt, "%u", errand->attempt);
    struct slice params[ERRAND_PARAMS_MAX];
    size_t count = errand_params(errand, attempt, errands->node, params);
    struct query *query;
    errand->errands = errands;
    errand->err = database_query(&query, errands->database, errand_sql(errand->kind), params, count,
        errand_timeout_ms(errand->kind, database_is_up(errands->database)), on_answer, errand);
    if (errand->err)
        answer_take(errand);
    else
        DL_APPEND(errands->asked, errand);
}

static void take_inbox(void *owner)
{
    struct errands *errands = owner;
    struct letter *letter = mailbox_take_all(&errands->inbox);
    while (letter) {
        struct errand *errand = (struct errand *)letter;
        letter = letter->next;
        ask_take(errands, errand);
    }
}

static void ask_own(struct errands *errands, enum errand_kind kind)
{
    struct errand *errand = errand_make(kind);
    if (errand)
        ask_take(errands, errand);
}

static void prune(void *owner)
{
    struct errands *errands = owner;
    ask_own(errands, ERRAND_PRUNE);
    net_timer_set(errands->prune, clock_ms() + PRUNE_EVERY_MS);
}

static void tell_here(void *owner)
{
    struct errands *errands = owner;
    ask_own(errands, ERRAND_HERE);
    net_timer_set(errands->here, clock_ms() + HERE_EVERY_MS);
}

/* Others look at who lives: it is told as soon as it can be. */
static void on_up(void *owner, bool is_up)
{
    struct errands *errands = owner;
    if (is_up)
        net_timer_set(errands->here, clock_ms());
}

static void wake(void *owner)
{
    net_wake_send(owner);
}

enum err errands_send(struct errands *errands, struct errand *errand)
{
    enum err err = mailbox_put(&errands->inbox, &errand->letter);
    if (err != ERR_OK)
        metric_add(METRIC_QUEUE_ERRANDS, 1);
    return err;
}

/* ---- life ---- */

enum err errands_open(struct errands **out, struct net_loop *loop, const char *database_url,
    const char *node, size_t capacity)
{
    struct errands *errands = calloc(1, sizeof *errands);
    if (!errands)
        return ERR_NOMEM;
    errands->loop = loop;
    slice_copy(slice_from(node), errands->node, sizeof errands->node);
    struct database_options options = {.url = database_url,
        .name = "moonline-calls",
        .connections = CONNECTIONS,
        .max_waiting = capacity,
        .on_up = on_up,
        .owner = errands};
    enum err err = net_wake_create(&errands->wake, loop, take_inbox, errands);
    if (!err)
        err = net_timer_create(&errands->prune, loop, prune, errands);
    if (!err)
        err = net_timer_create(&errands->here, loop, tell_here, errands);
    if (!err)
        err = database_open(&errands->database, loop, &options);
    mailbox_init(&errands->inbox, capacity, wake, errands->wake);
    if (err) {
        errands_close(errands);
        return err;
    }
    net_timer_set(errands->prune, clock_ms() + PRUNE_FIRST_MS);
    net_timer_set(errands->here, clock_ms() + HERE_EVERY_MS); /* or once Postgres is there */
    *out = errands;
    return ERR_OK;
}

void errands_close(struct errands *errands)
{
    if (!errands)
        return;
    if (errands->database)
        database_close(errands->database);
    if (errands->wake)
        net_wake_destroy(errands->wake);
    net_timer_destroy(errands->prune);
    net_timer_destroy(errands->here);
    struct letter *letter = mailbox_take_all(&errands->inbox);
    while (letter) {
        struct errand *errand = (struct errand *)letter;
        letter = letter->next;
        errand_free(errand);
    }
    struct errand *errand, *next;
    DL_FOREACH_SAFE(errands->asked, errand, next)
    {
        errand_free(errand);
    }
    mailbox_destroy(&errands->inbox);
    free(errands);
}
