/* inotify through libuv watches one folder, not what is below it: a tree is one handle a folder, and
   every burst ends with a look for folders that are new. Folders that went away close their handle. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "net/internal.h"
#include "observe/log.h"

#define QUIET_MS 50
#define LONGEST_MS 500
#define MAX_FOLDERS 4096
#define MAX_DEPTH 16

struct folder {
    struct folder *next;
    struct net_watch *watch;
    uv_fs_event_t handle;
    ino_t inode;
    bool is_seen; /* by the running look over the tree */
    char path[];
};

struct net_watch {
    struct net_object object;
    struct net_loop *loop;
    void (*fn)(void *owner);
    void *owner;
    struct folder *folders;
    unsigned folder_count;
    struct net_timer *timer;
    uint64_t burst_start_ms; /* 0: quiet */
    bool is_gone;            /* the root does not exist, and the owner was told */
    char path[];
};

static void free_folder(uv_handle_t *handle)
{
    free(handle->data);
}

static void burst_goes_on(struct net_watch *watch)
{
    uint64_t now_ms = uv_now(&watch->loop->uv);
    if (!watch->burst_start_ms)
        watch->burst_start_ms = now_ms;
    uint64_t quiet_ms = now_ms + QUIET_MS, latest_ms = watch->burst_start_ms + LONGEST_MS;
    net_timer_set(watch->timer, quiet_ms < latest_ms ? quiet_ms : latest_ms);
}

static void changed(uv_fs_event_t *handle, const char *name, int events, int status)
{
    struct folder *folder = handle->data;
    (void)name, (void)events, (void)status;
    burst_goes_on(folder->watch);
}

static struct folder *find_folder(struct net_watch *watch, const char *path, ino_t inode)
{
    for (struct folder *folder = watch->folders; folder; folder = folder->next) {
        if (folder->inode == inode && !strcmp(folder->path, path))
            return folder;
    }
    return NULL;
}

static struct folder *add_folder(struct net_watch *watch, const char *path, ino_t inode)
{
    size_t size = strlen(path) + 1;
    struct folder *folder = calloc(1, sizeof *folder + size);
    if (!folder)
        return NULL;
    memcpy(folder->path, path, size);
    folder->watch = watch;
    folder->inode = inode;
    uv_fs_event_init(&watch->loop->uv, &folder->handle);
    folder->handle.data = folder;
    int failed = uv_fs_event_start(&folder->handle, changed, path, 0);
    if (failed) {
        log_warn("net.watch_failed", "path=%s error=%s", path, uv_strerror(failed));
        uv_close((uv_handle_t *)&folder->handle, free_folder);
        return NULL;
    }
    folder->next = watch->folders;
    watch->folders = folder;
    watch->folder_count++;
    return folder;
}

/* Marks the folders of the tree and watches new ones; true when there were any, whose contents may be
   older than the watch. */
static bool look(struct net_watch *watch, const char *path, unsigned depth)
{
    struct stat info;
    if (depth > MAX_DEPTH || stat(path, &info) || !S_ISDIR(info.st_mode))
        return false;
    struct folder *folder = find_folder(watch, path, info.st_ino);
    bool found_new = !folder && watch->folder_count < MAX_FOLDERS &&
                     (folder = add_folder(watch, path, info.st_ino));
    DIR *dir = folder ? opendir(path) : NULL;
    if (folder)
        folder->is_seen = true;
    for (struct dirent *entry; dir && (entry = readdir(dir));) {
        char below[4096];
        bool is_candidate = entry->d_type == DT_DIR || entry->d_type == DT_UNKNOWN;
        if (!is_candidate || !strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
            continue;
        if (snprintf(below, sizeof below, "%s/%s", path, entry->d_name) < (int)sizeof below)
            found_new |= look(watch, below, depth + 1);
    }
    if (dir)
        closedir(dir);
    return found_new;
}

static void close_unseen(struct net_watch *watch)
{
    for (struct folder **link = &watch->folders; *link;) {
        struct folder *folder = *link;
        if (folder->is_seen) {
            folder->is_seen = false;
            link = &folder->next;
            continue;
        }
        *link = folder->next;
        watch->folder_count--;
        uv_close((uv_handle_t *)&folder->handle, free_folder);
    }
}

/* Without its root there is nothing inotify could report: look now and then until it is back. */
static void burst_over(void *owner)
{
    struct net_watch *watch = owner;
    bool found_new = look(watch, watch->path, 0);
    close_unseen(watch);
    watch->burst_start_ms = 0;
    if (found_new)
        burst_goes_on(watch);
    if (!watch->folders)
        net_timer_set(watch->timer, clock_ms() + LONGEST_MS);
    if (watch->folders || !watch->is_gone) {
        watch->is_gone = !watch->folders;
        watch->fn(watch->owner);
    }
}

static void close_watch(struct net_object *object)
{
    struct net_watch *watch = (struct net_watch *)object;
    net_object_remove(object);
    close_unseen(watch); /* none is marked between looks: all of them */
    net_timer_destroy(watch->timer);
    free(watch);
}

enum err net_watch_create(struct net_watch **out, struct net_loop *loop, const char *path,
    void (*fn)(void *owner), void *owner)
{
    size_t size = strlen(path) + 1;
    struct net_watch *watch = calloc(1, sizeof *watch + size);
    if (!watch)
        return ERR_NOMEM;
    memcpy(watch->path, path, size);
    watch->loop = loop;
    watch->fn = fn;
    watch->owner = owner;
    if (net_timer_create(&watch->timer, loop, burst_over, watch)) {
        free(watch);
        return ERR_NOMEM;
    }
    net_object_own(watch->timer);
    net_object_add(loop, &watch->object, "watch", close_watch);
    look(watch, path, 0);
    for (struct folder *folder = watch->folders; folder; folder = folder->next)
        folder->is_seen = false;
    if (!watch->folders) {
        close_watch(&watch->object);
        return ERR_NOT_FOUND;
    }
    *out = watch;
    return ERR_OK;
}

void net_watch_destroy(struct net_watch *watch)
{
    if (watch)
        close_watch(&watch->object);
}
