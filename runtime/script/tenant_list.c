#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "observe/log.h"
#include "script/tenant.h"

static int is_candidate(const struct dirent *entry)
{
    if (entry->d_name[0] == '.' ||
        (entry->d_type != DT_DIR && entry->d_type != DT_LNK && entry->d_type != DT_UNKNOWN))
        return 0;
    if (source_is_tenant(entry->d_name))
        return 1;
    log_warn("script.refused", "tenant=%s message=%s", entry->d_name,
        "a tenant's name is made of a-z, 0-9, - and _");
    return 0;
}

enum err tenant_list(const char *scripts_path, void (*fn)(void *owner, const char *id), void *owner)
{
    char path[PATH_MAX];
    struct dirent **names;
    snprintf(path, sizeof path, "%s/tenants", scripts_path);
    int count = scandir(path, &names, is_candidate, alphasort);
    if (count < 0) {
        log_error("script.unreadable", "path=%s why=%s", path, strerror(errno));
        return ERR_SYSTEM;
    }
    for (int i = 0; i < count; i++) {
        fn(owner, names[i]->d_name);
        free(names[i]);
    }
    free(names);
    return ERR_OK;
}

static bool is_folder(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

bool tenant_is_deleted(const char *scripts_path, const char *id)
{
    char folder[PATH_MAX], path[PATH_MAX];
    snprintf(folder, sizeof folder, "%s/tenants", scripts_path);
    snprintf(path, sizeof path, "%s/tenants/%s", scripts_path, id);
    return is_folder(folder) && !is_folder(path);
}
