/* The file and the key files it names are looked at every second, because net/watch.h watches whole trees and these may lie
   anywhere; the tenants' secrets are a tree of their own, which may be large. */
#include "main/provider_watch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "observe/log.h"

struct file_state {
    struct timespec changed; /* 0: it is not there */
    off_t size;
    ino_t inode;
};

struct watched {
    char *path;
    struct file_state state; /* right before it was read */
};

struct provider_watch {
    const struct settings *settings;
    struct net_watch *secrets;
    struct watched files[PROVIDER_FILES_MAX];
    size_t file_count;
    uint8_t stamp[SHA256_BYTES]; /* of what is published */
};

/* ---- files ---- */

static struct file_state state_of(const char *path)
{
    struct stat info;
    if (stat(path, &info) != 0)
        return (struct file_state){0};
    return (struct file_state){info.st_ctim, info.st_size, info.st_ino};
}

static bool is_as_before(const struct watched *file)
{
    struct file_state now = state_of(file->path), before = file->state;
    return now.changed.tv_sec == before.changed.tv_sec &&
           now.changed.tv_nsec == before.changed.tv_nsec && now.size == before.size &&
           now.inode == before.inode;
}

static void look_at_all(struct provider_watch *watch)
{
    for (size_t i = 0; i < watch->file_count; i++)
        watch->files[i].state = state_of(watch->files[i].path);
}

/* Takes the paths over. Those that are new are as never seen, and so they are read once more in a second: nothing is missed
   that was written between. */
static void watch_files_of(struct provider_watch *watch, struct provider_list *list)
{
    struct watched before[PROVIDER_FILES_MAX];
    size_t count = watch->file_count;
    memcpy(before, watch->files, sizeof before);
    for (size_t i = 0; i < list->file_count; i++) {
        watch->files[i] = (struct watched){.path = list->files[i]};
        for (size_t j = 0; j < count; j++)
            if (strcmp(before[j].path, list->files[i]) == 0)
                watch->files[i].state = before[j].state;
    }
    watch->file_count = list->file_count;
    list->file_count = 0;
    for (size_t j = 0; j < count; j++)
        free(before[j].path);
}

/* ---- reading ---- */

static enum err publish(struct provider_watch *watch, const struct provider_list *list)
{
    struct catalog *catalog =
        catalog_make(list->providers, list->count, list->keys, list->key_count);
    if (!catalog)
        return ERR_NOMEM;
    catalog_publish(catalog);
    memcpy(watch->stamp, list->stamp, sizeof watch->stamp);
    return ERR_OK;
}

static enum err read_again(struct provider_watch *watch, char why[CATALOG_WHY_SIZE])
{
    struct provider_list list;
    look_at_all(watch);
    enum err err = provider_list_read(&list, watch->settings, why);
    watch_files_of(watch, &list);
    bool is_new = !err && memcmp(list.stamp, watch->stamp, sizeof list.stamp) != 0;
    if (is_new)
        err = publish(watch, &list);
    if (!err)
        catalog_refuse("");
    if (is_new && !err)
        log_info("providers.live", "providers=%zu tenant_keys=%zu", list.count, list.key_count);
    provider_list_free(&list);
    return err;
}

static void read_or_say(void *owner)
{
    char why[CATALOG_WHY_SIZE];
    if (read_again(owner, why) == ERR_OK)
        return;
    catalog_refuse(why);
    log_error("providers.refused", "why=%s do=%s", why,
        "repair it: until then the last good list is asked, with its keys");
}

void provider_watch_again(struct provider_watch *watch)
{
    if (watch)
        read_or_say(watch);
}

void provider_watch_look(struct provider_watch *watch)
{
    for (size_t i = 0; watch && i < watch->file_count; i++)
        if (!is_as_before(&watch->files[i])) {
            read_or_say(watch);
            return;
        }
}

/* ---- life ---- */

enum err provider_watch_start(struct provider_watch **out, struct net_loop *loop,
    const struct settings *settings, char why[CATALOG_WHY_SIZE])
{
    struct provider_watch *watch = calloc(1, sizeof *watch);
    if (!watch)
        return ERR_NOMEM;
    watch->settings = settings;
    enum err err = read_again(watch, why);
    if (err) {
        provider_watch_stop(watch);
        return err;
    }
    if (settings->secrets[0] &&
        net_watch_create(&watch->secrets, loop, settings->secrets, read_or_say, watch) != ERR_OK)
        log_warn("watch.failed", "path=%s hint=%s", settings->secrets,
            "send SIGHUP after a tenant's key for a provider changed");
    *out = watch;
    return ERR_OK;
}

void provider_watch_stop(struct provider_watch *watch)
{
    if (!watch)
        return;
    net_watch_destroy(watch->secrets);
    for (size_t i = 0; i < watch->file_count; i++)
        free(watch->files[i].path);
    free(watch);
}
