#include "replay/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/secret_file.h"

static enum err read_all(FILE *from, const char *path, char **bytes, size_t *len, char *why)
{
    struct stat facts;
    if (fstat(fileno(from), &facts) != 0 || !S_ISREG(facts.st_mode)) {
        snprintf(why, REPLAY_WHY_SIZE, "%s is no file", path);
        return ERR_BAD;
    }
    if (facts.st_size > REPLAY_FILE_MAX_BYTES) {
        snprintf(
            why, REPLAY_WHY_SIZE, "%s is larger than %u MiB", path, REPLAY_FILE_MAX_BYTES >> 20);
        return ERR_FULL;
    }
    *bytes = malloc((size_t)facts.st_size + 1);
    if (!*bytes) {
        snprintf(why, REPLAY_WHY_SIZE, "%s: no memory for it", path);
        return ERR_NOMEM;
    }
    *len = fread(*bytes, 1, (size_t)facts.st_size, from);
    return ERR_OK;
}

enum err replay_slurp(const char *path, char **bytes, size_t *len, char why[REPLAY_WHY_SIZE])
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a pipe that nobody writes to */
    FILE *from = fd >= 0 ? fdopen(fd, "rb") : NULL;
    if (!from) {
        int error = errno;
        if (fd >= 0)
            close(fd);
        snprintf(why, REPLAY_WHY_SIZE, "%s: %s", path, strerror(error));
        return error == ENOENT ? ERR_NOT_FOUND : ERR_SYSTEM;
    }
    enum err err = read_all(from, path, bytes, len, why);
    fclose(from);
    return err;
}

static enum err read_key(struct replay_file *file, const char *path, char *why)
{
    char value[SECRET_VALUE_MAX_BYTES + 1];
    const char *fault = "";
    enum err err = secret_file_read(path, value, &fault);
    if (err)
        snprintf(why, REPLAY_WHY_SIZE, "the key's file %s %s", path, fault);
    else if (!capture_key_parse(file->key, slice_from(value)))
        err = ERR_BAD;
    if (err == ERR_BAD)
        snprintf(why, REPLAY_WHY_SIZE, "%s holds no key: that is 64 hex digits", path);
    file->has_key = err == ERR_OK;
    explicit_bzero(value, sizeof value);
    return err;
}

enum err replay_file_open(
    struct replay_file *file, const char *path, const char *key_path, char why[REPLAY_WHY_SIZE])
{
    *file = (struct replay_file){0};
    enum err err = key_path ? read_key(file, key_path, why) : ERR_OK;
    if (!err)
        err = replay_slurp(path, &file->bytes, &file->len, why);
    if (err)
        replay_file_close(file);
    return err;
}

void replay_file_close(struct replay_file *file)
{
    free(file->bytes);
    explicit_bzero(file->key, sizeof file->key);
    *file = (struct replay_file){0};
}

void replay_file_read(const struct replay_file *file, struct capture_reader *reader)
{
    capture_reader_init(
        reader, (struct slice){file->bytes, file->len}, file->has_key ? file->key : NULL);
}

FILE *replay_file_make(const char *path)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0)
        return NULL;
    FILE *to = fchmod(fd, 0600) == 0 && ftruncate(fd, 0) == 0 ? fdopen(fd, "w") : NULL;
    if (!to)
        close(fd);
    return to;
}
