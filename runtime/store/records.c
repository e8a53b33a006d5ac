#include "store/records.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "base/clock.h"
#include "base/id.h"
#include "observe/log.h"
#include "observe/metrics.h"
#include "store/records_internal.h"

#define QUESTIONS_MAX 256
#define GATHER_MS 5     /* rows that come one after the other share a transaction */
#define SHOW_MS 500     /* what gauges say is so old at most */
#define DRAIN_LOOK_MS 5 /* while draining */
#define AWAY_MS                                                                                    \
    1000 /* so long a drain waits for a database that is away, when the journal has all */

/* ---- rows ---- */

struct record *record_make(struct records *records, enum record_kind kind, char *json)
{
    struct record *record = json ? calloc(1, sizeof *record) : NULL;
    if (!record) {
        free(json);
        return NULL;
    }
    *record = (struct record){.records = records,
        .kind = kind,
        .put_ms = clock_wall_ms(),
        .len = strlen(json),
        .json = json};
    return record;
}

void record_free(struct record *record)
{
    free(record->why);
    free(record->json);
    free(record);
}

void records_count_down(struct records *records, const struct record *record)
{
    size_t left = atomic_fetch_sub(&records->waiting, 1) - 1;
    if (record->seq)
        records->sending->left--;
    else
        atomic_fetch_sub(&records->unsaved, 1);
    metric_set(METRIC_RECORDS_WAITING, (int64_t)left);
}

enum err records_put_take(struct records *records, enum record_kind kind, char *json)
{
    struct record *record = record_make(records, kind, json);
    enum err err = record ? ERR_OK : ERR_NOMEM;
    if (!err && atomic_fetch_add(&records->unsaved, 1) >= records->capacity) {
        atomic_fetch_sub(&records->unsaved, 1);
        err = ERR_FULL;
    } else if (!err) {
        size_t waiting = atomic_fetch_add(&records->waiting, 1) + 1;
        metric_set(METRIC_RECORDS_WAITING, (int64_t)waiting);
        mailbox_force(&records->inbox, &record->letter); /* `unsaved` is its bound */
    }
    if (err) {
        metric_add(METRIC_RECORDS_DROPPED, 1);
        if (record)
            record_free(record);
    }
    return err;
}

/* ---- what others see ---- */

static uint64_t oldest_ms(const struct records *records)
{
    if (records->window)
        return records->window->put_ms;
    if (records->sending->file && records->sending->left)
        return journal_file_oldest_ms(records->sending->file);
    return records->fresh ? records->fresh->put_ms : 0;
}

void records_show(struct records *records)
{
    const struct source *source;
    uint64_t now_ms = clock_ms(), bytes = 0, oldest = oldest_ms(records);
    bool is_shown = atomic_load(&records->oldest_ms) != 0; /* that any waits */
    if (now_ms < records->shown_ms + SHOW_MS && oldest && is_shown)
        return;
    records->shown_ms = now_ms;
    size_t refused = records->own.refused_rows;
    if (records->own.file)
        bytes = journal_file_bytes(records->own.file);
    DL_FOREACH(records->orphans, source)
    {
        refused += source->refused_rows;
        bytes += journal_file_bytes(source->file);
    }
    atomic_store(&records->oldest_ms, oldest);
    atomic_store(&records->refused, refused);
    atomic_store(&records->bytes, bytes);
    struct records_state state;
    records_look(records, &state);
    metric_set(METRIC_JOURNAL_ROWS, (int64_t)state.journalled);
    metric_set(METRIC_JOURNAL_OLDEST_S, (int64_t)state.oldest_s);
    metric_set(METRIC_JOURNAL_BYTES, (int64_t)bytes);
    metric_set(METRIC_JOURNAL_REFUSED, (int64_t)refused);
}

void records_look(const struct records *records, struct records_state *out)
{
    size_t waiting = atomic_load(&records->waiting), unsaved = atomic_load(&records->unsaved);
    uint64_t oldest = atomic_load(&records->oldest_ms), now_ms = clock_wall_ms();
    *out = (struct records_state){.waiting = waiting,
        .journalled = waiting > unsaved ? waiting - unsaved : 0,
        .refused = atomic_load(&records->refused),
        .oldest_s = waiting && oldest && oldest < now_ms ? (now_ms - oldest) / 1000 : 0,
        .bytes = atomic_load(&records->bytes),
        .has_room = unsaved < records->capacity,
        .is_database_up = atomic_load(&records->is_up),
        .is_journal_writing = atomic_load(&records->is_writing),
        .needs_migration = atomic_load(&records->needs_migration)};
}

size_t records_waiting(const struct records *records)
{
    return atomic_load(&records->waiting);
}

bool records_database_is_up(const struct records *records)
{
    return atomic_load(&records->is_up);
}

/* ---- the loop ---- */

