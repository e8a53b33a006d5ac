/* What a capture says of its call before anything happened: whose it was, and what the pure parts went by. */
#pragma once

#include <jansson.h>

#include "callflow/turn_codec.h"
#include "media/ear.h"
#include "replay/file.h"
#include "script/agent.h"

struct replay_head {
    json_t *json; /* as it stands there; owned */
    uint64_t started_wall_ms;
    struct turn_settings settings;
    struct turn_dictionary dictionary;
    struct ear_settings ear;
    struct agent_turn_policy policy; /* of it, only the phrases */
    bool is_reworded;                /* before_say has the last word on each piece */
    char strange[REPLAY_WHY_SIZE];   /* names this build does not know, for people; "": none */
};

/* Of the first record. ERR_BAD, ERR_NOMEM: `why` says what is wrong, and there is nothing to close. */
must_use enum err replay_head_read(
    struct replay_head *head, const struct capture_record *record, char why[REPLAY_WHY_SIZE]);
/* Likewise, with the file's first record. */
must_use enum err replay_head_of(
    struct replay_head *head, const struct replay_file *file, char why[REPLAY_WHY_SIZE]);
void replay_head_close(struct replay_head *head);
const char *replay_head_text(const struct replay_head *head, const char *name); /* "": not there */
/* The phrases of another version that answers from now on; without any in it they stay. */
void replay_head_take_agent(struct replay_head *head, const json_t *agent);
