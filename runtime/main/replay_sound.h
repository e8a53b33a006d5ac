/* `moonline replay SOUND`: a recording with no capture (replay/raw.h). */
#pragma once

#include <stdbool.h>

#include "main/settings.h"
#include "replay/file.h"

struct replay_sound {
    const char *path;
    const char *tenant;      /* whose turn policy holds; NULL: the defaults */
    const char *words_after; /* milliseconds from an utterance's commit to its words; NULL: 200 */
    bool wants_json;
};

/* By its name or its first bytes. */
bool replay_is_sound(const char *path, const struct replay_file *file);
/* The command's exit status; stderr says what is wrong. */
int replay_sound(const struct replay_sound *request, const struct settings *settings,
    const struct replay_file *file);
