/* While a story is being made. Private to story*.c. */
#pragma once

#include "replay/steps.h"
#include "replay/story.h"

#define STORY_ITEMS 64

struct story_item { /* a transcript */
    uint32_t item;
    bool is_final;
    char *text; /* heap */
};

struct story_reply { /* what the agent says */
    bool is_open;
    uint32_t epoch;
    uint64_t began_ms;
    uint64_t heard_from_ms, heard_to_ms; /* of its sound; 0: none */
    struct strbuf text;
};

struct story {
    json_t *timeline;
    struct replay_head head;
    struct steps_check steps; /* the engine, run along */
    bool
        is_astray; /* it is not what it was, or records are missing: the recorded steps are believed */
    uint64_t at_ms;
    uint64_t cut; /* entries that had no room */
    enum turn_state state;
    uint64_t state_from_ms;
    bool is_voice;
    uint64_t voice_from_ms; /* of the voice that goes on, or of the turn's first; */
    uint64_t turn_from_ms;  /* 0: nothing was heard since the last turn */
    uint64_t turn_to_ms;
    struct story_item items[STORY_ITEMS]; /* since the last turn, oldest first */
    unsigned item_count;
    struct strbuf keys;
    unsigned turns;
    struct story_reply reply;
};

void story_add(struct story *story, const char *list, json_t *entry_take);
/* story_steps.c: a step that was taken. */
void story_step(struct story *story);
/* story_said.c */
void story_hear(struct story *story, const json_t *record);
void story_key(struct story *story, char key);
void story_commit(struct story *story); /* the caller's turn is over */
void story_speak(struct story *story, const json_t *record);
void story_reply_begin(struct story *story, uint32_t epoch);
void story_reply_end(struct story *story, const char *ending); /* NULL: it was heard */
void story_sound(struct story *story, uint64_t audible_ms);
void story_said_free(struct story *story);
