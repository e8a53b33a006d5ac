#include "script/shelf_internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "base/clock.h"
#include "script/bundle.h"
#include "script/shelf_files.h"

/* ---- what both halves need ---- */

void shelf_name_file(char name[SHELF_FILE_NAME_SIZE], const char *version)
{
    snprintf(name, SHELF_FILE_NAME_SIZE, "%s.json", version);
}

void shelf_name_folder(char folder[PATH_MAX], const struct shelf *shelf, const char *tenant_id)
{
    snprintf(folder, PATH_MAX, "%s/%s", shelf->path, tenant_id);
}

void shelf_free_bundles(struct unwritten *bundles)
{
    struct unwritten *bundle, *next;
    LL_FOREACH_SAFE(bundles, bundle, next)
    {
        free(bundle->bundle);
        free(bundle);
    }
}

void shelf_forget_bundle(struct tenant_shelf *tenant, const char *version)
{
    struct unwritten *bundle, *next;
    LL_FOREACH_SAFE(tenant->bundles, bundle, next)
    {
        if (strcmp(bundle->version, version) != 0)
            continue;
        LL_DELETE(tenant->bundles, bundle);
        bundle->next = NULL;
        shelf_free_bundles(bundle);
    }
}

void shelf_put(struct tenant_shelf *tenant, const struct shelf_entry *entry)
{
    char forgotten[VERSION_SIZE];
    shelf_index_put(&tenant->index, entry, forgotten);
    if (forgotten[0])
        shelf_forget_bundle(tenant, forgotten);
}

struct tenant_shelf *shelf_next_dirty(struct shelf *shelf)
{
    struct tenant_shelf *tenant;
    LL_FOREACH(shelf->tenants, tenant)
    {
        if (tenant->is_dirty)
            return tenant;
    }
    return NULL;
}

/* ---- asking and telling ---- */

/* Locks the shelf when it returns a tenant. NULL: no shelf, no such name, no memory. */
static struct tenant_shelf *enter(struct shelf *shelf, const char *tenant_id)
{
    struct tenant_shelf *tenant;
    char folder[PATH_MAX];
    if (!shelf || !source_is_tenant(tenant_id))
        return NULL;
    pthread_mutex_lock(&shelf->lock);
    LL_FOREACH(shelf->tenants, tenant)
    {
        if (strcmp(tenant->id, tenant_id) == 0)
            return tenant;
    }
    tenant = calloc(1, sizeof *tenant);
    if (!tenant) {
        pthread_mutex_unlock(&shelf->lock);
        return NULL;
    }
    slice_copy(slice_from(tenant_id), tenant->id, sizeof tenant->id);
    shelf_name_folder(folder, shelf, tenant_id);
    shelf_read_index(&tenant->index, folder);
    LL_PREPEND(shelf->tenants, tenant);
    return tenant;
}

static void leave(struct shelf *shelf)
{
    pthread_mutex_unlock(&shelf->lock);
}

static void leave_dirty(struct shelf *shelf, struct tenant_shelf *tenant)
{
    tenant->is_dirty = true;
    pthread_cond_signal(&shelf->has_work);
    leave(shelf);
}

static struct shelf_entry entry_of(const char *version)
{
    struct shelf_entry entry = {0};
    slice_copy(slice_from(version), entry.version, sizeof entry.version);
    return entry;
}

enum err shelf_keep(struct shelf *shelf, const struct sources *sources)
{
    char version[VERSION_SIZE], *text;
    if (!shelf)
        return ERR_OK;
    enum err err = sources_to_bundle(&text, sources);
    if (err)
        return err;
    sources_version(sources, version);
    struct unwritten *bundle = calloc(1, sizeof *bundle);
    struct tenant_shelf *tenant = bundle ? enter(shelf, sources->tenant_id) : NULL;
    if (!tenant) {
        free(bundle);
        free(text);
        return ERR_NOMEM;
    }
    struct shelf_entry entry = entry_of(version);
    entry.kept_at_ms = shelf_index_next_ms(&tenant->index, clock_wall_ms());
    memcpy(bundle->version, version, VERSION_SIZE);
    bundle->bundle = text;
    shelf_forget_bundle(tenant, version);
    LL_PREPEND(tenant->bundles, bundle);
    shelf_put(tenant, &entry);
    leave_dirty(shelf, tenant);
    return ERR_OK;
}

