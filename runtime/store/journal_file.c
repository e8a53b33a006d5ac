#include "store/journal_file.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json_scan.h"
#include "store/record_sql.h"
#include "text/redact.h"

#define VERSION 1 /* of the schema below, in user_version */
#define PAGE_BYTES 4096
#define BUSY_MS 1000                      /* somebody looks into the file */
#define WAL_KEPT_BYTES (16 * 1024 * 1024) /* of the log beside it, after a checkpoint */
#define CALLS_KEPT_MS 86400000ull
#define DEADLINE_STEPS 10000 /* of SQLite's machine, between two looks at the clock */
#define CALL_ID_SIZE 128
#define REFUSAL_WHY_SIZE 512

static const char SCHEMA[] =
    "create table rows (seq integer primary key autoincrement, kind text not null, call text,"
    " put_ms integer not null, json text not null);"
    "create index rows_of_call on rows (call) where call is not null;"
    "create table calls (call_id text primary key, call_sid text not null, put_ms integer not null)"
    " without rowid;"
    "create index calls_of_sid on calls (call_sid);"
    "create table refused (node text not null, seq integer not null, kind text not null,"
    " json text not null, put_ms integer not null, sqlstate text not null, why text not null,"
    " is_retried integer not null default 0, primary key (node, seq));";

enum statement {
    BEGIN,
    COMMIT,
    ADD,
    KNOW_CALL,
    FORGET,
    REFUSE,
    READ,
    READ_CALL,
    OLDEST,
    STATS,
    PAGES,
    REFUSED,
    RETRY,
    TAKE_RETRIED,
    DROP_RETRIED,
    COPY_REFUSED,
    ALL_REFUSED,
    PRUNE,
    STATEMENTS
};

static const char *const SQL[STATEMENTS] = {
    [BEGIN] = "begin immediate",
    [COMMIT] = "commit",
    [ADD] = "insert into rows (kind, call, put_ms, json) values (?1, ?2, ?3, ?4)",
    [KNOW_CALL] = "insert into calls (call_id, call_sid, put_ms) values (?1, ?2, ?3)"
                  " on conflict (call_id) do update set put_ms = excluded.put_ms",
    [FORGET] = "delete from rows where seq <= ?1",
    [REFUSE] = "insert or ignore into refused (node, seq, kind, json, put_ms, sqlstate, why)"
               " values (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    [READ] = "select seq, kind, json, put_ms from rows where seq > ?1 order by seq",
    [READ_CALL] =
        "select seq, kind, json, put_ms from rows where call in (select ?1 union select ?2"
        " union select call_id from calls where call_sid = ?1) order by seq",
    [OLDEST] = "select put_ms from rows order by seq limit 1",
    [STATS] = "select (select count(*) from rows), (select count(*) from refused),"
              " coalesce((select seq from sqlite_sequence where name = 'rows'), 0)",
    [PAGES] = "select (select page_count from pragma_page_count) -"
              " (select freelist_count from pragma_freelist_count)",
    [REFUSED] = "select seq, kind, json, put_ms, sqlstate, why from refused order by put_ms, seq",
    [RETRY] = "update refused set is_retried = 1 where not is_retried",
    [TAKE_RETRIED] = "insert into rows (kind, put_ms, json) select kind, put_ms, json from refused"
                     " where is_retried order by put_ms, seq",
    [DROP_RETRIED] = "delete from refused where is_retried",
    [COPY_REFUSED] = "insert or ignore into refused values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    [ALL_REFUSED] = "select * from refused",
    [PRUNE] = "delete from calls where put_ms < ?1",
};

struct journal_file {
    sqlite3 *db;
    sqlite3_stmt *statements[STATEMENTS];
    char node[JOURNAL_NODE_SIZE];
    char why[JOURNAL_WHY_SIZE];
    uint64_t deadline_ms; /* of a reading; 0: none */
};

