#include "caller/files.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum err file_read(struct strbuf *out, const char *path, size_t max_bytes)
{
    FILE *file = fopen(path, "rb");
    if (!file)
        return ERR_SYSTEM;
    strbuf_init(out, max_bytes);
    char part[16384];
    size_t len;
    while ((len = fread(part, 1, sizeof part, file)) > 0)
        strbuf_add(out, part, len);
    int error = ferror(file) ? errno : out->failed ? EFBIG : 0;
    fclose(file);
    if (!error)
        return ERR_OK;
    strbuf_free(out);
    errno = error;
    return ERR_SYSTEM;
}

static bool write_all(FILE *file, struct slice data)
{
    return data.len == 0 || fwrite(data.data, 1, data.len, file) == data.len;
}

enum err file_write(const char *path, struct slice first, struct slice second)
{
    FILE *file = fopen(path, "wb");
    if (!file)
        return ERR_SYSTEM;
    bool is_written = write_all(file, first) && write_all(file, second);
    bool is_closed = fclose(file) == 0;
    return is_written && is_closed ? ERR_OK : ERR_SYSTEM;
}

enum err folder_make(const char *path)
{
    char part[1024];
    if (!slice_copy(slice_from(path), part, sizeof part)) {
        errno = ENAMETOOLONG;
        return ERR_SYSTEM;
    }
    for (char *c = part + 1; *c; c++) {
        if (*c != '/')
            continue;
        *c = 0;
        if (mkdir(part, 0755) && errno != EEXIST)
            return ERR_SYSTEM;
        *c = '/';
    }
    return mkdir(part, 0755) && errno != EEXIST ? ERR_SYSTEM : ERR_OK;
}
