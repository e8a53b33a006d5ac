/* The check of sound: what came and what was played, through the ear again; voice, keys and the jitter buffer's numbers must
   come out as they are recorded. */
#pragma once

#include "media/ear.h"
#include "replay/held.h"
#include "replay/packed.h"

struct sound_check {
    struct held held;
    struct ear ear;
    struct strbuf
        message; /* the bytes of the one under way, whose frames are taken as records ask for them */
    struct ear_message rest;
    bool is_under_way;
    struct packed_voice heard[2]; /* of the newest frame, not yet found in a record */
    unsigned heard_count;
    struct packed_jitter told; /* the newest recorded */
};

/* ERR_NOMEM. */
must_use enum err sound_check_init(struct sound_check *check, const struct ear_settings *settings);
void sound_check_free(struct sound_check *check);
/* Any record, `number` in the file. ERR_BAD: it is not what its kind says. */
must_use enum err sound_check_take(
    struct sound_check *check, const struct capture_record *record, uint64_t number);
/* After the last record of a whole file: nothing is heard that was not recorded. */
void sound_check_end(struct sound_check *check, uint64_t number, uint64_t at_ms);
