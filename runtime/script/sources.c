#include "script/sources.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/crypto.h"
#include "base/strbuf.h"

#define MARK_STEP_MS 100

bool source_is_tenant(const char *name)
{
    size_t len = strlen(name);
    for (size_t i = 0; i < len; i++)
        if (!islower((unsigned char)name[i]) && !isdigit((unsigned char)name[i]) &&
            name[i] != '-' && name[i] != '_')
            return false;
    return len > 0 && len < TENANT_ID_SIZE;
}

enum err sources_create(struct sources **out, const char *scripts_path, const char *tenant_id)
{
    struct sources *sources = calloc(1, sizeof *sources);
    if (!sources)
        return ERR_NOMEM;
    sources->references = 1;
    sources->scripts_path = slice_dup(slice_from(scripts_path));
    slice_copy(slice_from(tenant_id), sources->tenant_id, sizeof sources->tenant_id);
    if (!sources->scripts_path) {
        free(sources);
        return ERR_NOMEM;
    }
    *out = sources;
    return ERR_OK;
}

struct sources *sources_hold(struct sources *sources)
{
    sources->references++;
    return sources;
}

void sources_release(struct sources *sources)
{
    if (!sources || --sources->references > 0)
        return;
    for (size_t i = 0; i < sources->count; i++)
        free(sources->files[i].text);
    free(sources->scripts_path);
    free(sources);
}

enum err source_name_of_module(char out[SOURCE_NAME_SIZE], struct slice module)
{
    if (module.len == 0 || module.len > SOURCE_NAME_SIZE - 5)
        return ERR_BAD;
    bool starts_word = true;
    for (size_t i = 0; i < module.len; i++) {
        char c = module.data[i];
        bool is_dot = c == '.';
        if (is_dot ? starts_word
                   : !(islower((unsigned char)c) || isdigit((unsigned char)c) || c == '_'))
            return ERR_BAD;
        starts_word = is_dot;
        out[i] = is_dot ? '/' : c;
    }
    if (starts_word)
        return ERR_BAD;
    memcpy(out + module.len, ".lua", 5);
    return ERR_OK;
}

bool source_is_shared(const char *name)
{
    return strncmp(name, "tools/", 6) == 0 || strncmp(name, "prompts/", 8) == 0;
}

/* What scripts may name, by require or as a sound. */
static bool is_file_name(const char *name)
{
    size_t len = strlen(name);
    for (size_t i = 0; i < len; i++)
        if (!isalnum((unsigned char)name[i]) && !strchr("_-./", name[i]))
            return false;
    return len > 0 && len < SOURCE_NAME_SIZE && name[0] != '/' && !strstr(name, "..");
}

bool source_is_own(const char *name, const char *ending)
{
    size_t len = strlen(name), ending_len = strlen(ending);
    bool has_ending = len > ending_len && strcmp(name + len - ending_len, ending) == 0;
    return has_ending && !source_is_shared(name) && is_file_name(name);
}

const struct source *sources_find(const struct sources *sources, const char *name)
{
    for (size_t i = 0; i < sources->count; i++)
        if (strcmp(sources->files[i].name, name) == 0)
            return &sources->files[i];
    return NULL;
}

/* The folder a file must lie in, and the file's path. */
static void locate(
    const struct sources *sources, const char *name, char folder[PATH_MAX], char path[PATH_MAX])
{
    int len = (int)(strchr(name, '/') ? strchr(name, '/') - name : 0);
    if (source_is_shared(name)) {
        snprintf(folder, PATH_MAX, "%s/%.*s", sources->scripts_path, len, name);
        snprintf(path, PATH_MAX, "%s/%s", sources->scripts_path, name);
    } else {
        snprintf(folder, PATH_MAX, "%s/tenants/%s", sources->scripts_path, sources->tenant_id);
        snprintf(
            path, PATH_MAX, "%s/tenants/%s/%s", sources->scripts_path, sources->tenant_id, name);
    }
}

/* Links are followed, but only to inside the folder. */
static bool lies_in(const char *folder, const char *path)
{
    char real_folder[PATH_MAX], real_path[PATH_MAX];
    if (!realpath(folder, real_folder) || !realpath(path, real_path))
        return false;
    size_t len = strlen(real_folder);
    return strncmp(real_folder, real_path, len) == 0 && real_path[len] == '/';
}