static enum err err_of(int code)
{
    switch (code & 0xff) {
    case SQLITE_OK:
    case SQLITE_ROW:
    case SQLITE_DONE:
        return ERR_OK;
    case SQLITE_NOMEM:
        return ERR_NOMEM;
    case SQLITE_FULL:
        return ERR_FULL;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return ERR_BAD;
    case SQLITE_INTERRUPT:
        return ERR_TIMEOUT;
    default:
        return ERR_SYSTEM;
    }
}

static enum err result(struct journal_file *file, int code)
{
    enum err err = err_of(code);
    if (err)
        snprintf(file->why, sizeof file->why, "%s (sqlite %d)", sqlite3_errmsg(file->db),
            sqlite3_extended_errcode(file->db));
    return err;
}

static enum err run(struct journal_file *file, const char *sql)
{
    return result(file, sqlite3_exec(file->db, sql, NULL, NULL, NULL));
}

/* ---- statements ---- */

static enum err prepare(struct journal_file *file, enum statement which, sqlite3_stmt **out)
{
    sqlite3_stmt **statement = &file->statements[which];
    int code = *statement ? SQLITE_OK
                          : sqlite3_prepare_v3(file->db, SQL[which], -1, SQLITE_PREPARE_PERSISTENT,
                                statement, NULL);
    *out = *statement;
    return result(file, code);
}

static void bind_text(sqlite3_stmt *statement, int at, const char *text)
{
    sqlite3_bind_text(statement, at, text, -1, SQLITE_STATIC);
}

/* Runs what is bound; `changes` may be NULL. */
static enum err finish(struct journal_file *file, sqlite3_stmt *statement, size_t *changes)
{
    enum err err = result(file, sqlite3_step(statement));
    if (!err && changes)
        *changes = (size_t)sqlite3_changes(file->db);
    sqlite3_reset(statement);
    sqlite3_clear_bindings(statement);
    return err;
}

static enum err run_kept(struct journal_file *file, enum statement which, size_t *changes)
{
    sqlite3_stmt *statement;
    enum err err = prepare(file, which, &statement);
    return err ? err : finish(file, statement, changes);
}

/* ---- opening ---- */

static int is_late(void *owner)
{
    const struct journal_file *file = owner;
    return file->deadline_ms && clock_ms() > file->deadline_ms;
}

static enum err open_database(
    struct journal_file **out, const char *folder, const char *node, int flags, char *why)
{
    char path[4096];
    struct journal_file *file = calloc(1, sizeof *file);
    snprintf(why, JOURNAL_WHY_SIZE, "no memory");
    if (!file)
        return ERR_NOMEM;
    snprintf(path, sizeof path, "%s/%s.db", folder, node);
    slice_copy(slice_from(node), file->node, sizeof file->node);
    enum err err =
        result(file, sqlite3_open_v2(path, &file->db, flags | SQLITE_OPEN_NOMUTEX, NULL));
    if (err) {
        slice_copy(slice_from(file->why), why, JOURNAL_WHY_SIZE);
        journal_file_close(file);
        return err;
    }
    sqlite3_busy_timeout(file->db, BUSY_MS);
    sqlite3_progress_handler(file->db, DEADLINE_STEPS, is_late, file);
    *out = file;
    return ERR_OK;
}

static enum err read_version(struct journal_file *file, int *version)
{
    sqlite3_stmt *statement;
    enum err err =
        result(file, sqlite3_prepare_v2(file->db, "pragma user_version", -1, &statement, NULL));
    if (err)
        return err;
    err = result(file, sqlite3_step(statement));
    *version = sqlite3_column_int(statement, 0);
    sqlite3_finalize(statement);
    return err;
}

/* A file without version was killed while it was made, and holds no row. */
static enum err bring_schema(struct journal_file *file)
{
    int version = 0;
    char sql[sizeof SCHEMA + 100];
    enum err err = read_version(file, &version);
    if (err || version == VERSION)
        return err;
    if (version != 0) {
        snprintf(file->why, sizeof file->why, "it is of version %d, this program's is %d", version,
            VERSION);
        return ERR_REFUSED;
    }
    snprintf(
        sql, sizeof sql, "begin immediate; %s pragma user_version = %d; commit", SCHEMA, VERSION);
    return run(file, sql);
}

