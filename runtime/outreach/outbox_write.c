/* What became of a row. Postgres away does not change it: it is written until it stands, or until the lease is over and
   others find out for themselves. */
#include <stdio.h>
#include <stdlib.h>

#include "base/crypto.h"
#include "observe/log.h"
#include "observe/metrics.h"
#include "outreach/outbox_internal.h"
#include "store/outbox_sql.h"
#include "text/redact.h"

#define TIMEOUT_MS 3000
#define AGAIN_MS 500
#define ATTEMPTS_MAX "8" /* half an hour, about */
#define PAUSE_MS 2000    /* doubled with each attempt */
#define PAUSE_MAX_MS 600000
#define LOOKS_MAX "4"
static const unsigned LOOK_PAUSES_MS[] = {3000, 10000, 30000, 60000};

static void on_timer(void *owner);

/* ---- writing ---- */

static bool may_write_again(const struct taken *taken, const struct query_answer *answer)
{
    return answer->err && answer->err != ERR_REFUSED && clock_ms() < taken->lease_ms;
}

static void again(struct taken *taken)
{
    if (!taken->timer && net_timer_create(&taken->timer, taken->outbox->loop, on_timer, taken))
        taken_free(taken);
    else
        net_timer_set(taken->timer, clock_ms() + AGAIN_MS);
}

static void on_answer(void *owner, const struct query_answer *answer)
{
    struct taken *taken = owner;
    taken->query = NULL;
    if (may_write_again(taken, answer)) {
        again(taken);
        return;
    }
    if (answer->err)
        log_warn("outbox.unwritten", "tenant=%s id=%s err=%s why=%s", taken->item.tenant_id,
            taken->item.id, err_name(answer->err), answer->why);
    taken->on_written(taken, answer);
}

static void write_now(struct taken *taken)
{
    if (database_query(&taken->query, taken->outbox->database, taken->sql, taken->params,
            taken->param_count, TIMEOUT_MS, on_answer, taken)) {
        taken->query = NULL;
        again(taken);
    }
}

static void on_timer(void *owner)
{
    struct taken *taken = owner;
    if (clock_ms() < taken->lease_ms)
        write_now(taken);
    else
        taken_free(taken);
}

static struct slice number(struct taken *taken, unsigned which, unsigned long value)
{
    snprintf(taken->numbers[which], sizeof taken->numbers[which], "%lu", value);
    return slice_from(taken->numbers[which]);
}

static void keep_reason(struct taken *taken, int code, const char *why)
{
    redact_copy(slice_from(why), taken->why,
        sizeof taken->why); /* a carrier quotes the number it refuses */
    taken->code[0] = '\0';
    if (code)
        snprintf(taken->code, sizeof taken->code, "%d", code);
}

static void write_params(struct taken *taken, const char *sql, const struct slice *params,
    size_t count, void (*on_written)(struct taken *taken, const struct query_answer *answer))
{
    taken->sql = sql;
    taken->on_written = on_written;
    taken->param_count = count + 1;
    taken->params[0] = slice_from(taken->item.id);
    for (size_t i = 0; i < count; i++)
        taken->params[i + 1] = params[i];
    write_now(taken);
}

/* ---- sent ---- */

static struct slice segments_of(struct taken *taken)
{
    if (!taken->kind->segments)
        return (struct slice){NULL, 0};
    return number(taken, 0, taken->kind->segments(&taken->item));
}

static void on_sent(struct taken *taken, const struct query_answer *answer)
{
    metric_add(METRIC_OUTBOX_SENT, 1);
    log_info("outbox.sent", "tenant=%s kind=%s id=%s sid=%s", taken->item.tenant_id,
        taken->kind->name, taken->item.id, taken->why);
    taken_free(taken);
}

void taken_write_sent(struct taken *taken, struct slice sid)
{
    slice_copy(sid, taken->why, sizeof taken->why);
    struct slice params[] = {slice_from(taken->why), segments_of(taken)};
    write_params(taken, OUTBOX_SENT, params, 2, on_sent);
}

