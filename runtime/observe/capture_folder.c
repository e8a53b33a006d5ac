#include "observe/capture_folder.h"

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

#include "base/slice.h"
#include "observe/capture_chunk.h"
#include "observe/log.h"
#include "observe/metrics.h"

#define NEW ".new-"
#define NEW_MAX_MS 3600000u
#define DAY_MS 86400000ull

static const char *const suffixes[] = {[CAPTURE_NAME_ASK] = CAPTURE_SUFFIX ".ask",
    [CAPTURE_NAME_PART] = CAPTURE_SUFFIX ".part",
    [CAPTURE_NAME_DONE] = CAPTURE_SUFFIX};

/* ---- names ---- */

bool capture_name_is_safe(const char *name)
{
    size_t len = strlen(name);
    return len && name[0] != '.' &&
           strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.") == len;
}

static bool print_path(char out[PATH_MAX], const char *path, const char *tenant_id,
    const char *before, const char *call_id, const char *after)
{
    int len = snprintf(out, PATH_MAX, "%s/%s/%s%s%s", path, tenant_id, before, call_id, after);
    if (len < PATH_MAX)
        return true;
    errno = ENAMETOOLONG;
    return false;
}

static bool name_file(char out[PATH_MAX], const char *path, const char *tenant_id,
    const char *call_id, enum capture_name name)
{
    return print_path(out, path, tenant_id, "", call_id, suffixes[name]);
}

/* ---- files ---- */

