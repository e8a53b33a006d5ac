#include "main/kept_sound.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "observe/log.h"

bool kept_sound_remove(const char *data, struct slice path)
{
    char file[1024];
    bool is_whole = snprintf(file, sizeof file, "%s/recordings/%.*s", data, (int)path.len,
                        path.data) < (int)sizeof file;
    if (!path.len || !is_whole || path.data[0] == '/' || strstr(file + strlen(data), ".."))
        return false;
    if (unlink(file) == 0)
        return true;
    if (errno != ENOENT) /* another node's */
        log_warn("sound.kept", "path=%s why=%s", file, strerror(errno));
    return false;
}