/* The file system's clock has steps: two writes within one leave the same time. */
static struct source_mark mark_of(const struct stat *info)
{
    uint64_t changed_ms =
        (uint64_t)info->st_ctim.tv_sec * 1000 + (uint64_t)info->st_ctim.tv_nsec / 1000000;
    return (struct source_mark){.device = info->st_dev,
        .inode = info->st_ino,
        .size_bytes = (uint64_t)info->st_size,
        .changed_s = info->st_ctim.tv_sec,
        .changed_ns = info->st_ctim.tv_nsec,
        .is_certain = changed_ms + MARK_STEP_MS < clock_wall_ms()};
}

static size_t limit_bytes(const char *name)
{
    size_t len = strlen(name);
    bool is_sound = len > 4 && strcmp(name + len - 4, ".wav") == 0;
    return is_sound ? SOUND_FILE_MAX_BYTES : SOURCE_MAX_BYTES;
}

static enum err read_all(int fd, struct source *source, char why[256])
{
    size_t limit = limit_bytes(source->name);
    struct stat info;
    if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode)) {
        snprintf(why, 256, "%s is not a file", source->name);
        return ERR_BAD;
    }
    source->mark = mark_of(&info);
    char *text = malloc(limit + 1);
    if (!text)
        return ERR_NOMEM;
    size_t len = 0;
    ssize_t got = 0;
    while (len <= limit && (got = read(fd, text + len, limit + 1 - len)) > 0)
        len += (size_t)got;
    if (got < 0 || len > limit) {
        if (got < 0)
            snprintf(why, 256, "%s: %s", source->name, strerror(errno));
        else
            snprintf(why, 256, "%s: longer than %zu KiB", source->name, limit >> 10);
        free(text);
        return got < 0 ? ERR_SYSTEM : ERR_BAD;
    }
    char *fitted = realloc(text, len + 1);
    source->text = fitted ? fitted : text;
    source->text[len] = 0;
    source->len = len;
    return ERR_OK;
}

static enum err read_file(const struct sources *sources, struct source *source, char why[256])
{
    char folder[PATH_MAX], path[PATH_MAX];
    locate(sources, source->name, folder, path);
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) {
        snprintf(why, 256, "%s: %s", source->name, strerror(errno));
        return errno == ENOENT || errno == ENOTDIR ? ERR_NOT_FOUND : ERR_SYSTEM;
    }
    enum err err = ERR_BAD;
    if (lies_in(folder, path))
        err = read_all(fd, source, why);
    else
        snprintf(why, 256, "%s leads out of its folder", source->name);
    close(fd);
    return err;
}

enum err sources_get(struct sources *sources, const char *name, struct slice *text, char why[256])
{
    const struct source *known = sources_find(sources, name);
    if (!known) {
        if (sources->is_sealed || sources->count == SOURCES_MAX) {
            bool is_sealed = sources->is_sealed;
            snprintf(why, 256,
                is_sealed ? "%s was not there when this version was loaded"
                          : "%s: more than 64 files",
                name);
            return is_sealed ? ERR_NOT_FOUND : ERR_FULL;
        }
        struct source *fresh = &sources->files[sources->count];
        *fresh = (struct source){0};
        slice_copy(slice_from(name), fresh->name, sizeof fresh->name);
        enum err err = read_file(sources, fresh, why);
        if (err)
            return err;
        sources->count++;
        known = fresh;
    }
    *text = (struct slice){known->text, known->len};
    return ERR_OK;
}

static enum err put_take(
    struct sources *sources, const char *name, char *text, size_t len, char why[256])
{
    bool is_long = len > limit_bytes(name);
    snprintf(why, 256, "%.100s: %s", name,
        sources->count == SOURCES_MAX ? "more than 64 files" : "no name of a file");
    if (is_long)
        snprintf(why, 256, "%.100s: longer than %zu KiB", name, limit_bytes(name) >> 10);
    if (sources->count == SOURCES_MAX)
        return ERR_FULL;
    if (is_long || !is_file_name(name) || sources_find(sources, name))
        return ERR_BAD;
    struct source *file = &sources->files[sources->count++];
    *file = (struct source){.text = text, .len = len};
    slice_copy(slice_from(name), file->name, sizeof file->name);
    return ERR_OK;
}

enum err sources_put_take(
    struct sources *sources, const char *name, char *text, size_t len, char why[256])
{
    snprintf(why, 256, "no memory");
    enum err err = text ? put_take(sources, name, text, len, why) : ERR_NOMEM;
    if (err)
        free(text);
    return err;
}

