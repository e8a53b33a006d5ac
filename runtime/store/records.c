#include "store/records.h"

#include <jansson.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "base/clock.h"
#include "base/mailbox.h"
#include "observe/log.h"
#include "observe/metrics.h"
#include "store/record_sql.h"

#define WINDOW 256       /* records sent and not yet acknowledged */
#define TIMEOUT_MS 10000 /* of one record's statement */
#define PAUSE_MS 1000    /* after the server refused for a reason that may pass */

struct record {
    struct letter letter;
    struct record *prev;
    struct record *next;
    struct records *records;
    enum record_kind kind;
    struct query *query; /* sent, not yet answered */
    char *json;
};

/* any thread ─► inbox ─► kept: [acknowledged ▸ sent … | ▸ waiting … ] tail

   `kept` holds what is not acknowledged, oldest first; its records up to `unsent` are with the server.
   A loss of the connection puts `unsent` back to the oldest. */
struct records {
    struct net_loop *loop;
    struct net_wake *wake;
    struct net_timer *pause;
    struct net_timer *drain_timer;
    struct database *database;
    struct mailbox inbox;
    atomic_size_t count; /* in the inbox and kept */
    size_t capacity;
    atomic_bool is_up;
    bool is_paused;
    struct record *kept;
    struct record *unsent;
    size_t in_flight;
    char *sql[RECORD_KINDS];
    void (*on_drained)(void *owner, size_t left);
    void *drain_owner;
};

static void send_more(struct records *records);

static void record_free(struct record *record)
{
    free(record->json);
    free(record);
}

static void count_down(struct records *records)
{
    size_t left = atomic_fetch_sub(&records->count, 1) - 1;
    metric_set(METRIC_RECORDS_WAITING, (int64_t)left);
    if (!left && records->on_drained)
        net_timer_set(records->drain_timer, 0);
}

static void forget(struct record *record)
{
    struct records *records = record->records;
    if (records->unsent == record)
        records->unsent = record->next;
    DL_DELETE(records->kept, record);
    record_free(record);
    count_down(records);
}

static void log_poison(const struct record *record, const struct query_answer *answer)
{
    json_t *json = json_loads(record->json, 0, NULL);
    const char *id = json_string_value(json_object_get(json, "id"));
    log_error("records.refused", "kind=%s id=%s sqlstate=%s why=%s", record_kind_name(record->kind),
        id ? id : "", answer->sqlstate, answer->why);
    json_decref(json);
}

/* The record itself is at fault, so it will never be taken: bad data, a broken constraint, a limit of
   the server, an internal error. Everything else (no disk, no right, not migrated yet) may pass. */
static bool is_poison(const struct query_answer *answer)
{
    static const char *const CLASSES[] = {"0A", "21", "22", "23", "54", "XX"};
    for (size_t i = 0; i < sizeof CLASSES / sizeof CLASSES[0]; i++) {
        if (answer->err == ERR_REFUSED && !strncmp(answer->sqlstate, CLASSES[i], 2))
            return true;
    }
    return false;
}

static void pause_sending(struct records *records, const struct query_answer *answer)
{
    if (!records->is_paused)
        log_warn("records.waiting", "sqlstate=%s why=%s", answer->sqlstate, answer->why);
    records->is_paused = true;
    net_timer_set(records->pause, clock_ms() + PAUSE_MS);
}

static void on_answer(void *owner, const struct query_answer *answer)
{
    struct record *record = owner;
    struct records *records = record->records;
    record->query = NULL;
    records->in_flight--;
    if (!answer->err) {
        metric_add(METRIC_RECORDS_WRITTEN, 1);
        forget(record);
    } else if (is_poison(answer)) {
        log_poison(record, answer);
        metric_add(METRIC_RECORDS_DROPPED, 1);
        forget(record);
    } else {
        records->unsent = records->kept;
        if (answer->err != ERR_CLOSED)
            pause_sending(records, answer);
    }
    send_more(records);
}

static void send_more(struct records *records)
{
    bool may_send = atomic_load(&records->is_up) && !records->is_paused;
    while (may_send && records->unsent && records->in_flight < WINDOW) {
        struct record *record = records->unsent;
        if (!record->query) {
            struct slice json = slice_from(record->json);
            if (database_query(&record->query, records->database, records->sql[record->kind], &json,
                    1, TIMEOUT_MS, on_answer, record)) {
                records->is_paused = true; /* no memory, or the database's own bound */
                net_timer_set(records->pause, clock_ms() + PAUSE_MS);
                return;
            }
            records->in_flight++;
        }
        records->unsent = record->next;
    }
}

