/* A folder for journals, records that go through it, and what tests ask of both. */
#pragma once

#include "loop.h"

#include <dirent.h>
#include <sqlite3.h>

#include "base/id.h"
#include "store/journal_file.h"
#include "store/journal_folder.h"
#include "store/records.h"

#define AWAY "postgresql://moonline@/x?host=/nonexistent"
#define CAPACITY 20000

struct world {
    struct postgres *postgres;
    char url[POSTGRES_URL_SIZE];
    char folder[300];
    struct loop loop;
    struct records *records;
    char node[ID_SIZE];
    unsigned max_mb;
};

static inline void world_start(struct world *world, struct postgres *postgres)
{
    *world = (struct world){.postgres = postgres, .max_mb = 64};
    snprintf(world->folder, sizeof world->folder, "%s/journal-XXXXXX", BINARY_DIR);
    assert_non_null(mkdtemp(world->folder));
    if (postgres)
        migrated_database(postgres, world->url);
    loop_start(&world->loop);
}

/* A process begins: with a node's name of its own. */
static inline void world_open(struct world *world, const char *url)
{
    id_make(world->node);
    struct journal_options options = {
        .folder = world->folder, .node = world->node, .max_mb = world->max_mb};
    assert_int_equal(
        records_open_journal(&world->records, world->loop.net, url, CAPACITY, &options), ERR_OK);
}

static inline void world_close(struct world *world)
{
    records_close(world->records);
    world->records = NULL;
}

static inline void world_put(struct world *world, enum record_kind kind, const char *json)
{
    assert_int_equal(records_put_take(world->records, kind, strdup(json)), ERR_OK);
}

/* A message of its own, whose text is the number. */
static inline void world_put_message(struct world *world, unsigned number)
{
    char json[300], id[ID_SIZE];
    id_make(id);
    snprintf(json, sizeof json,
        "{\"id\":\"%s\",\"tenant_id\":\"t\",\"direction\":\"in\",\"text\":\"%u\"}", id, number);
    world_put(world, RECORD_MESSAGE, json);
}

/* The same row, told anew. */
static inline void world_put_version(struct world *world, unsigned version)
{
    char json[200];
    snprintf(json, sizeof json,
        "{\"id\":\"0190a000-0000-7000-8000-0000000000aa\",\"tenant_id\":\"t\",\"barge_ins\":%u}",
        version);
    world_put(world, RECORD_CALL, json);
}

static inline struct records_state world_look(const struct world *world)
{
    struct records_state state;
    records_look(world->records, &state);
    return state;
}

static inline bool is_written(void *owner)
{
    return records_waiting(((struct world *)owner)->records) == 0;
}

static inline bool is_journalled(void *owner)
{
    struct records_state state = world_look(owner);
    return state.is_journal_writing && state.journalled == state.waiting;
}

static inline bool is_stopped(void *owner)
{
    return !world_look(owner).is_journal_writing;
}

/* In the journal, or it has given up. */
static inline bool is_settled(void *owner)
{
    struct records_state state = world_look(owner);
    return state.journalled == state.waiting || !state.is_journal_writing;
}

static inline bool is_writing(void *owner)
{
    return world_look(owner).is_journal_writing;
}

static inline void world_wait(struct world *world, bool (*is_done)(void *owner))
{
    loop_run_until(&world->loop, is_done, world);
}

struct drain {
    bool is_done;
    size_t left;
};

static inline void drained(void *owner, size_t left)
{
    *(struct drain *)owner = (struct drain){true, left};
}

static inline bool drain_is_done(void *owner)
{
    return ((struct drain *)owner)->is_done;
}

/* As a process ends. Rows that are in no place of safety. */
static inline size_t world_stop(struct world *world)
{
    struct drain drain = {0};
    records_drain(world->records, clock_ms() + 20000, drained, &drain);
    loop_run_until(&world->loop, drain_is_done, &drain);
    world_close(world);
    return drain.left;
}

/* How many files the folder has whose names end so, or contain that. */
static inline unsigned world_count(const struct world *world, const char *part, bool is_ending)
{
    unsigned count = 0;
    const struct dirent *entry;
    DIR *dir = opendir(world->folder);
    while (dir && (entry = readdir(dir))) {
        const char *found = strstr(entry->d_name, part);
        count += entry->d_name[0] != '.' && found && (!is_ending || !found[strlen(part)]);
    }
    if (dir)
        closedir(dir);
    return count;
}

static inline unsigned world_files(const struct world *world, const char *ending)
{
    return world_count(world, ending, ending[0] != 0);
}

static inline void world_end(struct world *world)
{
    char path[700];
    const struct dirent *entry;
    if (world->records)
        world_close(world);
    loop_end(&world->loop);
    DIR *dir = opendir(world->folder);
    while (dir && (entry = readdir(dir))) {
        snprintf(path, sizeof path, "%s/%s", world->folder, entry->d_name);
        unlink(path);
    }
    if (dir)
        closedir(dir);
    rmdir(world->folder);
}

/* Behind the journal's back. */
static inline void world_sql(const struct world *world, const char *node, const char *sql)
{
    char path[400];
    sqlite3 *db;
    snprintf(path, sizeof path, "%s/%s.db", world->folder, node);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    sqlite3_busy_timeout(db, 5000);
    if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
        fail_msg("%s: %s", sql, sqlite3_errmsg(db));
    sqlite3_close(db);
}

static inline void world_write_file(const struct world *world, const char *name, const char *text)
{
    char path[400];
    snprintf(path, sizeof path, "%s/%s", world->folder, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static inline void expect_rows(const struct world *world, const char *sql, long expected)
{
    assert_int_equal(postgres_number(world->url, sql), expected);
}
