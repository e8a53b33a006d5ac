#include "unit/script/scripts_folder.h"

#include <assert.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void make_parents(char *path)
{
    for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = 0;
        mkdir(path, 0700);
        *slash = '/';
    }
}

void folder_make(struct scripts_folder *folder)
{
    const char *base = getenv("TMPDIR");
    snprintf(folder->path, sizeof folder->path, "%s/scripts.XXXXXX",
        base && strlen(base) < 40 ? base : "/tmp");
    char *made = mkdtemp(folder->path);
    assert(made);
    (void)made;
}

static int remove_one(const char *path, const struct stat *info, int kind, struct FTW *position)
{
    return remove(path);
}

void folder_remove(struct scripts_folder *folder)
{
    nftw(folder->path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

void folder_write(const struct scripts_folder *folder, const char *name, const char *text)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s", folder->path, name);
    make_parents(path);
    FILE *file = fopen(path, "w");
    assert(file);
    fputs(text, file);
    fclose(file);
}

void folder_delete(const struct scripts_folder *folder, const char *name)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s", folder->path, name);
    remove(path);
}
