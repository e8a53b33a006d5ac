#include "script/shelf_files.h"

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

#define HALF_WRITTEN ".half-"
#define HALF_WRITTEN_MAX_MS 3600000u

enum err shelf_files_make_folder(const char *path)
{
    char part[PATH_MAX];
    if (!slice_copy(slice_from(path), part, sizeof part))
        return ERR_SYSTEM;
    for (char *slash = strchr(part + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = 0;
        mkdir(part, 0777);
        *slash = '/';
    }
    return mkdir(part, 0777) == 0 || errno == EEXIST ? ERR_OK : ERR_SYSTEM;
}

/* ---- writing ---- */

static bool write_all(int fd, struct slice text)
{
    while (text.len) {
        ssize_t done = write(fd, text.data, text.len);
        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            return false;
        text.data += done;
        text.len -= (size_t)done;
    }
    return fsync(fd) == 0;
}

static void sync_folder(const char *folder)
{
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return;
    fsync(fd);
    close(fd);
}

enum err shelf_files_write(const char *folder, const char *name, struct slice text)
{
    char half[PATH_MAX], whole[PATH_MAX];
    snprintf(half, sizeof half, "%s/" HALF_WRITTEN "XXXXXX", folder);
    snprintf(whole, sizeof whole, "%s/%s", folder, name);
    int fd = mkostemp(half, O_CLOEXEC);
    if (fd < 0)
        return ERR_SYSTEM;
    bool is_written = write_all(fd, text);
    int failure = errno;
    is_written = close(fd) == 0 && is_written;
    if (is_written && rename(half, whole) == 0) {
        sync_folder(folder);
        return ERR_OK;
    }
    failure = is_written ? errno : failure;
    unlink(half);
    errno = failure;
    return ERR_SYSTEM;
}

void shelf_files_remove(const char *folder, const char *name)
{
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    unlink(path);
}

/* ---- reading ---- */

static enum err read_all(int fd, struct slice *text, size_t max_bytes)
{
    struct stat info;
    if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode) || info.st_size < 0 ||
        (size_t)info.st_size > max_bytes)
        return ERR_BAD;
    char *data = malloc((size_t)info.st_size + 1);
    if (!data)
        return ERR_NOMEM;
    size_t len = 0;
    ssize_t got = 1;
    while (len < (size_t)info.st_size && got > 0) {
        got = read(fd, data + len, (size_t)info.st_size - len);
        len += got > 0 ? (size_t)got : 0;
    }
    data[len] = 0;
    *text = (struct slice){data, len};
    return ERR_OK;
}

enum err shelf_files_read(
    struct slice *text, const char *folder, const char *name, size_t max_bytes)
{
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return errno == ENOENT ? ERR_NOT_FOUND : ERR_SYSTEM;
    enum err err = read_all(fd, text, max_bytes);
    close(fd);
    return err;
}

bool shelf_files_hold(const char *folder, const char *name, struct slice text)
{
    struct slice there;
    if (shelf_files_read(&there, folder, name, text.len))
        return false;
    bool is_same = there.len == text.len && memcmp(there.data, text.data, text.len) == 0;
    free((char *)there.data);
    return is_same;
}

static unsigned long long written_at_ms(const char *folder, const char *name)
{
    char path[PATH_MAX];
    struct stat info;
    snprintf(path, sizeof path, "%s/%s", folder, name);
    if (stat(path, &info) != 0)
        return 0;
    return (unsigned long long)info.st_mtim.tv_sec * 1000 +
           (unsigned long long)info.st_mtim.tv_nsec / 1000000;
}

void shelf_files_list(const char *folder,
    void (*fn)(void *owner, const char *name, unsigned long long written_at_ms), void *owner)
{
    DIR *dir = opendir(folder);
    for (struct dirent *entry; dir && (entry = readdir(dir));) {
        unsigned long long at_ms = written_at_ms(folder, entry->d_name);
        bool is_half = slice_starts(slice_from(entry->d_name), HALF_WRITTEN);
        if (is_half && at_ms + HALF_WRITTEN_MAX_MS < clock_wall_ms())
            shelf_files_remove(folder, entry->d_name);
        else if (entry->d_name[0] != '.')
            fn(owner, entry->d_name, at_ms);
    }
    if (dir)
        closedir(dir);
}

/* ---- other processes ---- */

int shelf_files_lock(const char *folder)
{
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/.lock", folder);
    int lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    int failed = lock < 0 ? -1 : flock(lock, LOCK_EX);
    while (failed && lock >= 0 && errno == EINTR)
        failed = flock(lock, LOCK_EX);
    if (failed && lock >= 0)
        close(lock);
    return failed ? -1 : lock;
}

void shelf_files_unlock(int lock)
{
    close(lock);
}