static enum err set_up(struct journal_file *file, const struct journal_options *options)
{
    char sql[400];
    snprintf(sql, sizeof sql,
        "pragma page_size = %d; pragma journal_mode = wal; pragma synchronous = %s;"
        " pragma secure_delete = on; pragma temp_store = memory; pragma journal_size_limit = %d;"
        " pragma max_page_count = %llu",
        PAGE_BYTES, options->is_synced ? "full" : "normal", WAL_KEPT_BYTES,
        (unsigned long long)options->max_mb * 1024 * 1024 / PAGE_BYTES);
    enum err err =
        bring_schema(file); /* before its mode is changed: another version's may differ */
    return err ? err : run(file, sql);
}

enum err journal_file_open(
    struct journal_file **out, const struct journal_options *options, char why[JOURNAL_WHY_SIZE])
{
    struct journal_file *file;
    enum err err = open_database(
        &file, options->folder, options->node, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, why);
    if (err)
        return err;
    err = set_up(file, options);
    if (err) {
        slice_copy(slice_from(file->why), why, JOURNAL_WHY_SIZE);
        journal_file_close(file);
        return err;
    }
    *out = file;
    return ERR_OK;
}

enum err journal_file_look(
    struct journal_file **out, const char *folder, const char *node, char why[JOURNAL_WHY_SIZE])
{
    int version = 0;
    struct journal_file *file;
    if (open_database(&file, folder, node, SQLITE_OPEN_READWRITE, why))
        return ERR_NOT_FOUND;
    enum err err = read_version(file, &version);
    if (!err && version != VERSION) {
        snprintf(file->why, sizeof file->why, "it is of version %d", version);
        err = ERR_REFUSED;
    }
    if (err) {
        slice_copy(slice_from(file->why), why, JOURNAL_WHY_SIZE);
        journal_file_close(file);
        return err;
    }
    *out = file;
    return ERR_OK;
}

void journal_file_close(struct journal_file *file)
{
    if (!file)
        return;
    for (int which = 0; which < STATEMENTS; which++)
        sqlite3_finalize(file->statements[which]);
    sqlite3_close(file->db);
    free(file);
}

const char *journal_file_why(const struct journal_file *file)
{
    return file->why;
}

/* ---- writing ---- */

enum err journal_file_begin(struct journal_file *file)
{
    return run_kept(file, BEGIN, NULL);
}

enum err journal_file_commit(struct journal_file *file)
{
    return run_kept(file, COMMIT, NULL);
}

enum err journal_file_touch(struct journal_file *file)
{
    char sql[60];
    snprintf(sql, sizeof sql, "pragma user_version = %d", VERSION);
    return run(file, sql);
}

void journal_file_rollback(struct journal_file *file)
{
    if (!sqlite3_get_autocommit(file->db)) /* some errors end the transaction by themselves */
        sqlite3_exec(file->db, "rollback", NULL, NULL, NULL);
}

