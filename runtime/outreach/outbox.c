#include "outreach/outbox.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "observe/log.h"
#include "observe/metrics.h"
#include "outreach/outbox_internal.h"
#include "outreach/stops.h"
#include "store/outbox_sql.h"

#define IN_FLIGHT 16
#define IN_FLIGHT_TENANT 4
#define LOOK_EVERY_MS 2000
#define LEASE_MS 30000 /* a request takes 15 s at most, and so does writing what became of it */
#define LEASE_MARGIN_MS 5000
#define TIMEOUT_MS 5000
#define BEHIND_S 2 /* rows of ours that are not in Postgres for so long */
#define WAITING_MAX 256
#define CHANNEL "moonline_outbox"

unsigned outbox_paced(const struct outbox *outbox, unsigned ms)
{
    return (unsigned)((uint64_t)ms * outbox->options.pace_percent / 100);
}

/* ---- a row ---- */

/* All of the row's texts in one block. */
static bool copy_item(struct taken *taken, const struct rows *rows, size_t row)
{
    const char **texts[OUTBOX_COLUMNS] = {[OUTBOX_ID] = &taken->item.id,
        [OUTBOX_TENANT] = &taken->item.tenant_id,
        [OUTBOX_KEY] = &taken->item.key,
        [OUTBOX_FROM] = &taken->item.from_number,
        [OUTBOX_TO] = &taken->item.to_number,
        [OUTBOX_BODY] = &taken->item.body,
        [OUTBOX_DETAILS] = &taken->item.details,
        [OUTBOX_TASK] = &taken->item.task_id,
        [OUTBOX_ASKED_ON] = &taken->item.asked_on};
    size_t size = 0, count = OUTBOX_COLUMNS;
    for (size_t i = 0; i < count; i++)
        size += rows_get(rows, row, i).len + 1;
    char *at = taken->texts = malloc(size);
    for (size_t i = 0; at && i < count; i++) {
        struct slice text = rows_get(rows, row, i);
        slice_copy(text, at, text.len + 1);
        if (texts[i])
            *texts[i] = at;
        at += text.len + 1;
    }
    return taken->texts != NULL;
}

static long long number(const struct rows *rows, size_t row, size_t column)
{
    char digits[24];
    slice_copy(rows_get(rows, row, column), digits, sizeof digits);
    return strtoll(digits, NULL, 10);
}

/* NULL: no memory; its lease will be over. */
static struct taken *taken_make(struct outbox *outbox, const struct rows *rows, size_t row)
{
    char kind[16];
    slice_copy(rows_get(rows, row, OUTBOX_KIND), kind, sizeof kind);
    struct taken *taken = calloc(1, sizeof *taken);
    if (!taken || !copy_item(taken, rows, row)) {
        free(taken);
        return NULL;
    }
    taken->outbox = outbox;
    taken->kind = outbox_kind_find(kind);
    taken->attempts = (unsigned)number(rows, row, OUTBOX_ATTEMPTS);
    taken->looks = (unsigned)number(rows, row, OUTBOX_LOOKS);
    taken->asked_at_s = number(rows, row, OUTBOX_ASKED_AT_S);
    taken->lease_ms = clock_ms() + outbox_paced(outbox, LEASE_MS - LEASE_MARGIN_MS);
    taken->before_ms = outbox->asked_ms + OUTBOX_ASK_WITHIN_MS;
    DL_APPEND(outbox->taken, taken);
    outbox->in_flight++;
    return taken;
}

static void destroy(struct taken *taken)
{
    DL_DELETE(taken->outbox->taken, taken);
    taken->outbox->in_flight--;
    if (taken->rest)
        rest_cancel(taken->rest);
    if (taken->query)
        query_cancel(taken->query);
    net_timer_destroy(taken->timer);
    free(taken->found);
    free(taken->texts);
    free(taken);
}

void taken_free(struct taken *taken)
{
    struct outbox *outbox = taken->outbox;
    destroy(taken);
    outbox_look(outbox);
}

/* ---- rows that are due ---- */

static enum err ask(
    struct outbox *outbox, const char *sql, const struct slice *params, size_t count, query_fn *fn)
{
    struct query *query;
    return database_query(&query, outbox->database, sql, params, count, TIMEOUT_MS, fn, outbox);
}

/* '{sms,call}' */
static void list_kinds(char out[64])
{
    size_t len = 0;
    for (unsigned i = 0; i < OUTBOX_KIND_COUNT; i++)
        len += (size_t)snprintf(out + len, 64 - len, "%s%s", i ? "," : "{", OUTBOX_KINDS[i]->name);
    snprintf(out + len, 64 - len, "}");
}

