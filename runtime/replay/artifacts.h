/* A captured call as files for people: caller.wav, agent.wav, both.wav, transcript.txt, timeline.json, call.html. */
#pragma once

#include "replay/report.h"

/* Into a folder, which is made; files that are there are written anew. All are their owner's only. `why` says which could not be. */
must_use enum err artifacts_write(const char *folder, const struct replay_file *file,
    const struct check_report *report, json_t *timeline, char why[REPLAY_WHY_SIZE]);
