#include <stdlib.h>
#include <utlist.h>

#include "base/clock.h"
#include "observe/log.h"
#include "observe/metrics.h"
#include "store/record_sql.h"
#include "store/records_internal.h"

#define BATCH_ROWS 1000
#define BATCH_BYTES (4u * 1024 * 1024)
#define RETRY_MS 1000 /* after a disk failed */

void writer_soon(struct records *records, unsigned in_ms)
{
    uint64_t due_ms = clock_ms() + in_ms;
    if (!records->folder[0] || (records->write_due_ms && records->write_due_ms <= due_ms))
        return;
    records->write_due_ms = due_ms;
    net_timer_set(records->write_timer, due_ms);
}

void writer_take_inbox(struct records *records)
{
    struct letter *letter = mailbox_take_all(&records->inbox);
    while (letter) {
        struct record *record = (struct record *)letter;
        letter = letter->next;
        DL_APPEND(records->fresh, record);
    }
}

/* ---- trouble ---- */

static const char *what_to_do(enum err err)
{
    if (err == ERR_FULL)
        return "make room on its disk, or raise MOONLINE_JOURNAL_MB";
    return "make MOONLINE_DATA a folder that can be written";
}

/* A damaged file is done with; of others it is a matter of time. Rows go on through memory until then. */
void writer_failed(struct records *records, struct source *source, enum err err, const char *why)
{
    records->retry_ms = clock_ms() + RETRY_MS;
    writer_soon(records, RETRY_MS);
    metric_add(METRIC_JOURNAL_FAILURES, 1);
    if (err == ERR_BAD && source != &records->own) {
        log_error("journal.damaged", "node=%s why=%s", source->node, why);
        source->is_damaged = true;
        source->loaded_seq = source->last_seq;
        return;
    }
    atomic_store(&records->is_writing, false);
    metric_set(METRIC_JOURNAL_WRITING, 0);
    if (!records->was_logged_stopped)
        log_error("journal.stopped", "node=%s why=%s do=%s", source->node, why, what_to_do(err));
    records->was_logged_stopped = true;
    if (err == ERR_BAD && source->file)
        sources_put_own_aside(records);
}

static void works_again(struct records *records)
{
    atomic_store(&records->is_writing, true);
    metric_set(METRIC_JOURNAL_WRITING, 1);
    if (records->was_logged_stopped)
        log_info("journal.writes", "node=%s", records->own.node);
    records->was_logged_stopped = false;
}

/* ---- a transaction ---- */

static enum err put_refused_aside(struct source *source)
{
    struct record *record;
    enum err err = ERR_OK;
    DL_FOREACH(source->refused, record)
    {
        bool is_known = record->kind < RECORD_KINDS; /* else `why` is its name */
        const char *why = record->why ? record->why : "";
        struct journal_refusal refusal = {.seq = record->seq ? record->seq : --source->memory_seq,
            .kind = is_known ? record_kind_name(record->kind) : why,
            .json = record->json,
            .put_ms = record->put_ms,
            .sqlstate = record->sqlstate,
            .why = is_known ? why : "this version knows no such kind"};
        if (!err)
            err = journal_file_refuse(source->file, &refusal);
    }
    return err;
}

static enum err add(struct source *source, struct record *record)
{
    return journal_file_add(source->file, record->kind, (struct slice){record->json, record->len},
        record->put_ms, &record->pending_seq);
}

/* Those in the window that were sent from memory, then the fresh ones: as they were put. */
static enum err add_rows(struct records *records)
{
    struct record *record;
    size_t rows = 0, bytes = 0;
    enum err err = ERR_OK;
    struct record *last = records->window ? records->window->prev : NULL;
    if (records->sending == &records->own && last && !last->seq) {
        DL_FOREACH(records->window, record)
        {
            if (!err && !record->seq)
                err = add(&records->own, record);
        }
    }
    DL_FOREACH(records->fresh, record)
    {
        if (err || ++rows > BATCH_ROWS || (bytes += record->len) > BATCH_BYTES)
            break;
        err = add(&records->own, record);
    }
    return err;
}

