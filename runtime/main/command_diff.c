/* Each file of two versions goes to a temporary one, and the program `diff` says how they differ. */
#include <errno.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "main/admin_client.h"
#include "main/commands.h"
#include "main/local_tenant.h"
#include "script/bundle.h"
#include "script/shelf_index.h"

#define LIVE "live"
#define FILES "files"
#define TROUBLE 2 /* as diff says */

extern char **environ;

/* ---- the two sides ---- */

static int refuse(const char *why)
{
    fprintf(stderr, "moonline: diff: %s\n", why);
    return TROUBLE;
}

/* NULL: stderr says why. */
static struct sources *ask_server(
    const struct settings *settings, const char *tenant_id, const char *version)
{
    char path[300], why[600];
    struct sources *sources = NULL;
    json_t *answer;
    snprintf(path, sizeof path, "/api/tenants/%s/versions/%s/files", tenant_id, version);
    if (admin_ask(settings, path, NULL, &answer, why) != ERR_OK) {
        refuse(why);
        return NULL;
    }
    char *bundle = json_dumps(answer, JSON_COMPACT);
    if (!bundle ||
        sources_from_bundle(&sources, slice_from(bundle), settings->scripts, why) != ERR_OK)
        refuse(bundle ? why : "no memory");
    free(bundle);
    json_decref(answer);
    return sources;
}

/* What loads, or as much as was read of what does not; and what the other version has of files that are there. */
static struct sources *read_files(
    const struct settings *settings, const char *tenant_id, const struct sources *other)
{
    struct local_tenant tenant;
    char why[512];
    struct slice text;
    if (local_tenant_load(&tenant, settings, settings->scripts, tenant_id, false, why) != ERR_OK)
        fprintf(stderr, "moonline: diff: the files do not load: %s\n", why);
    struct sources *sources = tenant.sources ? sources_hold(tenant.sources) : NULL;
    for (size_t i = 0; sources && !tenant.version && i < other->count; i++)
        if (sources_get(sources, other->files[i].name, &text, why) != ERR_OK)
            continue;
    local_tenant_close(&tenant);
    return sources;
}

/* ---- one file ---- */

static bool write_side(
    char path[64], const char *folder, const char *side, const struct source *file)
{
    snprintf(path, 64, "%s", "/dev/null");
    if (!file)
        return true;
    snprintf(path, 64, "%s/%s", folder, side);
    FILE *out = fopen(path, "w");
    bool is_written = out && fwrite(file->text, 1, file->len, out) == file->len;
    return out && fclose(out) == 0 && is_written;
}

/* 0: the same; 1: not; 2: trouble. */
static int run_diff(char *const arguments[])
{
    pid_t child;
    int status, failed = posix_spawnp(&child, "diff", NULL, NULL, arguments, environ);
    if (failed) {
        fprintf(stderr, "moonline: diff: the program diff cannot be run: %s\n", strerror(failed));
        return TROUBLE;
    }
    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR)
            return TROUBLE;
    return WIFEXITED(status) ? WEXITSTATUS(status) : TROUBLE;
}

static int compare(const char *folder, const char *name, const char *const sides[2],
    const struct source *const files[2])
{
    char paths[2][64], labels[2][SOURCE_NAME_SIZE + 32];
    for (int i = 0; i < 2; i++) {
        snprintf(labels[i], sizeof labels[i], "%s/%s", sides[i], name);
        if (!write_side(paths[i], folder, i ? "b" : "a", files[i]))
            return refuse("a temporary file cannot be written");
    }
    char *const arguments[] = {
        "diff", "-u", "--label", labels[0], "--label", labels[1], paths[0], paths[1], NULL};
    int status = run_diff(arguments);
    for (int i = 0; i < 2; i++)
        if (files[i])
            unlink(paths[i]);
    return status;
}

/* ---- all of them ---- */

static int worse(int a, int b)
{
    return a > b ? a : b;
}

static int compare_all(const char *const sides[2], const struct sources *const versions[2])
{
    const struct source *order[SOURCES_MAX];
    char folder[] = "/tmp/moonline-diff-XXXXXX";
    int status = 0;
    if (!mkdtemp(folder))
        return refuse("no folder for temporary files can be made in /tmp");
    for (int side = 0; side < 2; side++) {
        sources_in_order(versions[side], order);
        for (size_t i = 0; i < versions[side]->count; i++) {
            const char *name = order[i]->name;
            const struct source *const files[] = {
                sources_find(versions[0], name), sources_find(versions[1], name)};
            if (side == 0 || !files[0])
                status = worse(status, compare(folder, name, sides, files));
        }
    }
    rmdir(folder);
    return status;
}

static struct sources *open_side(const struct settings *settings, const char *tenant_id,
    const char *side, const struct sources *other)
{
    return strcmp(side, FILES) == 0 ? read_files(settings, tenant_id, other)
                                    : ask_server(settings, tenant_id, side);
}

static bool is_side(const char *text)
{
    return strcmp(text, LIVE) == 0 || strcmp(text, FILES) == 0 || shelf_is_version(text);
}

int command_diff(const struct settings *settings, int argc, char **argv)
{
    static const struct sources nothing;
    const char *const sides[] = {argc > 2 ? argv[2] : LIVE, argc > 3 ? argv[3] : FILES};
    if (argc < 2 || argc > 4 || !source_is_tenant(argv[1]))
        return command_misused(argv[0], "needs a tenant, and takes two versions");
    if (!is_side(sides[0]) || !is_side(sides[1]))
        return command_misused(
            argv[0], "knows versions of 16 hexadecimal digits, \"" LIVE "\" and \"" FILES "\"");
    struct sources *first = open_side(settings, argv[1], sides[0], &nothing);
    struct sources *second = first ? open_side(settings, argv[1], sides[1], first) : NULL;
    int status = TROUBLE;
    if (second) {
        const struct sources *const versions[] = {first, second};
        status = compare_all(sides, versions);
    }
    sources_release(second);
    sources_release(first);
    return status;
}
