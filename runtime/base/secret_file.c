#include "base/secret_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static enum err read_open(int fd, char value[SECRET_VALUE_MAX_BYTES + 1], const char **fault)
{
    struct stat info;
    *fault = "cannot be read";
    if (fstat(fd, &info) != 0)
        return ERR_SYSTEM;
    *fault = "is no file";
    if (!S_ISREG(info.st_mode))
        return ERR_BAD;
    *fault = "can be read by everybody on its machine (chmod o= the file)";
    if (info.st_mode & S_IRWXO)
        return ERR_REFUSED;
    *fault = "must be one line of 1 to 4096 bytes";
    ssize_t len =
        info.st_size > SECRET_VALUE_MAX_BYTES ? 0 : read(fd, value, SECRET_VALUE_MAX_BYTES);
    while (len > 0 && (value[len - 1] == '\n' || value[len - 1] == '\r'))
        len--;
    for (ssize_t i = 0; i < len; i++)
        if ((unsigned char)value[i] < ' ' || value[i] == 127)
            return ERR_BAD;
    value[len > 0 ? len : 0] = 0;
    return len > 0 ? ERR_OK : ERR_BAD;
}

enum err secret_file_read(
    const char *path, char value[SECRET_VALUE_MAX_BYTES + 1], const char **fault)
{
    value[0] = 0;
    *fault = "is not there";
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return ERR_NOT_FOUND;
    enum err err = read_open(fd, value, fault);
    close(fd);
    return err;
}