static void on_found(struct taken *taken, const struct query_answer *answer)
{
    free(taken->found);
    taken->found = NULL;
    if (!answer->err && rows_count(answer->rows)) {
        metric_add(METRIC_OUTBOX_SENT, 1);
        log_info("outbox.found", "tenant=%s kind=%s id=%s", taken->item.tenant_id,
            taken->kind->name, taken->item.id);
        taken_free(taken);
    } else { /* they are other rows' */
        taken_write_unsure(taken, true, "no answer came, and the carrier does not list it");
    }
}

void taken_write_found(struct taken *taken, char *sids_take)
{
    taken->found = sids_take;
    struct slice params[] = {slice_from(taken->found), segments_of(taken)};
    write_params(taken, OUTBOX_FOUND, params, 2, on_found);
}

/* ---- not sent ---- */

static void on_failed(struct taken *taken, const struct query_answer *answer)
{
    metric_add(METRIC_OUTBOX_FAILED, 1);
    log_warn("outbox.failed", "tenant=%s kind=%s id=%s code=%s why=%s", taken->item.tenant_id,
        taken->kind->name, taken->item.id, taken->code, taken->why);
    taken_free(taken);
}

void taken_write_failed(struct taken *taken, int code, const char *why)
{
    keep_reason(taken, code, why);
    struct slice params[] = {
        slice_from(taken->node), slice_from(taken->why), slice_from(taken->code)};
    write_params(taken, OUTBOX_FAILED, params, 3, on_failed);
}

static bool says(const struct query_answer *answer, const char *status)
{
    return !answer->err && rows_count(answer->rows) &&
           slice_is(rows_get(answer->rows, 0, 0), status);
}

static void on_later(struct taken *taken, const struct query_answer *answer)
{
    if (says(answer, "failed")) {
        on_failed(taken, answer);
        return;
    }
    metric_add(METRIC_OUTBOX_LATER, 1);
    log_info("outbox.later", "tenant=%s kind=%s id=%s attempts=%u code=%s why=%s",
        taken->item.tenant_id, taken->kind->name, taken->item.id, taken->attempts, taken->code,
        taken->why);
    taken_free(taken);
}

static unsigned pause_ms(const struct taken *taken, unsigned after_ms)
{
    uint16_t random;
    crypto_random(&random, sizeof random);
    unsigned attempts = taken->attempts ? taken->attempts : 1;
    unsigned pause = attempts > 9 ? PAUSE_MAX_MS : PAUSE_MS << (attempts - 1);
    pause = outbox_paced(taken->outbox, pause);
    pause += random % (pause / 2 + 1);
    pause = pause > after_ms ? pause : after_ms;
    return pause < PAUSE_MAX_MS ? pause : PAUSE_MAX_MS;
}

void taken_write_later(struct taken *taken, unsigned after_ms, int code, const char *why)
{
    keep_reason(taken, code, why);
    struct slice params[] = {slice_from(taken->node), number(taken, 0, pause_ms(taken, after_ms)),
        SLICE(ATTEMPTS_MAX), slice_from(taken->why), slice_from(taken->code)};
    write_params(taken, OUTBOX_LATER, params, 5, on_later);
}

static void on_unsure(struct taken *taken, const struct query_answer *answer)
{
    bool is_given_up = says(answer, "unknown");
    if (is_given_up)
        metric_add(METRIC_OUTBOX_UNKNOWN, 1);
    log_event(LOG_WARN, is_given_up ? "outbox.unknown" : "outbox.unsure",
        "tenant=%s kind=%s id=%s why=%s", taken->item.tenant_id, taken->kind->name, taken->item.id,
        taken->why);
    taken_free(taken);
}

void taken_write_unsure(struct taken *taken, bool is_counted, const char *why)
{
    unsigned last = sizeof LOOK_PAUSES_MS / sizeof LOOK_PAUSES_MS[0] - 1;
    unsigned which = taken->looks + is_counted;
    unsigned pause = LOOK_PAUSES_MS[which < last ? which : last];
    keep_reason(taken, 0, why);
    struct slice params[] = {slice_from(taken->node),
        number(taken, 0, outbox_paced(taken->outbox, pause)), SLICE(LOOKS_MAX),
        slice_from(taken->why), is_counted ? SLICE("1") : SLICE("0")};
    write_params(taken, OUTBOX_UNSURE, params, 5, on_unsure);
}