enum err sources_open(
    struct sources **out, const char *scripts_path, const char *tenant_id, char why[256])
{
    struct sources *sources;
    struct slice text;
    snprintf(why, 256, "no memory");
    enum err err = sources_create(&sources, scripts_path, tenant_id);
    if (err)
        return err;
    err = sources_get(sources, SOURCE_TESTS, &text, why);
    if (err && err != ERR_NOT_FOUND) {
        sources_release(sources);
        return err;
    }
    *out = sources;
    return ERR_OK;
}

static int by_name(const void *a, const void *b)
{
    const struct source *const *left = a, *const *right = b;
    return strcmp((*left)->name, (*right)->name);
}

void sources_in_order(const struct sources *sources, const struct source *order[SOURCES_MAX])
{
    for (size_t i = 0; i < sources->count; i++)
        order[i] = &sources->files[i];
    qsort(order, sources->count, sizeof *order, by_name);
}

void sources_version(const struct sources *sources, char out[VERSION_SIZE])
{
    const struct source *order[SOURCES_MAX];
    uint8_t digests[SOURCES_MAX * 2 * SHA256_BYTES], total[SHA256_BYTES];
    sources_in_order(sources, order);
    for (size_t i = 0; i < sources->count; i++) {
        crypto_sha256(slice_from(order[i]->name), digests + i * 2 * SHA256_BYTES);
        crypto_sha256(
            (struct slice){order[i]->text, order[i]->len}, digests + (i * 2 + 1) * SHA256_BYTES);
    }
    crypto_sha256((struct slice){(const char *)digests, sources->count * 2 * SHA256_BYTES}, total);
    crypto_hex(total, (VERSION_SIZE - 1) / 2, out);
}

static bool has_new_tests(const struct sources *sources)
{
    struct source now = {.name = SOURCE_TESTS};
    char why[256];
    if (sources_find(sources, SOURCE_TESTS))
        return false;
    enum err err = read_file(sources, &now, why);
    free(now.text);
    return err != ERR_NOT_FOUND;
}

static bool is_untouched(const struct sources *sources, const struct source *source)
{
    char folder[PATH_MAX], path[PATH_MAX];
    struct stat info;
    locate(sources, source->name, folder, path);
    if (!source->mark.is_certain || stat(path, &info) != 0)
        return false;
    struct source_mark now = mark_of(&info);
    return now.device == source->mark.device && now.inode == source->mark.inode &&
           now.size_bytes == source->mark.size_bytes && now.changed_s == source->mark.changed_s &&
           now.changed_ns == source->mark.changed_ns;
}

static bool has_changed(const struct sources *sources, struct source *source)
{
    struct source now = {0};
    char why[256];
    if (is_untouched(sources, source))
        return false;
    memcpy(now.name, source->name, sizeof now.name);
    bool is_same = read_file(sources, &now, why) == ERR_OK && now.len == source->len &&
                   memcmp(now.text, source->text, now.len) == 0;
    if (is_same)
        source->mark = now.mark;
    free(now.text);
    return !is_same;
}

bool sources_changed(struct sources *sources)
{
    bool is_changed = has_new_tests(sources);
    for (size_t i = 0; i < sources->count && !is_changed; i++)
        is_changed = has_changed(sources, &sources->files[i]);
    return is_changed;
}

static bool is_word(char c)
{
    return isalnum((unsigned char)c) || c == '_';
}

/* Where `key` is followed by "=", at or after `from`; NULL: nowhere. */
static const char *find_key(const char *from, struct slice key)
{
    for (const char *at = from; (at = memmem(at, strlen(at), key.data, key.len)); at++) {
        const char *after = at + key.len;
        if (at > from && is_word(at[-1]))
            continue;
        after += strspn(after, " \t\"']");
        if (after[0] == '=' && after[1] != '=')
            return at;
    }
    return NULL;
}

unsigned sources_line(const struct sources *sources, const char *name, const char *path)
{
    const struct source *source = sources_find(sources, name);
    if (!source || strlen(source->text) != source->len)
        return 1;
    const char *at = source->text;
    struct slice rest = slice_from(path);
    while (rest.len) {
        struct slice key = slice_split(&rest, '.');
        const char *bracket = memchr(key.data, '[', key.len);
        if (bracket)
            key.len = (size_t)(bracket - key.data);
        const char *found = key.len ? find_key(at, key) : NULL;
        if (!found)
            break;
        at = found;
    }
    unsigned line = 1;
    for (const char *c = source->text; c < at; c++)
        line += *c == '\n';
    return line;
}
