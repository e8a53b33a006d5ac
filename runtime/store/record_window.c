#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "observe/log.h"
#include "store/record_sql.h"
#include "store/records_internal.h"

bool window_has_room(const struct records *records)
{
    return records->window_rows < WINDOW_ROWS && records->window_bytes < WINDOW_BYTES;
}

void window_append(struct records *records, struct record *record)
{
    record->state = RECORD_WAITS;
    DL_APPEND(records->window, record);
    records->window_rows++;
    records->window_bytes += record->len;
    if (!records->unsent)
        records->unsent = record;
}

/* ---- from a file ---- */

struct loading {
    struct records *records;
    struct source *source;
    bool is_out_of_memory;
};

/* A row of a later version of the program, whose kind we do not know: nobody here can write it. */
static void refuse_unknown(struct loading *loading, const struct journal_row *row)
{
    struct record *record = calloc(1, sizeof *record);
    char *json = record ? strdup(row->json) : NULL;
    loading->is_out_of_memory = !json;
    if (!json) {
        free(record);
        return;
    }
    log_error("records.refused", "kind=%s why=%s", row->kind, "this version knows no such kind");
    *record = (struct record){.records = loading->records,
        .kind = RECORD_KINDS,
        .state = RECORD_REFUSED,
        .seq = row->seq,
        .put_ms = row->put_ms,
        .len = strlen(json),
        .json = json,
        .why = strdup(row->kind)};
    window_append(loading->records, record);
    record->state = RECORD_REFUSED;
}

static bool load_row(void *owner, const struct journal_row *row)
{
    struct loading *loading = owner;
    struct records *records = loading->records;
    enum record_kind kind;
    if (!window_has_room(records))
        return false;
    if (!record_kind_find(&kind, row->kind)) {
        refuse_unknown(loading, row);
    } else {
        struct record *record = record_make(records, kind, strdup(row->json));
        loading->is_out_of_memory = !record;
        if (record) {
            record->seq = row->seq;
            record->put_ms = row->put_ms;
            window_append(records, record);
        }
    }
    if (!loading->is_out_of_memory)
        loading->source->loaded_seq = row->seq;
    return !loading->is_out_of_memory;
}

static void load(struct records *records, struct source *source)
{
    struct loading loading = {.records = records, .source = source};
    enum err err = journal_file_read(source->file, source->loaded_seq, load_row, &loading);
    if (err)
        writer_failed(records, source, err, journal_file_why(source->file));
    else if (!loading.is_out_of_memory && window_has_room(records))
        source->loaded_seq = source->last_seq; /* there was no more */
}

/* ---- feeding ---- */

void window_feed(struct records *records)
{
    struct source *source = records->sending;
    if (source->file && source->loaded_seq < source->last_seq) {
        /* A reading costs the same for one row as for many. */
        if (records->window_rows <= WINDOW_ROWS / 2)
            load(records, source);
        return;
    }
    while (source == &records->own && !atomic_load(&records->is_writing) && records->fresh &&
           window_has_room(records)) {
        struct record *record = records->fresh;
        DL_DELETE(records->fresh, record);
        window_append(records, record);
    }
}

void window_drop(struct records *records)
{
    struct record *record, *kept = NULL;
    while ((record = records->window)) {
        DL_DELETE(records->window, record);
        if (record->seq == 0)
            DL_APPEND(kept, record);
        else
            record_free(record);
    }
    DL_CONCAT(kept, records->fresh);
    records->fresh = kept;
    records->unsent = NULL;
    records->window_rows = records->window_bytes = 0;
    records->sending->loaded_seq = records->sending->answered_seq;
}

void window_switch(struct records *records)
{
    struct source *due = records->orphans ? records->orphans : &records->own;
    if (due == records->sending || records->in_flight || records->is_fencing)
        return;
    window_drop(records);
    records->sending = due;
    records->is_fenced = false;
    records->must_rewind = false;
}