enum err journal_file_wipe(struct journal_file *file, bool *is_wiped)
{
    int code = sqlite3_wal_checkpoint_v2(file->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
    *is_wiped = code == SQLITE_OK;
    return code == SQLITE_BUSY ? ERR_OK : result(file, code);
}

/* What a row says of its call: an id, or where it has none (the end of a stream) the CallSid; of calls' own rows both.
   Empty where it does not, or is no JSON. */
static void find_call(
    enum record_kind kind, struct slice json, char call[CALL_ID_SIZE], char call_sid[CALL_ID_SIZE])
{
    static const char *const NAMES[] = {"id", "call_id", "call_sid"};
    struct json_scan_value values[3] = {0};
    call[0] = call_sid[0] = 0;
    if (json_scan_object(json, NAMES, values, 3))
        return;
    if (kind == RECORD_CALL && json_scan_text(&values[2], call_sid, CALL_ID_SIZE)) {
        if (!json_scan_text(&values[0], call, CALL_ID_SIZE))
            call[0] = 0;
        return;
    }
    if (!json_scan_text(&values[kind == RECORD_CALL ? 0 : 1], call, CALL_ID_SIZE) &&
        !json_scan_text(&values[2], call, CALL_ID_SIZE))
        call[0] = 0;
    call_sid[0] = 0;
}

static enum err know_call(
    struct journal_file *file, const char *call_id, const char *call_sid, uint64_t put_ms)
{
    sqlite3_stmt *statement;
    enum err err = prepare(file, KNOW_CALL, &statement);
    if (err)
        return err;
    bind_text(statement, 1, call_id);
    bind_text(statement, 2, call_sid);
    sqlite3_bind_int64(statement, 3, (sqlite3_int64)put_ms);
    return finish(file, statement, NULL);
}

enum err journal_file_add(struct journal_file *file, enum record_kind kind, struct slice json,
    uint64_t put_ms, int64_t *seq)
{
    char call[CALL_ID_SIZE], call_sid[CALL_ID_SIZE];
    sqlite3_stmt *statement;
    enum err err = prepare(file, ADD, &statement);
    if (err)
        return err;
    find_call(kind, json, call, call_sid);
    bind_text(statement, 1, record_kind_name(kind));
    if (call[0])
        bind_text(statement, 2, call);
    sqlite3_bind_int64(statement, 3, (sqlite3_int64)put_ms);
    sqlite3_bind_text(statement, 4, json.data, (int)json.len, SQLITE_STATIC);
    err = finish(file, statement, NULL);
    *seq = sqlite3_last_insert_rowid(file->db);
    if (!err && call[0] && call_sid[0])
        err = know_call(file, call, call_sid, put_ms);
    return err;
}

enum err journal_file_forget(struct journal_file *file, int64_t up_to_seq)
{
    sqlite3_stmt *statement;
    enum err err = prepare(file, FORGET, &statement);
    if (err)
        return err;
    sqlite3_bind_int64(statement, 1, up_to_seq);
    return finish(file, statement, NULL);
}

enum err journal_file_refuse(struct journal_file *file, const struct journal_refusal *refusal)
{
    sqlite3_stmt *statement;
    enum err err = prepare(file, REFUSE, &statement);
    if (err)
        return err;
    bind_text(statement, 1, file->node);
    sqlite3_bind_int64(statement, 2, refusal->seq);
    bind_text(statement, 3, refusal->kind);
    bind_text(statement, 4, refusal->json);
    sqlite3_bind_int64(statement, 5, (sqlite3_int64)refusal->put_ms);
    bind_text(statement, 6, refusal->sqlstate);
    char why
        [REFUSAL_WHY_SIZE]; /* Postgres quotes the value it refuses; the row itself stays whole, to be sent again */
    redact_copy(slice_from(refusal->why), why, sizeof why);
    bind_text(statement, 7, why);
    return finish(file, statement, NULL);
}

enum err journal_file_prune(struct journal_file *file, uint64_t wall_ms)
{
    sqlite3_stmt *statement;
    enum err err = prepare(file, PRUNE, &statement);
    if (err)
        return err;
    sqlite3_bind_int64(statement, 1, (sqlite3_int64)(wall_ms - CALLS_KEPT_MS));
    return finish(file, statement, NULL);
}

/* ---- reading ---- */

static const char *column(sqlite3_stmt *statement, int at)
{
    const char *text = (const char *)sqlite3_column_text(statement, at);
    return text ? text : "";
}

static enum err read_rows(
    struct journal_file *file, sqlite3_stmt *statement, journal_row_fn *fn, void *owner)
{
    int code;
    bool goes_on = true;
    while (goes_on && (code = sqlite3_step(statement)) == SQLITE_ROW) {
        struct journal_row row = {.seq = sqlite3_column_int64(statement, 0),
            .kind = column(statement, 1),
            .json = column(statement, 2),
            .put_ms = (uint64_t)sqlite3_column_int64(statement, 3)};
        goes_on = fn(owner, &row);
    }
    enum err err = goes_on ? result(file, code) : ERR_OK;
    sqlite3_reset(statement);
    sqlite3_clear_bindings(statement);
    return err;
}

enum err journal_file_read(
    struct journal_file *file, int64_t after_seq, journal_row_fn *fn, void *owner)
{
    sqlite3_stmt *statement;
    enum err err = prepare(file, READ, &statement);
    if (err)
        return err;
    sqlite3_bind_int64(statement, 1, after_seq);
    return read_rows(file, statement, fn, owner);
}

enum err journal_file_read_call(struct journal_file *file, const char *call_sid,
    const char *call_id, uint64_t deadline_ms, journal_row_fn *fn, void *owner)
{
    sqlite3_stmt *statement;
    enum err err = prepare(file, READ_CALL, &statement);
    if (err)
        return err;
    bind_text(statement, 1, call_sid);
    bind_text(statement, 2, call_id);
    file->deadline_ms = deadline_ms;
    err = read_rows(file, statement, fn, owner);
    file->deadline_ms = 0;
    return err;
}

enum err journal_file_stats(struct journal_file *file, struct journal_stats *out)
{
    sqlite3_stmt *statement;
    enum err err = prepare(file, STATS, &statement);
    if (err)
        return err;
    err = result(file, sqlite3_step(statement));
    if (!err)
        *out = (struct journal_stats){.rows = (size_t)sqlite3_column_int64(statement, 0),
            .refused = (size_t)sqlite3_column_int64(statement, 1),
            .last_seq = sqlite3_column_int64(statement, 2)};
    sqlite3_reset(statement);
    return err;
}

static uint64_t read_number(struct journal_file *file, enum statement which)
{
    sqlite3_stmt *statement;
    uint64_t number = 0;
    if (prepare(file, which, &statement))
        return 0;
    if (sqlite3_step(statement) == SQLITE_ROW)
        number = (uint64_t)sqlite3_column_int64(statement, 0);
    sqlite3_reset(statement);
    return number;
}

uint64_t journal_file_oldest_ms(struct journal_file *file)
{
    return read_number(file, OLDEST);
}

uint64_t journal_file_bytes(struct journal_file *file)
{
    return read_number(file, PAGES) * PAGE_BYTES;
}

/* ---- what Postgres refused ---- */

enum err journal_file_refused(struct journal_file *file, journal_refusal_fn *fn, void *owner)
{
    sqlite3_stmt *statement;
    int code;
    enum err err = prepare(file, REFUSED, &statement);
    if (err)
        return err;
    while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
        struct journal_refusal refusal = {.seq = sqlite3_column_int64(statement, 0),
            .kind = column(statement, 1),
            .json = column(statement, 2),
            .put_ms = (uint64_t)sqlite3_column_int64(statement, 3),
            .sqlstate = column(statement, 4),
            .why = column(statement, 5)};
        fn(owner, &refusal);
    }
    err = result(file, code);
    sqlite3_reset(statement);
    return err;
}