/* Postgres has not got it yet; when the row's turn comes again it has. */
static bool is_stopped(const struct taken *taken)
{
    return taken->kind == &OUTBOX_TEXT &&
           stops_has(slice_from(taken->item.tenant_id), slice_from(taken->item.to_number));
}

static void begin(struct outbox *outbox, const struct rows *rows, size_t row)
{
    if (!slice_is(rows_get(rows, row, OUTBOX_STATUS), "sending")) {
        metric_add(METRIC_OUTBOX_CANCELLED, 1);
        return;
    }
    struct taken *taken = taken_make(outbox, rows, row);
    if (!taken)
        return;
    slice_copy(slice_from(outbox->node), taken->node, sizeof taken->node);
    if (is_stopped(taken))
        taken_write_later(taken, 0, 0, "an opt-out is on its way");
    else
        taken_ask(taken);
}

/* An answer that did not come may have been a yes: nothing else is taken before those rows are given back. */
static void on_due(void *owner, const struct query_answer *answer)
{
    struct outbox *outbox = owner;
    outbox->is_asking = false;
    if (answer->err) {
        log_warn("outbox.untaken", "err=%s sqlstate=%s why=%s do=%s", err_name(answer->err),
            answer->sqlstate, answer->why, "texts wait; is moonline migrate done?");
        memcpy(outbox->lost, outbox->node, sizeof outbox->lost);
        return;
    }
    for (size_t i = 0; i < rows_count(answer->rows); i++)
        begin(outbox, answer->rows, i);
    if (outbox->was_wanted || outbox->is_draining || rows_count(answer->rows))
        outbox_look(outbox);
}

static void on_given_back(void *owner, const struct query_answer *answer)
{
    struct outbox *outbox = owner;
    outbox->is_asking = false;
    if (answer->err)
        return; /* again with the next look */
    outbox->lost[0] = '\0';
    outbox_look(outbox);
}

static void take(struct outbox *outbox)
{
    char lease[16], room[16], share[16], kinds[64];
    snprintf(lease, sizeof lease, "%u", outbox_paced(outbox, LEASE_MS));
    snprintf(room, sizeof room, "%u", outbox->options.in_flight - outbox->in_flight);
    snprintf(share, sizeof share, "%u", outbox->options.in_flight_tenant);
    snprintf(outbox->node, sizeof outbox->node, "%.36s/%u", outbox->options.node, ++outbox->takes);
    list_kinds(kinds);
    outbox->asked_ms = clock_ms();
    struct slice params[] = {slice_from(outbox->node), slice_from(lease), slice_from(room),
        slice_from(share), slice_from(kinds)};
    outbox->is_asking = ask(outbox, OUTBOX_TAKE, params, 5, on_due) == ERR_OK;
}

/* Postgres was away, and what people wrote meanwhile comes first. */
static bool is_behind(const struct outbox *outbox)
{
    struct records_state state = {0};
    if (outbox->options.records)
        records_look(outbox->options.records, &state);
    return state.oldest_s >= BEHIND_S;
}

void outbox_look(struct outbox *outbox)
{
    if (outbox->is_draining)
        net_timer_set(outbox->timer, clock_ms());
    if (outbox->is_asking || outbox->is_draining || !outbox->options.rest.account_sid) {
        outbox->was_wanted = true;
        return;
    }
    outbox->was_wanted = false;
    if (outbox->lost[0]) {
        struct slice lost = slice_from(outbox->lost);
        outbox->is_asking = ask(outbox, OUTBOX_GIVE_BACK, &lost, 1, on_given_back) == ERR_OK;
    } else if (outbox->in_flight < outbox->options.in_flight && !is_behind(outbox)) {
        take(outbox);
    }
}

/* ---- rows of which nobody knows what became of them ---- */

static void on_overdue(void *owner, const struct query_answer *answer)
{
    struct outbox *outbox = owner;
    outbox->is_asking_overdue = false;
    for (size_t i = 0; !answer->err && i < rows_count(answer->rows); i++) {
        struct taken *taken = taken_make(outbox, answer->rows, i);
        if (!taken)
            continue;
        slice_copy(slice_from(outbox->options.node), taken->node, sizeof taken->node);
        taken_find(taken);
    }
}

