#include "main/kept_captures.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/secret_file.h"
#include "observe/capture.h"
#include "observe/capture_folder.h"
#include "observe/capture_reader.h"

#define FILE_MAX_BYTES (1u << 30)

size_t kept_captures_erase(const char *data, const struct rows *calls)
{
    char path[PATH_MAX], tenant_id[80], call_id[80];
    size_t count = 0;
    snprintf(path, sizeof path, "%s/" CAPTURES_FOLDER, data);
    for (size_t i = 0; i < rows_count(calls); i++)
        if (slice_copy(rows_get(calls, i, 0), tenant_id, sizeof tenant_id) &&
            slice_copy(rows_get(calls, i, 1), call_id, sizeof call_id))
            count += capture_folder_erase(path, tenant_id, call_id);
    return count;
}

void kept_captures_age(const char *data, const struct rows *days)
{
    char path[PATH_MAX], tenant_id[80], number[24];
    snprintf(path, sizeof path, "%s/" CAPTURES_FOLDER, data);
    for (size_t i = 0; i < rows_count(days); i++) {
        if (!slice_copy(rows_get(days, i, 0), tenant_id, sizeof tenant_id) ||
            !slice_copy(rows_get(days, i, 1), number, sizeof number))
            continue;
        struct capture_bounds bounds = {
            .max_bytes = UINT64_MAX, .max_days = (unsigned)strtoul(number, NULL, 10)};
        if (bounds.max_days)
            capture_folder_look_at(path, tenant_id, &bounds, clock_wall_ms());
    }
}

/* ---- a look into one ---- */

bool kept_captures_is_one(const char *path)
{
    const char *name = strrchr(path, '/');
    return strstr(name ? name : path, CAPTURE_SUFFIX) != NULL;
}

static struct slice read_file(const char *path)
{
    struct stat info;
    FILE *file = fopen(path, "rb");
    bool is_fit = file && fstat(fileno(file), &info) == 0 && S_ISREG(info.st_mode) &&
                  info.st_size <= FILE_MAX_BYTES;
    char *data = is_fit ? malloc((size_t)info.st_size + 1) : NULL;
    size_t len = data ? fread(data, 1, (size_t)info.st_size, file) : 0;
    if (file)
        fclose(file);
    return (struct slice){data, len};
}

/* Its tenant's, whose folder it lies in. */
static bool read_key(uint8_t key[CAPTURE_KEY_BYTES], const char *path, const char *secrets)
{
    char name[PATH_MAX], value[SECRET_VALUE_MAX_BYTES + 1];
    const char *fault;
    const char *end = strrchr(path, '/'), *start = end;
    while (start > path && start[-1] != '/')
        start--;
    if (!end || !secrets[0])
        return false;
    snprintf(name, sizeof name, "%s/%.*s/" CAPTURE_KEY_FILE, secrets, (int)(end - start), start);
    bool is_key = secret_file_read(name, value, &fault) == ERR_OK &&
                  capture_key_parse(key, slice_from(value));
    explicit_bzero(value, sizeof value);
    return is_key;
}

static bool is_sound(enum capture_kind kind)
{
    return kind == CAPTURE_MEDIA_IN || kind == CAPTURE_MEDIA_OUT;
}

static enum kept_captures_answer look_at(
    struct slice file, const uint8_t *key, bool (*tells)(struct slice text))
{
    struct capture_reader reader;
    struct capture_record record;
    bool is_told = false;
    enum err err;
    capture_reader_init(&reader, file, key);
    while (!is_told && (err = capture_read(&reader, &record)) == ERR_OK)
        is_told = !is_sound(record.kind) && tells(record.content);
    capture_reader_free(&reader);
    if (is_told)
        return KEPT_CAPTURE_TELLS;
    if (err == ERR_REFUSED)
        return KEPT_CAPTURE_SEALED;
    return err == ERR_CLOSED ? KEPT_CAPTURE_SILENT : KEPT_CAPTURE_UNREAD;
}

enum kept_captures_answer kept_captures_look(
    const char *path, const char *secrets, bool (*tells)(struct slice text))
{
    uint8_t key[CAPTURE_KEY_BYTES];
    struct slice file = read_file(path);
    if (!file.data)
        return KEPT_CAPTURE_UNREAD;
    bool has_key = read_key(key, path, secrets);
    enum kept_captures_answer answer = look_at(file, has_key ? key : NULL, tells);
    explicit_bzero(key, sizeof key);
    free((char *)file.data);
    return answer;
}
