#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "base/clock.h"
#include "observe/log.h"
#include "observe/metrics.h"
#include "store/record_sql.h"
#include "store/records_internal.h"

#define TIMEOUT_MS 10000 /* of one record's statement */
#define PAUSE_MS 1000    /* after the server refused for a reason that may pass */
#define FORGET_MS 50     /* after the answer, unless rows come before */

/* A connection that broke may have left statements with a server that was frozen: it would write older versions of rows
   over newer ones when it wakes. The lock is held by the connection that sends a file's rows; the next one, of whichever
   process, ends its holder and waits until it is gone. */
#define FENCE_KEY "hashtextextended('moonline journal ' || $1, 0)"
static const char END_OTHERS[] =
    "select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and objsubid = 1"
    " and database = (select oid from pg_database where datname = current_database())"
    " and (classid::bigint << 32) | objid::bigint = " FENCE_KEY " and pid <> pg_backend_pid()";
static const char FENCE[] = "select pg_advisory_lock(" FENCE_KEY ")";

static void pause_sending(
    struct records *records, enum record_kind kind, const char *sqlstate, const char *why)
{
    /* A table, a column, a function is missing. */
    bool is_behind = strcmp(sqlstate, "42P01") == 0 || strcmp(sqlstate, "42703") == 0 ||
                     strcmp(sqlstate, "42883") == 0;
    if (!records->is_paused && !atomic_load(&records->needs_migration))
        log_warn("records.waiting", "sqlstate=%s why=%s do=%s", sqlstate, why,
            is_behind ? "run moonline migrate" : "");
    if (is_behind) {
        records->behind_kind = kind;
        atomic_store(&records->needs_migration, true);
    }
    records->is_paused = true;
    net_timer_set(records->pause_timer, clock_ms() + PAUSE_MS);
}

/* ---- answers ---- */

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

static void refuse(struct record *record, const struct query_answer *answer)
{
    record->state = RECORD_REFUSED;
    memcpy(record->sqlstate, answer->sqlstate, sizeof record->sqlstate);
    free(record->why);
    record->why = strdup(answer->why);
}

/* Out of the window for good. */
static void retire(struct records *records, struct record *record)
{
    struct source *source = records->sending;
    if (records->unsent == record)
        records->unsent = record->next;
    DL_DELETE(records->window, record);
    records->window_rows--;
    records->window_bytes -= record->len;
    if (record->seq)
        source->answered_seq = record->seq;
    records_count_down(records, record);
    if (record->state == RECORD_WRITTEN)
        metric_add(METRIC_RECORDS_WRITTEN, 1);
    if (record->state == RECORD_REFUSED && source->file) {
        DL_APPEND(source->refused, record);
        return;
    }
    if (record->state == RECORD_REFUSED)
        metric_add(METRIC_RECORDS_DROPPED, 1);
    record_free(record);
}

static void retire_answered(struct records *records)
{
    struct record *record;
    bool is_any = false;
    while ((record = records->window) &&
           (record->state == RECORD_WRITTEN || record->state == RECORD_REFUSED)) {
        retire(records, record);
        is_any = true;
    }
    if (is_any)
        writer_soon(records, FORGET_MS);
}

void sender_rewind(struct records *records)
{
    struct record *record;
    records->must_rewind = false;
    DL_FOREACH(records->window, record)
    {
        if (record->kind < RECORD_KINDS)
            record->state = RECORD_WAITS;
    }
    records->unsent = records->window;
}

static void on_answer(void *owner, const struct query_answer *answer)
{
    struct record *record = owner;
    struct records *records = record->records;
    records->in_flight--;
    if (!answer->err) {
        record->state = RECORD_WRITTEN;
        if (record->kind == records->behind_kind) /* others' tables may be there all the time */
            atomic_store(&records->needs_migration, false);
    } else if (is_poison(answer)) {
        refuse(record, answer);
        log_poison(record, answer);
    } else {
        record->state = RECORD_WAITS;
        records->must_rewind = true;
        if (answer->err != ERR_CLOSED)
            pause_sending(records, record->kind, answer->sqlstate, answer->why);
    }
    sender_go_on(records);
}

