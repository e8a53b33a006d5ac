#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "base/clock.h"
#include "observe/log.h"
#include "observe/metrics.h"
#include "store/record_sql.h"
#include "store/records_internal.h"

#define FILES_MAX 256
#define SCAN_MS 5000
#define PRUNE_MS 3600000u

static struct journal_options options_of(const struct records *records, const char *node)
{
    struct journal_options options = records->options;
    options.folder = records->folder;
    options.node = node;
    return options;
}

/* ---- our own ---- */

void sources_open_own(struct records *records)
{
    struct source *own = &records->own;
    struct journal_options options = options_of(records, own->node);
    char why[JOURNAL_WHY_SIZE] = "the folder, or the file's lock, cannot be made";
    enum err err = journal_folder_make(records->folder);
    if (!err && own->lock < 0)
        err = journal_folder_lock(&own->lock, records->folder, own->node);
    if (!err)
        err = journal_file_open(&own->file, &options, why);
    struct journal_stats stats = {0};
    if (!err)
        err = journal_file_stats(own->file, &stats);
    if (err) {
        journal_file_close(own->file);
        own->file = NULL;
        writer_failed(records, own, err, why);
        return;
    }
    own->last_seq = own->loaded_seq = own->answered_seq = own->forgotten_seq = stats.last_seq;
    own->refused_rows = stats.refused;
}

/* What is in the window goes into the next file; what was not read yet is in the damaged one only. */
void sources_put_own_aside(struct records *records)
{
    struct source *own = &records->own;
    struct record *record;
    char name[JOURNAL_NODE_SIZE + 40];
    size_t lost = own->left;
    journal_file_close(own->file);
    own->file = NULL;
    if (journal_folder_put_aside(records->folder, own->node, name))
        log_error("journal.stuck", "node=%s why=%s", own->node, "a damaged file cannot be renamed");
    if (records->sending == own) {
        DL_FOREACH(records->window, record)
        {
            if (!record->seq)
                continue;
            record->seq = 0;
            lost--;
            atomic_fetch_add(&records->unsaved, 1);
        }
    }
    atomic_fetch_sub(&records->waiting, lost);
    own->left = 0;
    own->last_seq = own->loaded_seq = own->answered_seq = own->forgotten_seq = own->wiped_seq = 0;
    records->retry_ms = 0;
    log_error("journal.damaged", "file=%s rows=%zu do=%s", name, lost,
        "sqlite3 FILE .recover shows what can be read of it");
}

/* A file that holds nobody's words has them in its log no more: a person who is erased is gone from it too. */
static void wipe_own(struct records *records)
{
    struct source *own = &records->own;
    bool is_wiped;
    if (own->left || own->wiped_seq == own->forgotten_seq || own->forgotten_seq < own->last_seq)
        return;
    if (journal_file_wipe(own->file, &is_wiped))
        log_warn("journal.unwiped", "node=%s why=%s", own->node, journal_file_why(own->file));
    else if (is_wiped)
        own->wiped_seq = own->forgotten_seq;
}

static void keep_own(struct records *records)
{
    struct source *own = &records->own;
    size_t count = 0;
    if (!own->file || !atomic_load(&records->is_writing))
        return;
    if (clock_ms() >= records->prune_ms && journal_file_prune(own->file, clock_wall_ms()) == ERR_OK)
        records->prune_ms = clock_ms() + PRUNE_MS;
    wipe_own(records);
    /* Rows that are only in memory must not come behind those that are put back. */
    if (!own->refused_rows || atomic_load(&records->unsaved) ||
        journal_file_take_retried(own->file, &count) || !count)
        return;
    own->last_seq += (int64_t)count;
    own->left += count;
    own->refused_rows -= count < own->refused_rows ? count : own->refused_rows;
    atomic_fetch_add(&records->waiting, count);
    log_info("journal.retried", "rows=%zu", count);
}

/* ---- dead processes' ---- */

static bool is_known(const struct records *records, const char *node)
{
    const struct source *source;
    DL_FOREACH(records->orphans, source)
    {
        if (strcmp(source->node, node) == 0)
            return true;
    }
    return strcmp(records->own.node, node) == 0;
}

static void put_orphan_aside(struct records *records, const char *node, int lock, const char *why)
{
    char name[JOURNAL_NODE_SIZE + 40];
    if (journal_folder_put_aside(records->folder, node, name)) {
        journal_folder_unlock(lock);
        return;
    }
    journal_folder_remove(records->folder, node, lock); /* its lock */
    log_error("journal.damaged", "file=%s why=%s do=%s", name, why,
        "sqlite3 FILE .recover shows what can be read of it");
}