static enum err write_transaction(struct records *records, struct source *source, bool with_rows)
{
    enum err err = journal_file_begin(source->file);
    if (!err && source->answered_seq > source->forgotten_seq)
        err = journal_file_forget(source->file, source->answered_seq);
    if (!err) /* behind it: in a full file that made the room */
        err = put_refused_aside(source);
    if (!err && with_rows && !atomic_load(&records->is_writing))
        err = journal_file_touch(source->file);
    if (!err && with_rows)
        err = add_rows(records);
    if (!err)
        err = journal_file_commit(source->file);
    if (err)
        journal_file_rollback(source->file);
    return err;
}

/* ---- after it ---- */

static void forgotten(struct source *source)
{
    struct record *record;
    source->forgotten_seq = source->answered_seq;
    while ((record = source->refused)) {
        DL_DELETE(source->refused, record);
        record_free(record);
        source->refused_rows++;
    }
}

static void count_saved(struct records *records, struct record *record)
{
    record->seq = record->pending_seq;
    record->pending_seq = 0;
    records->own.left++;
    atomic_fetch_sub(&records->unsaved, 1);
}

/* A fresh row goes on to Postgres from memory when all before it did; else it is read again when its time comes. */
static void saved(struct records *records)
{
    struct source *own = &records->own;
    struct record *record;
    DL_FOREACH(records->window, record)
    {
        if (!record->pending_seq)
            continue;
        count_saved(records, record);
        own->last_seq = own->loaded_seq = record->seq;
    }
    while ((record = records->fresh) && record->pending_seq) {
        bool is_next =
            records->sending == own && own->loaded_seq == own->last_seq && window_has_room(records);
        DL_DELETE(records->fresh, record);
        count_saved(records, record);
        own->last_seq = record->seq;
        if (is_next) {
            own->loaded_seq = record->seq;
            window_append(records, record);
        } else {
            record_free(record);
        }
    }
}

static void unsaved(struct records *records)
{
    struct record *record;
    DL_FOREACH(records->window, record)
    {
        record->pending_seq = 0;
    }
    DL_FOREACH(records->fresh, record)
    {
        if (!record->pending_seq)
            break;
        record->pending_seq = 0;
    }
}

/* ---- a batch ---- */

static bool has_to_forget(const struct source *source)
{
    return source->refused || source->answered_seq > source->forgotten_seq;
}

bool writer_forget(struct records *records, struct source *source)
{
    if (!has_to_forget(source))
        return true;
    enum err err = write_transaction(records, source, false);
    if (!err)
        forgotten(source);
    else if (source != &records->own)
        writer_failed(records, source, err, journal_file_why(source->file));
    return !err;
}

static bool has_unsaved(const struct records *records)
{
    const struct record *last = records->window ? records->window->prev : NULL;
    return records->fresh || (last && !last->seq && records->sending == &records->own);
}

static void write_own(struct records *records)
{
    struct source *own = &records->own;
    if (!own->file)
        sources_open_own(records);
    if (!own->file ||
        (!has_unsaved(records) && !has_to_forget(own) && atomic_load(&records->is_writing)))
        return;
    enum err err = write_transaction(records, own, true);
    if (err) {
        char why[JOURNAL_WHY_SIZE];
        slice_copy(slice_from(journal_file_why(own->file)), why, sizeof why);
        unsaved(records);
        if (err != ERR_BAD)
            writer_forget(records, own); /* which makes room */
        writer_failed(records, own, err, why);
        return;
    }
    metric_add(METRIC_JOURNAL_BATCHES, 1);
    forgotten(own);
    saved(records);
    works_again(records);
    if (records->fresh)
        writer_soon(records, 0); /* sending has its turn between two batches */
}

void writer_write(struct records *records)
{
    records->write_due_ms = 0;
    writer_take_inbox(records);
    if (records->sending != &records->own)
        writer_forget(records, records->sending);
    if (clock_ms() >= records->retry_ms)
        write_own(records);
    else
        writer_soon(records, (unsigned)(records->retry_ms - clock_ms()));
    records_show(records);
    sender_go_on(records);
}