static const struct unwritten *find_unwritten(const struct unwritten *bundles, const char *version)
{
    const struct unwritten *bundle;
    LL_FOREACH(bundles, bundle)
    {
        if (strcmp(bundle->version, version) == 0)
            break;
    }
    return bundle;
}

/* The bundle of a version: from memory as long as the writer is not done with it, so that nobody waits for him. */
static enum err read_bundle(
    struct slice *text, struct shelf *shelf, const char *tenant_id, const char *version)
{
    char folder[PATH_MAX], name[SHELF_FILE_NAME_SIZE];
    struct tenant_shelf *tenant = enter(shelf, tenant_id);
    if (!tenant)
        return ERR_NOMEM;
    const struct unwritten *bundle = find_unwritten(tenant->bundles, version);
    if (!bundle)
        bundle = find_unwritten(tenant->writing, version);
    char *copy = bundle ? slice_dup(slice_from(bundle->bundle)) : NULL;
    bool is_here = bundle != NULL;
    leave(shelf);
    if (is_here) {
        *text = slice_from(copy);
        return copy ? ERR_OK : ERR_NOMEM;
    }
    shelf_name_folder(folder, shelf, tenant_id);
    shelf_name_file(name, version);
    return shelf_files_read(text, folder, name, BUNDLE_MAX_BYTES);
}

enum err shelf_read(struct shelf *shelf, struct sources **out, const char *tenant_id,
    const char *version, const char *scripts_path, char why[256])
{
    struct slice text;
    snprintf(why, 256, "version %.20s of %.80s is not kept", version, tenant_id);
    if (!shelf || !source_is_tenant(tenant_id) || !shelf_is_version(version))
        return ERR_NOT_FOUND;
    enum err err = read_bundle(&text, shelf, tenant_id, version);
    if (err)
        return err == ERR_NOMEM ? err : ERR_NOT_FOUND;
    err = sources_from_bundle(out, text, scripts_path, why);
    free((char *)text.data);
    if (err || strcmp((*out)->tenant_id, tenant_id) == 0)
        return err;
    snprintf(why, 256, "it is a version of another tenant, %.60s", (*out)->tenant_id);
    sources_release(*out);
    return ERR_BAD;
}

bool shelf_applied(struct shelf *shelf, const char *tenant_id, char version[VERSION_SIZE])
{
    struct tenant_shelf *tenant = enter(shelf, tenant_id);
    version[0] = 0;
    if (!tenant)
        return false;
    const struct shelf_entry *applied = shelf_index_applied(&tenant->index);
    if (applied)
        memcpy(version, applied->version, VERSION_SIZE);
    leave(shelf);
    return applied != NULL;
}

void shelf_set_applied(struct shelf *shelf, const char *tenant_id, const char *version)
{
    struct tenant_shelf *tenant = shelf_is_version(version) ? enter(shelf, tenant_id) : NULL;
    if (!tenant)
        return;
    struct shelf_entry entry = entry_of(version);
    entry.applied_at_ms = shelf_index_next_ms(&tenant->index, clock_wall_ms());
    shelf_put(tenant, &entry);
    leave_dirty(shelf, tenant);
}