enum err capture_folder_make(const char *path)
{
    char part[PATH_MAX];
    if (!slice_copy(slice_from(path), part, sizeof part))
        return ERR_SYSTEM;
    for (char *slash = strchr(part + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = 0;
        mkdir(part, 0777); /* not ours alone, but for the last one */
        *slash = '/';
    }
    return mkdir(part, 0700) == 0 || errno == EEXIST ? ERR_OK : ERR_SYSTEM;
}

static int create_locked(const char *file)
{
    int fd = open(file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0)
        return fd;
    int failure = errno;
    if (fd >= 0)
        close(fd);
    errno = failure;
    return -1;
}

/* It has a name that others look at once it is locked. */
int capture_folder_create(
    const char *path, const char *tenant_id, const char *call_id, enum capture_name name)
{
    char folder[PATH_MAX], new_file[PATH_MAX], file[PATH_MAX];
    if (snprintf(folder, sizeof folder, "%s/%s", path, tenant_id) >= PATH_MAX ||
        !print_path(new_file, path, tenant_id, NEW, call_id, "") ||
        !name_file(file, path, tenant_id, call_id, name) || capture_folder_make(folder) != ERR_OK)
        return -1;
    int fd = create_locked(new_file);
    if (fd < 0 || rename(new_file, file) == 0)
        return fd;
    int failure = errno;
    unlink(new_file);
    close(fd);
    errno = failure;
    return -1;
}

bool capture_folder_rename(const char *path, const char *tenant_id, const char *call_id,
    enum capture_name from, enum capture_name to)
{
    char old_file[PATH_MAX], new_file[PATH_MAX];
    return name_file(old_file, path, tenant_id, call_id, from) &&
           name_file(new_file, path, tenant_id, call_id, to) && rename(old_file, new_file) == 0;
}

bool capture_folder_remove(
    const char *path, const char *tenant_id, const char *call_id, enum capture_name name)
{
    char file[PATH_MAX];
    return name_file(file, path, tenant_id, call_id, name) && unlink(file) == 0;
}

unsigned capture_folder_erase(const char *path, const char *tenant_id, const char *call_id)
{
    unsigned count = 0;
    if (!capture_name_is_safe(tenant_id) || !capture_name_is_safe(call_id))
        return 0;
    for (enum capture_name name = CAPTURE_NAME_ASK; name <= CAPTURE_NAME_DONE; name++)
        count += capture_folder_remove(path, tenant_id, call_id, name);
    return count;
}

/* ---- a look at all of them ---- */

struct seen_file {
    char *path;
    uint64_t written_ms;
    uint64_t bytes;
};

struct look {
    struct seen_file *done; /* captures */
    size_t count, capacity;
    uint64_t bytes; /* of them, and of what is under way */
    uint64_t now_ms;
};

static uint64_t written_ms(const struct stat *info)
{
    return (uint64_t)info->st_mtim.tv_sec * 1000 + (uint64_t)info->st_mtim.tv_nsec / 1000000;
}

/* Without memory it is not counted, and not removed: the next look is. */
static void see_done(struct look *look, const char *file, const struct stat *info)
{
    if (look->count == look->capacity) {
        size_t capacity = look->capacity ? 2 * look->capacity : 64;
        struct seen_file *grown = realloc(look->done, capacity * sizeof *grown);
        if (!grown)
            return;
        look->done = grown;
        look->capacity = capacity;
    }
    char *path = strdup(file);
    if (!path)
        return;
    look->bytes += (uint64_t)info->st_size;
    look->done[look->count++] = (struct seen_file){path, written_ms(info), (uint64_t)info->st_size};
}

/* Whoever wrote it is gone. */
static void adopt(struct look *look, const char *file, const char *suffix, struct stat *info)
{
    char done[PATH_MAX];
    bool is_kept = strcmp(suffix, suffixes[CAPTURE_NAME_PART]) == 0 &&
                   info->st_size > CAPTURE_MAGIC_BYTES + CAPTURE_CHUNK_HEAD_BYTES;
    snprintf(done, sizeof done, "%.*s" CAPTURE_SUFFIX, (int)(strlen(file) - strlen(suffix)), file);
    bool is_done = is_kept ? rename(file, done) == 0 : unlink(file) == 0;
    if (!is_done) /* it was finished meanwhile */
        return;
    metric_add(is_kept ? METRIC_CAPTURES_INCOMPLETE : METRIC_CAPTURES_DISCARDED, 1);
    log_info("capture.adopted", "path=%s is_kept=%d", file, is_kept);
    if (is_kept)
        see_done(look, done, info);
}

static void see_under_way(struct look *look, const char *file, const char *suffix)
{
    struct stat info;
    int fd = open(file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0)
        return;
    bool is_file = fstat(fd, &info) == 0 && S_ISREG(info.st_mode);
    if (is_file && flock(fd, LOCK_EX | LOCK_NB) == 0)
        adopt(look, file, suffix, &info);
    else if (is_file)
        look->bytes += (uint64_t)info.st_size;
    close(fd);
}

static bool ends_with(const char *text, const char *end)
{
    size_t len = strlen(text), end_len = strlen(end);
    return len > end_len && strcmp(text + len - end_len, end) == 0;
}

static void see(struct look *look, const char *folder, const char *name)
{
    char file[PATH_MAX];
    struct stat info;
    if (snprintf(file, sizeof file, "%s/%s", folder, name) >= PATH_MAX || lstat(file, &info) != 0 ||
        !S_ISREG(info.st_mode))
        return;
    if (slice_starts(slice_from(name), NEW)) {
        if (written_ms(&info) + NEW_MAX_MS < look->now_ms)
            unlink(file);
        return;
    }
    if (ends_with(name, suffixes[CAPTURE_NAME_DONE]))
        see_done(look, file, &info);
    for (enum capture_name under = CAPTURE_NAME_ASK; under <= CAPTURE_NAME_PART; under++)
        if (ends_with(name, suffixes[under]))
            see_under_way(look, file, suffixes[under]);
}

static void each_name(const char *folder,
    void (*fn)(struct look *look, const char *folder, const char *name), struct look *look)
{
    DIR *dir = opendir(folder);
    for (struct dirent *entry; dir && (entry = readdir(dir));)
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            fn(look, folder, entry->d_name);
    if (dir)
        closedir(dir);
}

static void see_tenant(struct look *look, const char *folder, const char *name)
{
    char tenant[PATH_MAX];
    if (capture_name_is_safe(name) &&
        snprintf(tenant, sizeof tenant, "%s/%s", folder, name) < PATH_MAX)
        each_name(tenant, see, look);
}

static int oldest_first(const void *left, const void *right)
{
    const struct seen_file *a = left, *b = right;
    return a->written_ms < b->written_ms ? -1 : a->written_ms > b->written_ms;
}

static void sweep(struct look *look, const struct capture_bounds *bounds)
{
    if (look->count)
        qsort(look->done, look->count, sizeof *look->done, oldest_first);
    for (size_t i = 0; i < look->count; i++) {
        const struct seen_file *file = &look->done[i];
        bool is_old = file->written_ms + bounds->max_days * DAY_MS < look->now_ms;
        if (!is_old && look->bytes <= bounds->max_bytes)
            break;
        if (unlink(file->path) != 0 && errno != ENOENT) {
            log_warn("capture.kept", "path=%s why=%s", file->path, strerror(errno));
            continue;
        }
        log_info("capture.removed", "path=%s why=%s", file->path, is_old ? "age" : "room");
        look->bytes -= file->bytes;
    }
}

static uint64_t finish(struct look *look, const struct capture_bounds *bounds)
{
    sweep(look, bounds);
    for (size_t i = 0; i < look->count; i++)
        free(look->done[i].path);
    free(look->done);
    return look->bytes;
}

uint64_t capture_folder_look(
    const char *path, const struct capture_bounds *bounds, uint64_t now_wall_ms)
{
    struct look look = {.now_ms = now_wall_ms};
    each_name(path, see_tenant, &look);
    return finish(&look, bounds);
}

uint64_t capture_folder_look_at(const char *path, const char *tenant_id,
    const struct capture_bounds *bounds, uint64_t now_wall_ms)
{
    struct look look = {.now_ms = now_wall_ms};
    see_tenant(&look, path, tenant_id);
    return finish(&look, bounds);
}