static void look_for_overdue(struct outbox *outbox)
{
    char lease[16], room[16], kinds[64];
    if (outbox->is_asking_overdue || outbox->in_flight >= outbox->options.in_flight)
        return;
    snprintf(lease, sizeof lease, "%u", outbox_paced(outbox, LEASE_MS));
    snprintf(room, sizeof room, "%u", outbox->options.in_flight - outbox->in_flight);
    list_kinds(kinds);
    struct slice params[] = {
        slice_from(outbox->options.node), slice_from(lease), slice_from(room), slice_from(kinds)};
    outbox->is_asking_overdue = ask(outbox, OUTBOX_OVERDUE, params, 4, on_overdue) == ERR_OK;
}

/* ---- life ---- */

static void on_counted(void *owner, const struct query_answer *answer)
{
    struct outbox *outbox = owner;
    outbox->is_counting = false;
    if (answer->err || !rows_count(answer->rows))
        return;
    metric_set(METRIC_OUTBOX_QUEUED, number(answer->rows, 0, 0));
    metric_set(METRIC_OUTBOX_OLDEST_S, number(answer->rows, 0, 1));
    metric_set(METRIC_OUTBOX_UNKNOWN_NOW, number(answer->rows, 0, 2));
}

static void look_for_end(struct outbox *outbox)
{
    void (*done)(void *owner) = outbox->on_drained;
    bool is_over =
        (!outbox->is_asking && !outbox->in_flight) || clock_ms() >= outbox->drained_by_ms;
    if (!done || !is_over) {
        net_timer_set(outbox->timer, outbox->drained_by_ms);
        return;
    }
    outbox->on_drained = NULL;
    done(outbox->drain_owner);
}

void outbox_drain(struct outbox *outbox, uint64_t until_ms, void (*done)(void *owner), void *owner)
{
    outbox->is_draining = true;
    outbox->drained_by_ms = until_ms;
    outbox->on_drained = done;
    outbox->drain_owner = owner;
    net_timer_set(outbox->timer, clock_ms());
}

static void on_timer(void *owner)
{
    struct outbox *outbox = owner;
    if (outbox->is_draining) {
        look_for_end(outbox);
        return;
    }
    if (!outbox->is_counting)
        outbox->is_counting = ask(outbox, OUTBOX_COUNT, NULL, 0, on_counted) == ERR_OK;
    if (outbox->options.rest.account_sid)
        look_for_overdue(outbox);
    outbox_look(outbox);
    net_timer_set(outbox->timer, clock_ms() + outbox_paced(outbox, LOOK_EVERY_MS));
}

static void on_notify(void *owner, const char *channel, const char *payload)
{
    outbox_look(owner);
}

static void on_listening(void *owner, const struct query_answer *answer)
{
    if (answer->err)
        log_warn("outbox.deaf", "err=%s why=%s", err_name(answer->err), answer->why);
}

static void on_up(void *owner, bool is_up)
{
    struct outbox *outbox = owner;
    if (!is_up)
        return;
    if (ask(outbox, "listen " CHANNEL, NULL, 0, on_listening))
        log_warn("outbox.deaf", "why=%s", "queue is full");
    outbox_look(outbox);
}

enum err outbox_open(
    struct outbox **out, struct net_loop *loop, const struct outbox_options *options)
{
    struct outbox *outbox = calloc(1, sizeof *outbox);
    if (!outbox)
        return ERR_NOMEM;
    outbox->loop = loop;
    outbox->options = *options;
    if (!options->in_flight)
        outbox->options.in_flight = IN_FLIGHT;
    if (!options->in_flight_tenant)
        outbox->options.in_flight_tenant = IN_FLIGHT_TENANT;
    if (!options->pace_percent)
        outbox->options.pace_percent = 100;
    struct database_options database = {.url = options->database_url,
        .name = "moonline-outbox",
        .connections = 1,
        .max_waiting = WAITING_MAX,
        .on_up = on_up,
        .on_notify = on_notify,
        .owner = outbox};
    enum err err = net_timer_create(&outbox->timer, loop, on_timer, outbox);
    if (!err)
        err = database_open(&outbox->database, loop, &database);
    if (err) {
        outbox_close(outbox);
        return err;
    }
    if (!options->rest.account_sid)
        log_info("outbox.idle", "do=%s", "set TWILIO_ACCOUNT_SID: texts wait until then");
    net_timer_set(outbox->timer, clock_ms());
    *out = outbox;
    return ERR_OK;
}

void outbox_close(struct outbox *outbox)
{
    if (!outbox)
        return;
    struct taken *taken, *next;
    DL_FOREACH_SAFE(outbox->taken, taken, next)
    {
        destroy(taken);
    }
    if (outbox->database)
        database_close(outbox->database);
    net_timer_destroy(outbox->timer);
    free(outbox);
}
