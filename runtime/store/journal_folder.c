#include "store/journal_folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"

#define DATABASE ".db"
#define LOCK ".lock"
#define LOCK_TRIES 3 /* somebody may look whether it is free, at the moment it is made */

static void path_of(char path[PATH_MAX], const char *folder, const char *node, const char *ending)
{
    snprintf(path, PATH_MAX, "%s/%s%s", folder, node, ending);
}

enum err journal_folder_make(const char *folder)
{
    char part[PATH_MAX];
    if (!slice_copy(slice_from(folder), part, sizeof part))
        return ERR_SYSTEM;
    for (char *slash = strchr(part + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = 0;
        mkdir(part, 0777);
        *slash = '/';
    }
    return mkdir(part, 0700) == 0 || errno == EEXIST ? ERR_OK : ERR_SYSTEM;
}

/* ---- locks ---- */

/* Whoever held it before may have removed the file that was just opened. */
static bool is_current(int fd, const char *path)
{
    struct stat held, there;
    return fstat(fd, &held) == 0 && stat(path, &there) == 0 && held.st_ino == there.st_ino &&
           held.st_dev == there.st_dev;
}

static enum err try_lock(int *lock, const char *path)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0)
        return ERR_SYSTEM;
    bool is_ours = flock(fd, LOCK_EX | LOCK_NB) == 0;
    if (is_ours && is_current(fd, path)) {
        *lock = fd;
        return ERR_OK;
    }
    close(fd);
    return ERR_REFUSED;
}

enum err journal_folder_lock(int *lock, const char *folder, const char *node)
{
    char path[PATH_MAX];
    path_of(path, folder, node, LOCK);
    enum err err = ERR_REFUSED;
    for (int i = 0; err == ERR_REFUSED && i < LOCK_TRIES; i++)
        err = try_lock(lock, path);
    return err;
}

enum err journal_folder_adopt(int *lock, const char *folder, const char *node)
{
    char path[PATH_MAX];
    path_of(path, folder, node, LOCK);
    enum err err = try_lock(lock, path);
    if (err)
        return err;
    path_of(path, folder, node, DATABASE);
    if (access(path, F_OK) == 0)
        return ERR_OK;
    journal_folder_remove(folder, node, *lock);
    return ERR_NOT_FOUND;
}

void journal_folder_unlock(int lock)
{
    if (lock >= 0)
        close(lock);
}

/* ---- files ---- */

void journal_folder_remove(const char *folder, const char *node, int lock)
{
    static const char *const ENDINGS[] = {DATABASE, DATABASE "-wal", DATABASE "-shm", LOCK};
    char path[PATH_MAX];
    for (size_t i = 0; i < sizeof ENDINGS / sizeof ENDINGS[0]; i++) {
        path_of(path, folder, node, ENDINGS[i]);
        unlink(path);
    }
    journal_folder_unlock(lock);
}

enum err journal_folder_put_aside(
    const char *folder, const char *node, char name[JOURNAL_NODE_SIZE + 40])
{
    char from[PATH_MAX], to[PATH_MAX], ending[60];
    snprintf(
        name, JOURNAL_NODE_SIZE + 40, "%s.damaged-%llu", node, (unsigned long long)clock_wall_ms());
    path_of(from, folder, node, DATABASE "-wal");
    snprintf(ending, sizeof ending, "-wal");
    path_of(to, folder, name, ending);
    rename(from, to); /* there may be none */
    path_of(from, folder, node, DATABASE "-shm");
    unlink(from);
    path_of(from, folder, node, DATABASE);
    path_of(to, folder, name, "");
    return rename(from, to) == 0 ? ERR_OK : ERR_SYSTEM;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(a, b);
}

static size_t list(
    const char *folder, const char *ending, char (*nodes)[JOURNAL_NODE_SIZE], size_t max)
{
    size_t count = 0;
    const struct dirent *entry;
    DIR *dir = opendir(folder);
    while (dir && count < max && (entry = readdir(dir))) {
        size_t len = strlen(entry->d_name), extra = strlen(ending);
        if (len <= extra || len - extra >= JOURNAL_NODE_SIZE ||
            strcmp(entry->d_name + len - extra, ending) != 0)
            continue;
        slice_copy((struct slice){entry->d_name, len - extra}, nodes[count++], JOURNAL_NODE_SIZE);
    }
    if (dir)
        closedir(dir);
    qsort(nodes, count, sizeof *nodes, by_name);
    return count;
}

size_t journal_folder_list(const char *folder, char (*nodes)[JOURNAL_NODE_SIZE], size_t max)
{
    return list(folder, DATABASE, nodes, max);
}

size_t journal_folder_locks(const char *folder, char (*nodes)[JOURNAL_NODE_SIZE], size_t max)
{
    return list(folder, LOCK, nodes, max);
}
