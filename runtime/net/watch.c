/* inotify through libuv watches one folder, not what is below it: a tree is one handle a folder, and
   every burst ends with a look for folders that are new. Folders that went away close their handle.

   A handle watches a folder, not its name. So a folder is known by device and inode; one that was deleted
   gets a new handle, for the next folder may have its number; and that the root's name leads elsewhere (a link
   that was switched) is nothing inotify reports: it is looked at now and then. */
#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "net/internal.h"
#include "observe/log.h"

#define QUIET_MS 50
#define LONGEST_MS 500
#define ROOT_LOOK_MS 500
#define MAX_FOLDERS 4096
#define MAX_DEPTH 16

struct folder {
    struct folder *next;
    struct net_watch *watch;
    uv_fs_event_t handle;
    dev_t device;
    ino_t inode;
    bool is_seen;     /* by the running look over the tree */
    bool is_doubtful; /* it was deleted or moved */
    char path[];
};

struct net_watch {
    struct net_object object;
    struct net_loop *loop;
    void (*fn)(void *owner);
    void *owner;
    struct folder *folders;
    struct folder *root; /* of the last look; NULL: it found none */
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
    const char *slash = strrchr(folder->path, '/');
    const char *own_name = slash ? slash + 1 : folder->path;
    (void)status;
    /* What happens to the folder itself comes under its own name. */
    if ((events & UV_RENAME) && name && !strcmp(name, own_name))
        folder->is_doubtful = true;
    burst_goes_on(folder->watch);
}

static struct folder *find_folder(struct net_watch *watch, const struct stat *info)
{
    for (struct folder *folder = watch->folders; folder; folder = folder->next) {
        if (folder->inode == info->st_ino && folder->device == info->st_dev)
            return folder;
    }
    return NULL;
}

static struct folder *add_folder(struct net_watch *watch, const char *path, const struct stat *info)
{
    size_t size = strlen(path) + 1;
    struct folder *folder = calloc(1, sizeof *folder + size);
    if (!folder)
        return NULL;
    memcpy(folder->path, path, size);
    folder->watch = watch;
    folder->inode = info->st_ino;
    folder->device = info->st_dev;
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

/* Hidden ones hold nothing of ours, but a version control's thousands. */
static bool may_be_folder(const struct dirent *entry)
{
    return entry->d_name[0] != '.' &&
           (entry->d_type == DT_DIR || entry->d_type == DT_LNK || entry->d_type == DT_UNKNOWN);
}

/* To a folder that the root lies in: all of that is nothing of ours. */
static bool leads_up(const struct net_watch *watch, const char *link)
{
    char target[PATH_MAX], root[PATH_MAX];
    if (!realpath(link, target) || !realpath(watch->path, root))
        return true;
    size_t len = strlen(target);
    return !strncmp(root, target, len) && (len == 1 || root[len] == '/' || !root[len]);
}

/* Marks the folders of the tree and watches new ones; true when there were any, whose contents may be
   older than the watch. Links are followed, but not from within what a link led to. */
static bool look(struct net_watch *watch, const char *path, unsigned depth, bool is_linked)
{
    struct stat info;
    if (depth > MAX_DEPTH || stat(path, &info) || !S_ISDIR(info.st_mode))
        return false;
    struct folder *folder = find_folder(watch, &info);
    bool found_new =
        !folder && watch->folder_count < MAX_FOLDERS && (folder = add_folder(watch, path, &info));
    if (depth == 0)
        watch->root = folder;
    DIR *dir = folder && !folder->is_seen ? opendir(path) : NULL;
    if (folder)
        folder->is_seen = true;
    for (struct dirent *entry; dir && (entry = readdir(dir));) {
        char below[PATH_MAX];
        bool is_link = entry->d_type == DT_LNK;
        if (!may_be_folder(entry) || (is_link && is_linked))
            continue;
        bool fits = snprintf(below, sizeof below, "%s/%s", path, entry->d_name) < (int)sizeof below;
        if (fits && !(is_link && leads_up(watch, below)))
            found_new |= look(watch, below, depth + 1, is_linked || is_link);
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

static void doubt_away(struct net_watch *watch)
{
    for (struct folder *folder = watch->folders; folder; folder = folder->next)
        folder->is_seen = !folder->is_doubtful;
    close_unseen(watch);
}

static void burst_over(struct net_watch *watch)
{
    doubt_away(watch);
    watch->root = NULL;
    bool found_new = look(watch, watch->path, 0, false);
    close_unseen(watch);
    watch->burst_start_ms = 0;
    if (found_new)
        burst_goes_on(watch);
    if (watch->folders || !watch->is_gone) {
        watch->is_gone = !watch->folders;
        watch->fn(watch->owner);
    }
}

/* The root's name leads to a folder that is watched, or to none as before. */
static bool is_as_before(struct net_watch *watch)
{
    struct stat info;
    if (stat(watch->path, &info))
        return watch->is_gone;
    return watch->root && find_folder(watch, &info) == watch->root;
}

static void on_timer(void *owner)
{
    struct net_watch *watch = owner;
    if (watch->burst_start_ms || !is_as_before(watch))
        burst_over(watch);
    if (!watch->burst_start_ms)
        net_timer_set(watch->timer, clock_ms() + ROOT_LOOK_MS);
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
    if (net_timer_create(&watch->timer, loop, on_timer, watch)) {
        free(watch);
        return ERR_NOMEM;
    }
    net_object_own(watch->timer);
    net_object_add(loop, &watch->object, "watch", close_watch);
    look(watch, path, 0, false);
    for (struct folder *folder = watch->folders; folder; folder = folder->next)
        folder->is_seen = false;
    if (!watch->folders) {
        close_watch(&watch->object);
        return ERR_NOT_FOUND;
    }
    net_timer_set(watch->timer, clock_ms() + ROOT_LOOK_MS);
    *out = watch;
    return ERR_OK;
}

void net_watch_destroy(struct net_watch *watch)
{
    if (watch)
        close_watch(&watch->object);
}