static void take_inbox(void *owner)
{
    struct records *records = owner;
    struct letter *letter = mailbox_take_all(&records->inbox);
    while (letter) {
        struct record *record = (struct record *)letter;
        letter = letter->next;
        DL_APPEND(records->kept, record);
        if (!records->unsent)
            records->unsent = record;
    }
    send_more(records);
}

static void pause_over(void *owner)
{
    struct records *records = owner;
    records->is_paused = false;
    send_more(records);
}

static void on_up(void *owner, bool is_up)
{
    struct records *records = owner;
    atomic_store(&records->is_up, is_up);
    metric_set(METRIC_DATABASE_UP, is_up);
    send_more(records);
}

static void wake(void *owner)
{
    net_wake_send(owner);
}

static void drain_over(void *owner)
{
    struct records *records = owner;
    size_t left = records_waiting(records);
    void (*fn)(void *owner, size_t left) = records->on_drained;
    records->on_drained = NULL;
    net_timer_clear(records->drain_timer);
    if (left)
        log_error(
            "records.lost", "left=%zu why=%s", left, "the database was away until the deadline");
    fn(records->drain_owner, left);
}

void records_drain(struct records *records, uint64_t deadline_ms,
    void (*fn)(void *owner, size_t left), void *owner)
{
    records->on_drained = fn;
    records->drain_owner = owner;
    net_timer_set(records->drain_timer, records_waiting(records) ? deadline_ms : 0);
}

enum err records_put_take(struct records *records, enum record_kind kind, char *json)
{
    struct record *record = json ? calloc(1, sizeof *record) : NULL;
    enum err err = record ? ERR_OK : ERR_NOMEM;
    if (!err && atomic_fetch_add(&records->count, 1) >= records->capacity) {
        atomic_fetch_sub(&records->count, 1);
        err = ERR_FULL;
    }
    if (err) {
        metric_add(METRIC_RECORDS_DROPPED, 1);
        free(json);
        free(record);
        return err;
    }
    record->records = records;
    record->kind = kind;
    record->json = json;
    metric_set(METRIC_RECORDS_WAITING, (int64_t)atomic_load(&records->count));
    err = mailbox_put(&records->inbox, &record->letter);
    if (err) {
        record_free(record);
        atomic_fetch_sub(&records->count, 1);
        metric_add(METRIC_RECORDS_DROPPED, 1);
    }
    return err;
}

size_t records_waiting(const struct records *records)
{
    return atomic_load(&records->count);
}

bool records_database_is_up(const struct records *records)
{
    return atomic_load(&records->is_up);
}

static enum err open_parts(struct records *records, const char *database_url)
{
    struct database_options options = {.url = database_url,
        .name = "moonline-records",
        .connections = 1,
        .max_waiting = 2 * WINDOW, /* those timed out count until the server is heard of again */
        .on_up = on_up,
        .owner = records};
    for (int kind = 0; kind < RECORD_KINDS; kind++) {
        if (!(records->sql[kind] = record_sql((enum record_kind)kind)))
            return ERR_NOMEM;
    }
    enum err err = net_wake_create(&records->wake, records->loop, take_inbox, records);
    if (!err)
        err = net_timer_create(&records->pause, records->loop, pause_over, records);
    if (!err)
        err = net_timer_create(&records->drain_timer, records->loop, drain_over, records);
    if (!err)
        err = database_open(&records->database, records->loop, &options);
    return err;
}

enum err records_open(
    struct records **out, struct net_loop *loop, const char *database_url, size_t capacity)
{
    struct records *records = calloc(1, sizeof *records);
    if (!records)
        return ERR_NOMEM;
    records->loop = loop;
    records->capacity = capacity;
    enum err err = open_parts(records, database_url);
    mailbox_init(&records->inbox, capacity, wake, records->wake);
    if (err)
        records_close(records);
    else
        *out = records;
    return err;
}

void records_close(struct records *records)
{
    if (records->database)
        database_close(records->database);
    if (records->wake)
        net_wake_destroy(records->wake);
    net_timer_destroy(records->pause);
    net_timer_destroy(records->drain_timer);
    struct letter *letter = mailbox_take_all(&records->inbox);
    while (letter) {
        struct record *record = (struct record *)letter;
        letter = letter->next;
        DL_APPEND(records->kept, record);
    }
    struct record *record, *next;
    DL_FOREACH_SAFE(records->kept, record, next)
    {
        record_free(record);
    }
    mailbox_destroy(&records->inbox);
    for (int kind = 0; kind < RECORD_KINDS; kind++)
        free(records->sql[kind]);
    free(records);
}
