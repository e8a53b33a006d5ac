#include "script/check_files.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "media/wav.h"
#include "script/sources.h"

#define FOLDERS_DEEP 4
#define SOUND_MIN_HZ 8000
#define SOUND_MAX_HZ 48000

bool check_has_ending(const char *name, const char *ending)
{
    size_t len = strlen(name), ending_len = strlen(ending);
    return len > ending_len && strcmp(name + len - ending_len, ending) == 0;
}

static void check_sound(const struct files_check *check, const char *name, struct slice file)
{
    unsigned rate_hz = 0;
    const int16_t *samples;
    size_t count;
    if (wav_read(file, &rate_hz, &samples, &count) || rate_hz < SOUND_MIN_HZ ||
        rate_hz > SOUND_MAX_HZ)
        findings_add(check->findings, FINDING_ERROR, name, 1,
            "cannot be played: save it as 16-bit mono PCM of 8 to 48 kHz");
}

/* Tests have names of their own. */
static bool is_test(const char *name)
{
    return check_has_ending(name, "_test.lua");
}

static void check_text(const struct files_check *check, const char *name, struct slice text)
{
    if (check_has_ending(name, ".wav"))
        check_sound(check, name, text);
    else if (!is_test(name))
        globals_check(check->globals, check->findings, name, text);
}

/* Read as a version reads it: no link leads out of the folder. */
static void check_file(const struct files_check *check, const char *name)
{
    char why[256];
    struct slice text;
    struct sources *sources;
    if (!check_has_ending(name, ".lua") && !check_has_ending(name, ".wav"))
        return;
    ++*check->count;
    if (sources_create(&sources, check->scripts_path, check->tenant_id))
        return;
    if (sources_get(sources, name, &text, why))
        findings_add(check->findings, FINDING_ERROR, name, 1, "cannot be read: %s", why);
    else
        check_text(check, name, text);
    sources_release(sources);
}

/* Each file below `folder`, by names that scripts use: `prefix` is what stands before them. */
static void check_folder(
    const struct files_check *check, const char *folder, const char *prefix, unsigned depth)
{
    struct dirent **entries;
    int count = depth < FOLDERS_DEEP ? scandir(folder, &entries, NULL, alphasort) : 0;
    for (int i = 0; i < count; i++) {
        char path[PATH_MAX], name[SOURCE_NAME_SIZE];
        struct stat info;
        snprintf(path, sizeof path, "%s/%s", folder, entries[i]->d_name);
        int len = snprintf(name, sizeof name, "%s%s", prefix, entries[i]->d_name);
        bool is_hidden = entries[i]->d_name[0] == '.';
        free(entries[i]);
        if (is_hidden || stat(path, &info) != 0 || len + 1 >= (int)sizeof name)
            continue;
        if (S_ISDIR(info.st_mode)) {
            strcat(name, "/");
            check_folder(check, path, name, depth + 1);
        } else {
            check_file(check, name);
        }
    }
    if (count > 0)
        free(entries);
}

void check_tenant_files(const struct files_check *check)
{
    char folder[PATH_MAX];
    snprintf(folder, sizeof folder, "%s/tenants/%s", check->scripts_path, check->tenant_id);
    check_folder(check, folder, "", 0);
}

void check_shared_files(const struct files_check *check)
{
    static const char *const folders[] = {"tools", "prompts"};
    for (size_t i = 0; i < 2; i++) {
        char path[PATH_MAX], prefix[16];
        snprintf(path, sizeof path, "%s/%s", check->scripts_path, folders[i]);
        snprintf(prefix, sizeof prefix, "%s/", folders[i]);
        check_folder(check, path, prefix, 0);
    }
}
