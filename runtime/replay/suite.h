/* A folder of captured calls as a regression suite. */
#pragma once

#include "replay/report.h"

struct suite_sums {
    unsigned files, same, partly, differ, bad;
    uint64_t duration_ms;
};

/* A file, or all *.mooncap of a folder and of those in it, by name. ERR_NOT_FOUND: nothing is there. ERR_SYSTEM: a folder cannot
   be read; the others are walked all the same. */
must_use enum err suite_walk(const char *path, void (*on_file)(void *owner, const char *path),
    void *owner, char why[REPLAY_WHY_SIZE]);
/* Each of them checked: a line each. */
must_use enum err suite_check(FILE *to, const char *path, const char *key_path,
    struct suite_sums *sums, char why[REPLAY_WHY_SIZE]);
void suite_print(FILE *to, const struct suite_sums *sums);