enum err journal_file_retry(struct journal_file *file, size_t *count)
{
    return run_kept(file, RETRY, count);
}

enum err journal_file_take_retried(struct journal_file *file, size_t *count)
{
    *count = 0;
    enum err err = journal_file_begin(file);
    if (!err)
        err = run_kept(file, TAKE_RETRIED, count);
    if (!err && *count)
        err = run_kept(file, DROP_RETRIED, NULL);
    if (!err)
        err = journal_file_commit(file);
    if (err)
        journal_file_rollback(file);
    return err;
}

enum err journal_file_copy_refused(struct journal_file *to, struct journal_file *from)
{
    sqlite3_stmt *source, *target;
    int code = SQLITE_DONE;
    enum err err = prepare(from, ALL_REFUSED, &source);
    if (!err)
        err = prepare(to, COPY_REFUSED, &target);
    if (!err)
        err = journal_file_begin(to);
    while (!err && (code = sqlite3_step(source)) == SQLITE_ROW) {
        for (int i = 0; i < sqlite3_column_count(source); i++)
            sqlite3_bind_value(target, i + 1, sqlite3_column_value(source, i));
        err = finish(to, target, NULL);
    }
    if (!err)
        err = result(from, code);
    if (source)
        sqlite3_reset(source);
    if (!err)
        err = journal_file_commit(to);
    if (err)
        journal_file_rollback(to);
    return err;
}
