/* Callers change the index in memory and leave the bundles there; the writer takes both, puts what the disk knows to it,
   writes, and puts the sum back into memory. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "observe/log.h"
#include "script/shelf_files.h"
#include "script/shelf_internal.h"

#define INDEX "index.json"
#define INDEX_MAX_BYTES (1u << 20)

/* ---- what the disk knows ---- */

/* "<version>.json" → the version; false: no bundle's name. */
static bool is_bundle(const char *name, char version[VERSION_SIZE])
{
    char whole[SHELF_FILE_NAME_SIZE];
    slice_copy(slice_from(name), version, VERSION_SIZE);
    shelf_name_file(whole, version);
    return shelf_is_version(version) && strcmp(whole, name) == 0;
}

/* A bundle without a line in the index: the index is lost, or older than it. */
static void know_file(void *owner, const char *name, unsigned long long written_at_ms)
{
    struct shelf_entry entry = {.kept_at_ms = written_at_ms};
    char forgotten[VERSION_SIZE];
    if (is_bundle(name, entry.version) && !shelf_index_find(owner, entry.version))
        shelf_index_put(owner, &entry, forgotten);
}

void shelf_read_index(struct shelf_index *index, const char *folder)
{
    struct slice text = {NULL, 0};
    *index = (struct shelf_index){0};
    enum err err = shelf_files_read(&text, folder, INDEX, INDEX_MAX_BYTES);
    if (!err)
        err = shelf_index_parse(index, text);
    if (err && err != ERR_NOT_FOUND)
        log_warn("shelf.unreadable", "path=%s/" INDEX " why=%s", folder, err_name(err));
    free((char *)text.data);
    shelf_files_list(folder, know_file, index);
}

/* ---- the writer ---- */

static void write_bundles(const char *folder, const struct unwritten *bundles)
{
    const struct unwritten *bundle;
    LL_FOREACH(bundles, bundle)
    {
        char name[SHELF_FILE_NAME_SIZE];
        shelf_name_file(name, bundle->version);
        if (shelf_files_hold(folder, name, slice_from(bundle->bundle)))
            continue;
        if (shelf_files_write(folder, name, slice_from(bundle->bundle)) != ERR_OK)
            log_error("shelf.failed", "path=%s/%s why=%s", folder, name, strerror(errno));
    }
}

struct sweep {
    const char *folder;
    struct shelf_index *index;
};

static void sweep_file(void *owner, const char *name, unsigned long long written_at_ms)
{
    const struct sweep *sweep = owner;
    char version[VERSION_SIZE];
    if (is_bundle(name, version) && !shelf_index_find(sweep->index, version))
        shelf_files_remove(sweep->folder, name);
}

/* `index`: ours, and then all. */
static void write_tenant(
    const char *folder, struct shelf_index *index, const struct unwritten *bundles)
{
    struct shelf_index all;
    struct sweep sweep = {folder, &all};
    int lock = shelf_files_make_folder(folder) == ERR_OK ? shelf_files_lock(folder) : -1;
    if (lock < 0) {
        log_error("shelf.failed", "path=%s why=%s", folder, strerror(errno));
        return;
    }
    shelf_read_index(&all, folder); /* before: of what is new we know better than the file's time */
    write_bundles(folder, bundles);
    for (size_t i = 0; i < index->count; i++) { /* what we did, put to what others did */
        char forgotten[VERSION_SIZE];
        shelf_index_put(&all, &index->entries[i], forgotten);
    }
    char *text = shelf_index_print(&all);
    if (!text || shelf_files_write(folder, INDEX, slice_from(text)) != ERR_OK)
        log_error("shelf.failed", "path=%s/" INDEX " why=%s", folder, strerror(errno));
    free(text);
    shelf_files_list(folder, sweep_file, &sweep);
    shelf_files_unlock(lock);
    *index = all;
}

/* Locked before and after. */
static void write_one(struct shelf *shelf, struct tenant_shelf *tenant)
{
    char folder[PATH_MAX];
    struct shelf_index index = tenant->index;
    tenant->writing = tenant->bundles;
    tenant->bundles = NULL;
    tenant->is_dirty = false;
    shelf->is_writing = true;
    pthread_mutex_unlock(&shelf->lock);
    shelf_name_folder(folder, shelf, tenant->id);
    write_tenant(folder, &index, tenant->writing);
    pthread_mutex_lock(&shelf->lock);
    shelf_free_bundles(tenant->writing);
    tenant->writing = NULL;
    shelf->is_writing = false;
    for (size_t i = 0; i < index.count; i++)
        shelf_put(tenant, &index.entries[i]);
}

void *shelf_write(void *owner)
{
    struct shelf *shelf = owner;
    pthread_mutex_lock(&shelf->lock);
    for (;;) {
        struct tenant_shelf *tenant = shelf_next_dirty(shelf);
        if (tenant) {
            write_one(shelf, tenant);
            continue;
        }
        pthread_cond_broadcast(&shelf->has_settled);
        if (shelf->is_closing)
            break;
        pthread_cond_wait(&shelf->has_work, &shelf->lock);
    }
    pthread_mutex_unlock(&shelf->lock);
    return NULL;
}