static void on_wake(void *owner)
{
    struct records *records = owner;
    if (records->folder[0] && clock_ms() >= records->retry_ms) {
        writer_soon(records, GATHER_MS);
    } else {
        writer_take_inbox(records);
        sender_go_on(records);
    }
    unsent_answer_all(records);
}

static void write_due(void *owner)
{
    writer_write(owner);
}

static void wake(void *owner)
{
    struct records *records = owner;
    net_wake_send(records->wake);
}

/* ---- draining ---- */

static bool is_drained(const struct records *records, uint64_t now_ms)
{
    bool is_saved = records->folder[0] && !atomic_load(&records->unsaved);
    bool is_away = !atomic_load(&records->is_up) || records->is_paused;
    return !atomic_load(&records->waiting) || now_ms >= records->drain_until_ms ||
           (is_saved && is_away && now_ms >= records->drain_away_ms);
}

static void drain_look(void *owner)
{
    struct records *records = owner;
    uint64_t now_ms = clock_ms();
    if (!is_drained(records, now_ms)) {
        net_timer_set(records->drain_timer, now_ms + DRAIN_LOOK_MS);
        return;
    }
    size_t left = atomic_load(&records->unsaved);
    size_t kept = atomic_load(&records->waiting) - left;
    void (*fn)(void *owner, size_t left) = records->on_drained;
    records->on_drained = NULL;
    if (left)
        log_error("records.lost", "left=%zu why=%s", left,
            "neither the database nor the journal took them until the deadline");
    if (kept)
        log_info("journal.kept", "rows=%zu", kept);
    fn(records->drain_owner, left);
}

void records_drain(struct records *records, uint64_t deadline_ms,
    void (*fn)(void *owner, size_t left), void *owner)
{
    records->on_drained = fn;
    records->drain_owner = owner;
    records->drain_until_ms = deadline_ms;
    records->drain_away_ms = clock_ms() + AWAY_MS;
    net_timer_set(records->drain_timer, 0);
}

/* ---- life ---- */

static enum err open_parts(struct records *records, const char *database_url)
{
    enum err err = net_wake_create(&records->wake, records->loop, on_wake, records);
    if (!err)
        err = net_timer_create(&records->write_timer, records->loop, write_due, records);
    if (!err)
        err = net_timer_create(&records->scan_timer, records->loop, sources_scan, records);
    if (!err)
        err = net_timer_create(&records->drain_timer, records->loop, drain_look, records);
    if (!err)
        err = sender_open(records, database_url);
    if (!err && records->folder[0])
        net_timer_set(records->scan_timer, 0);
    return err;
}

enum err records_open_journal(struct records **out, struct net_loop *loop, const char *database_url,
    size_t capacity, const struct journal_options *journal)
{
    struct records *records = calloc(1, sizeof *records);
    if (!records)
        return ERR_NOMEM;
    records->loop = loop;
    records->capacity = capacity;
    records->own.lock = -1;
    records->sending = &records->own;
    id_make(records->own.node);
    if (journal) {
        records->options = *journal;
        slice_copy(slice_from(journal->folder), records->folder, sizeof records->folder);
        slice_copy(slice_from(journal->node), records->own.node, sizeof records->own.node);
    }
    pthread_mutex_init(&records->answering, NULL);
    mailbox_init(&records->inbox, capacity, wake, records);
    mailbox_init(&records->questions, QUESTIONS_MAX, wake, records);
    enum err err = open_parts(records, database_url);
    if (err)
        records_close(records);
    else
        *out = records;
    return err;
}

enum err records_open(
    struct records **out, struct net_loop *loop, const char *database_url, size_t capacity)
{
    return records_open_journal(out, loop, database_url, capacity, NULL);
}

static void free_all(struct record *list)
{
    struct record *record, *next;
    DL_FOREACH_SAFE(list, record, next)
    {
        record_free(record);
    }
}

/* What was put since the last batch. */
static void save_the_last(struct records *records)
{
    size_t before = SIZE_MAX, unsaved;
    while (records->folder[0] && (unsaved = atomic_load(&records->unsaved)) && unsaved < before) {
        before = unsaved;
        records->retry_ms = 0;
        writer_write(records);
    }
}

void records_close(struct records *records)
{
    atomic_store(&records->is_up, false);
    if (records->database)
        database_close(records->database);
    save_the_last(records);
    sources_close(records);
    if (records->wake)
        net_wake_destroy(records->wake);
    net_timer_destroy(records->pause_timer);
    net_timer_destroy(records->write_timer);
    net_timer_destroy(records->scan_timer);
    net_timer_destroy(records->drain_timer);
    writer_take_inbox(records);
    free_all(records->fresh);
    free_all(records->window);
    unsent_close(records);
    mailbox_destroy(&records->inbox);
    for (int kind = 0; kind < RECORD_KINDS; kind++)
        free(records->sql[kind]);
    free(records);
}
