#include "replay/suite.h"

#include <errno.h>
#include <fts.h>
#include <string.h>

static void count(struct suite_sums *sums, const struct check_report *report)
{
    sums->files++;
    sums->duration_ms += report->duration_ms;
    switch (check_verdict(report)) {
    case CHECK_SAME:
        sums->same++;
        return;
    case CHECK_PARTLY:
        sums->partly++;
        return;
    case CHECK_DIFFERS:
        sums->differ++;
        return;
    case CHECK_BAD:
        sums->bad++;
        return;
    }
}

struct suite {
    FILE *to;
    const char *key_path;
    struct suite_sums *sums;
};

static void check_one(void *owner, const char *path)
{
    const struct suite *suite = owner;
    struct replay_file file;
    struct check_report report = {.err = ERR_BAD};
    if (replay_file_open(&file, path, suite->key_path, report.why) == ERR_OK) {
        check_file(&report, &file);
        replay_file_close(&file);
    }
    count(suite->sums, &report);
    report_line(suite->to, path, &report);
}

static bool is_capture(const FTSENT *entry)
{
    size_t len = entry->fts_namelen, suffix = strlen(CAPTURE_SUFFIX);
    return entry->fts_info == FTS_F && len > suffix &&
           strcmp(entry->fts_name + len - suffix, CAPTURE_SUFFIX) == 0;
}

static int by_name(const FTSENT **a, const FTSENT **b)
{
    return strcmp((*a)->fts_name, (*b)->fts_name);
}

enum err suite_walk(const char *path, void (*on_file)(void *owner, const char *path), void *owner,
    char why[REPLAY_WHY_SIZE])
{
    char *const paths[] = {(char *)path, NULL};
    unsigned found = 0;
    bool is_whole = true;
    FTS *walk = fts_open(paths, FTS_PHYSICAL | FTS_COMFOLLOW | FTS_NOCHDIR, by_name);
    if (!walk) {
        snprintf(why, REPLAY_WHY_SIZE, "%s: %s", path, strerror(errno));
        return ERR_SYSTEM;
    }
    for (FTSENT *entry; (entry = fts_read(walk)) != NULL;) {
        bool is_named = entry->fts_level == 0 && entry->fts_info == FTS_F;
        if (entry->fts_info == FTS_DNR || entry->fts_info == FTS_ERR) {
            snprintf(why, REPLAY_WHY_SIZE, "%s: %s", entry->fts_path, strerror(entry->fts_errno));
            is_whole = false;
        }
        if (!is_named && !is_capture(entry))
            continue;
        on_file(owner, entry->fts_path);
        found++;
    }
    fts_close(walk);
    if (!is_whole)
        return ERR_SYSTEM;
    if (found)
        return ERR_OK;
    snprintf(why, REPLAY_WHY_SIZE, "%s holds no captured call (*%s)", path, CAPTURE_SUFFIX);
    return ERR_NOT_FOUND;
}

enum err suite_check(FILE *to, const char *path, const char *key_path, struct suite_sums *sums,
    char why[REPLAY_WHY_SIZE])
{
    struct suite suite = {.to = to, .key_path = key_path, .sums = sums};
    return suite_walk(path, check_one, &suite, why);
}

void suite_print(FILE *to, const struct suite_sums *sums)
{
    fprintf(to,
        "%u calls, %.1f minutes: %u the same, %u the same up to where they are incomplete, "
        "%u differ, %u unreadable\n",
        sums->files, (double)sums->duration_ms / 60000, sums->same, sums->partly, sums->differ,
        sums->bad);
}