/* ---- the fence ---- */

static void ignore_answer(void *owner, const struct query_answer *answer)
{
}

static void on_fenced(void *owner, const struct query_answer *answer)
{
    struct records *records = owner;
    records->is_fencing = false;
    records->is_fenced = !answer->err;
    if (answer->err && answer->err != ERR_CLOSED)
        pause_sending(records, RECORD_KINDS, answer->sqlstate, answer->why);
    sender_go_on(records);
}

static void fence(struct records *records)
{
    struct query *query;
    struct slice node = slice_from(records->sending->node);
    if (records->is_fencing)
        return;
    enum err err = database_query(
        &query, records->database, END_OTHERS, &node, 1, TIMEOUT_MS, ignore_answer, NULL);
    if (!err)
        err = database_query(
            &query, records->database, FENCE, &node, 1, TIMEOUT_MS, on_fenced, records);
    records->is_fencing = !err;
    if (err)
        pause_sending(records, RECORD_KINDS, "", "the queue to the database is full");
}

/* ---- sending ---- */

static bool send_record(struct records *records, struct record *record)
{
    struct query *query;
    struct slice json = {record->json, record->len};
    if (database_query(&query, records->database, records->sql[record->kind], &json, 1, TIMEOUT_MS,
            on_answer, record)) {
        pause_sending(records, RECORD_KINDS, "", "the queue to the database is full");
        return false;
    }
    record->state = RECORD_SENT;
    records->in_flight++;
    return true;
}

static void send_window(struct records *records)
{
    while (records->unsent && records->in_flight < PIPELINE_MAX) {
        struct record *record = records->unsent;
        if (record->state == RECORD_WAITS && !send_record(records, record))
            return;
        records->unsent = record->next;
    }
}

static bool is_all_sent(const struct records *records, const struct source *source)
{
    return !records->window && source->loaded_seq >= source->last_seq;
}

static bool is_at_due_source(const struct records *records)
{
    return records->sending == (records->orphans ? records->orphans : &records->own);
}

void sender_go_on(struct records *records)
{
    if (records->folder[0] && !records->has_scanned)
        return;
    if (records->must_rewind && records->in_flight)
        return; /* what is under way may still succeed, but is sent again all the same */
    if (records->must_rewind)
        sender_rewind(records);
    retire_answered(records);
    window_feed(records);
    retire_answered(records); /* rows nobody here can send */
    while (records->sending != &records->own && is_all_sent(records, records->sending)) {
        sources_end(records, records->sending);
        window_feed(records);
    }
    if (!is_at_due_source(records)) {
        window_switch(records);
        window_feed(records);
    }
    if (!is_at_due_source(records) || !atomic_load(&records->is_up) || records->is_paused ||
        !records->unsent)
        return;
    if (records->is_fenced)
        send_window(records);
    else
        fence(records);
}

static void pause_over(void *owner)
{
    struct records *records = owner;
    records->is_paused = false;
    sender_go_on(records);
}

static void on_up(void *owner, bool is_up)
{
    struct records *records = owner;
    atomic_store(&records->is_up, is_up);
    metric_set(METRIC_DATABASE_UP, is_up);
    records->is_fenced = false;
    if (is_up)
        sender_go_on(records);
}

enum err sender_open(struct records *records, const char *database_url)
{
    struct database_options options = {.url = database_url,
        .name = "moonline-records",
        .connections = 1,
        .max_waiting =
            2 * PIPELINE_MAX, /* those timed out count until the server is heard of again */
        .keeps_order = true,
        .prepares = true,
        .on_up = on_up,
        .owner = records};
    for (int kind = 0; kind < RECORD_KINDS; kind++) {
        if (!(records->sql[kind] = record_sql((enum record_kind)kind)))
            return ERR_NOMEM;
    }
    enum err err = net_timer_create(&records->pause_timer, records->loop, pause_over, records);
    return err ? err : database_open(&records->database, records->loop, &options);
}
