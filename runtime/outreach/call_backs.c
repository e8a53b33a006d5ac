#include "outreach/call_backs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "observe/log.h"
#include "store/call_back_sql.h"
#include "store/database.h"
#include "text/phone_cost.h"
#include "text/phone_number.h"

#define LOOK_MS 5000
#define TIMEOUT_MS 10000
#define MOST "8" /* a look */
#define QUERIES_MAX 32

struct call_backs {
    struct database *database;
    struct net_timer *timer;
    struct call_backs_options options;
    bool is_looking;
    unsigned
        skipped; /* due, but of tenants that are not here: they would stand before all others */
};

static bool is_whole(const char *number)
{
    char read[PHONE_NUMBER_SIZE];
    return phone_number_read(read, slice_from(number), SLICE("")) == ERR_OK && read[0] == '+' &&
           strcmp(read, number) == 0;
}

const char *call_back_refusal(const char *to, const char *from)
{
    if (!is_whole(to))
        return "is no number that can be called";
    switch (phone_cost_from(to, from)) {
    case PHONE_PREMIUM:
        return "is a premium number";
    case PHONE_FOREIGN:
        return "is in another country";
    case PHONE_HOME:
        break;
    }
    return NULL;
}

static void on_queued(void *owner, const struct query_answer *answer)
{
    if (answer->err)
        log_warn("call_back.unqueued", "err=%s why=%s", err_name(answer->err), answer->why);
    else if (!rows_is_null(answer->rows, 0, 0))
        log_info("call_back.queued", "row=%.*s", (int)rows_get(answer->rows, 0, 0).len,
            rows_get(answer->rows, 0, 0).data);
}

/* False: the tenant's scripts are not here yet, or it has none any more. */
static bool queue(struct call_backs *call_backs, const struct rows *rows, size_t row)
{
    char tenant_id[64], to[CALL_BACK_NUMBER_SIZE], from[CALL_BACK_NUMBER_SIZE] = "";
    bool fits = slice_copy(rows_get(rows, row, 2), to, sizeof to);
    slice_copy(rows_get(rows, row, 1), tenant_id, sizeof tenant_id);
    call_backs->options.ops->number_of(tenant_id, from);
    if (!from[0])
        return false;
    const char *refusal = call_back_refusal(fits ? to : "", from);
    const struct slice params[] = {rows_get(rows, row, 0), rows_get(rows, row, 3), slice_from(from),
        refusal ? slice_from(refusal) : (struct slice){0}};
    struct query *query;
    if (refusal)
        log_warn("call_back.refused", "tenant=%s why=%s", tenant_id, refusal);
    if (database_query(&query, call_backs->database, CALL_BACKS_QUEUE, params, 4, TIMEOUT_MS,
            on_queued, call_backs) != ERR_OK)
        log_warn("call_back.unqueued", "tenant=%s", tenant_id);
    return true;
}

static void on_due(void *owner, const struct query_answer *answer)
{
    struct call_backs *call_backs = owner;
    call_backs->is_looking = false;
    if (answer->err)
        log_warn("call_back.unread", "err=%s why=%s", err_name(answer->err), answer->why);
    for (size_t i = 0; !answer->err && i < rows_count(answer->rows); i++)
        call_backs->skipped += !queue(call_backs, answer->rows, i);
    if (!answer->err && !rows_count(answer->rows))
        call_backs->skipped = 0;
}

static void look(void *owner)
{
    struct call_backs *call_backs = owner;
    unsigned room = call_backs->options.ops->room(call_backs->options.owner);
    char room_text[16], skipped[16];
    struct query *query;
    snprintf(room_text, sizeof room_text, "%u", room);
    snprintf(skipped, sizeof skipped, "%u", call_backs->skipped);
    const struct slice params[] = {slice_from(room_text), SLICE(MOST), slice_from(skipped)};
    net_timer_set(call_backs->timer, clock_ms() + LOOK_MS);
    if (call_backs->is_looking || !room || !call_backs->options.can_call ||
        !database_is_up(call_backs->database))
        return;
    call_backs->is_looking = database_query(&query, call_backs->database, CALL_BACKS_DUE, params, 3,
                                 TIMEOUT_MS, on_due, call_backs) == ERR_OK;
}

void call_backs_look(struct call_backs *call_backs)
{
    look(call_backs);
}

static void on_up(void *owner, bool is_up)
{
    struct call_backs *call_backs = owner;
    if (is_up)
        net_timer_set(call_backs->timer, clock_ms());
}

enum err call_backs_open(
    struct call_backs **out, struct net_loop *loop, const struct call_backs_options *options)
{
    struct call_backs *call_backs = calloc(1, sizeof *call_backs);
    if (!call_backs)
        return ERR_NOMEM;
    call_backs->options = *options;
    struct database_options database = {.url = options->database_url,
        .name = "moonline call-backs",
        .connections = 1,
        .max_waiting = QUERIES_MAX,
        .on_up = on_up,
        .owner = call_backs};
    enum err err = net_timer_create(&call_backs->timer, loop, look, call_backs);
    if (!err)
        err = database_open(&call_backs->database, loop, &database);
    if (err) {
        call_backs_close(call_backs);
        return err;
    }
    *out = call_backs;
    return ERR_OK;
}

void call_backs_close(struct call_backs *call_backs)
{
    if (!call_backs)
        return;
    if (call_backs->database)
        database_close(call_backs->database);
    net_timer_destroy(call_backs->timer);
    free(call_backs);
}
