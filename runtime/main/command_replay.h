/* `moonline replay` with other settings, or with other scripts: simulations, not the call itself (docs/replay.md). */
#pragma once

#include "main/settings.h"
#include "replay/what_if.h"

struct replay_again {
    const char *path; /* a file; with settings a folder, too */
    const char *key_file;
    struct what_if what_if;
    const char *scripts; /* the folder; NULL: settings are tried */
    const char *tenant;  /* NULL: the capture's own */
    bool is_live;        /* a real model answers */
    bool wants_json;
    char why[1024]; /* what is wrong with a setting; "": nothing */
};

/* Takes one `--set`; `why` of the first that is none stays. */
void replay_again_set(struct replay_again *again, const char *text);
/* Both return what the command does: 0; 1: today's scripts come to something else; 2: it cannot be said. */
int replay_with_settings(const struct replay_again *again);
int replay_with_scripts(const struct settings *settings, const struct replay_again *again);