static void open_orphan(struct records *records, const char *node, int lock)
{
    struct journal_options options = options_of(records, node);
    struct journal_stats stats = {0};
    struct journal_file *file = NULL;
    char why[JOURNAL_WHY_SIZE] = "";
    struct source *source = calloc(1, sizeof *source);
    enum err err = source ? journal_file_open(&file, &options, why) : ERR_NOMEM;
    if (!err && (err = journal_file_stats(file, &stats)))
        slice_copy(slice_from(journal_file_why(file)), why, sizeof why);
    if (err) {
        journal_file_close(file);
        free(source);
        if (err == ERR_BAD)
            put_orphan_aside(records, node, lock, why);
        else
            journal_folder_unlock(lock);
        if (err != ERR_BAD && !records->has_scanned)
            log_warn("journal.left", "node=%s why=%s", node, why);
        return;
    }
    *source = (struct source){.file = file,
        .lock = lock,
        .last_seq = stats.last_seq,
        .left = stats.rows,
        .refused_rows = stats.refused};
    slice_copy(slice_from(node), source->node, sizeof source->node);
    DL_APPEND(records->orphans, source);
    atomic_fetch_add(&records->waiting, stats.rows);
    metric_add(METRIC_JOURNAL_ADOPTED, 1);
    log_info("journal.adopted", "node=%s rows=%zu refused=%zu", node, stats.rows, stats.refused);
}

static void adopt(struct records *records, char (*nodes)[JOURNAL_NODE_SIZE], size_t count)
{
    for (size_t i = 0; i < count; i++) {
        int lock;
        if (!is_known(records, nodes[i]) &&
            journal_folder_adopt(&lock, records->folder, nodes[i]) == ERR_OK)
            open_orphan(records, nodes[i], lock);
    }
}

static void adopt_all(struct records *records)
{
    char(*nodes)[JOURNAL_NODE_SIZE] = calloc(FILES_MAX, sizeof *nodes);
    if (!nodes)
        return;
    adopt(records, nodes, journal_folder_list(records->folder, nodes, FILES_MAX));
    adopt(records, nodes, journal_folder_locks(records->folder, nodes, FILES_MAX));
    free(nodes);
}

void sources_scan(void *owner)
{
    struct records *records = owner;
    adopt_all(records);
    records->has_scanned = true;
    writer_write(records);
    keep_own(records);
    records_show(records);
    sender_go_on(records);
    net_timer_set(records->scan_timer, clock_ms() + SCAN_MS);
}

static void free_source(struct records *records, struct source *source)
{
    struct record *record;
    while ((record = source->refused)) {
        DL_DELETE(source->refused, record);
        record_free(record);
    }
    DL_DELETE(records->orphans, source);
    free(source);
}

/* Its open calls are closed behind its rows, by a record of our own: so that this outlives us too. */
static void tell_lost(struct records *records, const char *node)
{
    json_t *row = json_pack("{s:s}", "node", node);
    char *text = row ? json_dumps(row, JSON_COMPACT) : NULL;
    json_decref(row);
    if (!text || records_put_take(records, RECORD_NODE_LOST, text) != ERR_OK)
        log_warn("record.dropped", "kind=%s node=%s", record_kind_name(RECORD_NODE_LOST), node);
}

/* All its rows are in Postgres: the file goes, as soon as ours has what was refused of it. */
static void finish_orphan(struct records *records, struct source *source)
{
    tell_lost(records, source->node);
    bool is_ours = writer_forget(records, source) && !source->is_damaged;
    if (is_ours && source->refused_rows) {
        is_ours = records->own.file &&
                  journal_file_copy_refused(records->own.file, source->file) == ERR_OK;
        if (is_ours)
            records->own.refused_rows += source->refused_rows;
    }
    journal_file_close(source->file);
    if (source->is_damaged)
        put_orphan_aside(records, source->node, source->lock, "it could be read in part");
    else if (is_ours)
        journal_folder_remove(records->folder, source->node, source->lock);
    else
        journal_folder_unlock(source->lock); /* adopted again with the next scan */
    log_info("journal.sent", "node=%s gone=%d", source->node, is_ours);
}

void sources_end(struct records *records, struct source *source)
{
    finish_orphan(records, source);
    atomic_fetch_sub(&records->waiting, source->left);
    free_source(records, source);
    records->sending = records->orphans ? records->orphans : &records->own;
    records->is_fenced = false;
}

/* ---- the end ---- */

void sources_close(struct records *records)
{
    struct source *own = &records->own, *source;
    struct record *record;
    while ((source = records->orphans)) {
        writer_forget(records, source);
        journal_file_close(source->file);
        journal_folder_unlock(source->lock);
        free_source(records, source);
    }
    if (own->file)
        writer_forget(records, own);
    bool is_empty = own->file && !own->left && !own->refused_rows && !own->refused;
    journal_file_close(own->file);
    while ((record = own->refused)) {
        DL_DELETE(own->refused, record);
        record_free(record);
    }
    if (is_empty)
        journal_folder_remove(records->folder, own->node, own->lock);
    else
        journal_folder_unlock(own->lock);
}