void shelf_mark_rolled_back(
    struct shelf *shelf, const char *tenant_id, const char *version, const char *why)
{
    struct tenant_shelf *tenant = shelf_is_version(version) ? enter(shelf, tenant_id) : NULL;
    if (!tenant)
        return;
    struct shelf_entry entry = entry_of(version);
    entry.rolled_back_at_ms = shelf_index_next_ms(&tenant->index, clock_wall_ms());
    slice_copy(slice_from(why), entry.why, sizeof entry.why);
    shelf_put(tenant, &entry);
    leave_dirty(shelf, tenant);
}

bool shelf_is_rolled_back(struct shelf *shelf, const char *tenant_id, const char *version)
{
    struct tenant_shelf *tenant = enter(shelf, tenant_id);
    if (!tenant)
        return false;
    const struct shelf_entry *entry = shelf_index_find(&tenant->index, version);
    bool is_rolled_back = entry && shelf_entry_is_rolled_back(entry);
    leave(shelf);
    return is_rolled_back;
}

void shelf_list(struct shelf *shelf, const char *tenant_id, struct shelf_index *out)
{
    struct tenant_shelf *tenant = enter(shelf, tenant_id);
    *out = (struct shelf_index){0};
    if (!tenant)
        return;
    *out = tenant->index;
    leave(shelf);
    shelf_index_sort(out);
}

struct listing {
    void (*fn)(void *owner, const char *tenant_id);
    void *owner;
};

static void name_tenant(void *owner, const char *name, unsigned long long written_at_ms)
{
    const struct listing *listing = owner;
    if (source_is_tenant(name))
        listing->fn(listing->owner, name);
}

void shelf_tenants(struct shelf *shelf, void (*fn)(void *owner, const char *tenant_id), void *owner)
{
    struct listing listing = {fn, owner};
    if (!shelf)
        return;
    shelf_settle(shelf);
    shelf_files_list(shelf->path, name_tenant, &listing);
}

/* ---- life ---- */

void shelf_settle(struct shelf *shelf)
{
    if (!shelf)
        return;
    pthread_mutex_lock(&shelf->lock);
    while (shelf->is_writing || shelf_next_dirty(shelf))
        pthread_cond_wait(&shelf->has_settled, &shelf->lock);
    pthread_mutex_unlock(&shelf->lock);
}

static void destroy(struct shelf *shelf)
{
    struct tenant_shelf *tenant, *next;
    LL_FOREACH_SAFE(shelf->tenants, tenant, next)
    {
        shelf_free_bundles(tenant->bundles);
        free(tenant);
    }
    pthread_mutex_destroy(&shelf->lock);
    pthread_cond_destroy(&shelf->has_work);
    pthread_cond_destroy(&shelf->has_settled);
    free(shelf);
}

enum err shelf_open(struct shelf **out, const char *path, char why[256])
{
    struct shelf *shelf = calloc(1, sizeof *shelf);
    snprintf(why, 256, "no memory");
    if (!shelf)
        return ERR_NOMEM;
    pthread_mutex_init(&shelf->lock, NULL);
    pthread_cond_init(&shelf->has_work, NULL);
    pthread_cond_init(&shelf->has_settled, NULL);
    bool is_short = slice_copy(slice_from(path), shelf->path, sizeof shelf->path);
    enum err err = is_short ? shelf_files_make_folder(path) : ERR_SYSTEM;
    if (err)
        snprintf(why, 256, "%.160s: %s", path, is_short ? strerror(errno) : "the name is too long");
    else if (pthread_create(&shelf->writer, NULL, shelf_write, shelf) != 0) {
        snprintf(why, 256, "cannot start a thread");
        err = ERR_SYSTEM;
    }
    if (err)
        destroy(shelf);
    else
        *out = shelf;
    return err;
}

void shelf_close(struct shelf *shelf)
{
    if (!shelf)
        return;
    pthread_mutex_lock(&shelf->lock);
    shelf->is_closing = true;
    pthread_cond_signal(&shelf->has_work);
    pthread_mutex_unlock(&shelf->lock);
    pthread_join(shelf->writer, NULL);
    destroy(shelf);
}
