/* The check of words: transcripts again to what the engine is told of them, the model's text again to pieces. Of a piece the
   engine knows how many sentences end in it, and whether the answer asks for room: that is what must be the same. */
#pragma once

#include <jansson.h>

#include "replay/head.h"
#include "replay/held.h"
#include "text/pieces.h"
#include "text/room.h"

#define WORDS_ITEMS 16
#define WORDS_PIECES_MAX 256

struct words_item { /* a transcript whose event did not come yet */
    bool is_final;
    uint32_t item;
    struct turn_words words;
    char text[80]; /* its beginning, for people */
};

struct words_piece {
    unsigned sentences;
    bool needs_room;
};

struct words_check {
    struct held held;
    uint64_t untold;                      /* events whose text is not in the file */
    struct words_item items[WORDS_ITEMS]; /* the oldest is forgotten */
    unsigned item_count;
    bool is_round; /* a model's answer is under way, of this epoch */
    uint32_t epoch;
    struct room room;
    struct pieces pieces;
    struct words_piece
        cut[WORDS_PIECES_MAX]; /* not yet told to the engine; the oldest is the first */
    unsigned cut_count;
};

void words_check_init(struct words_check *check);
/* A record STT or LLM, read as JSON. */
void words_check_hear(
    struct words_check *check, const struct replay_head *head, const json_t *record);
void words_check_model(struct words_check *check, const json_t *record);
/* A step, and what it led to. */
void words_check_step(struct words_check *check, const struct replay_head *head,
    const struct turn_step *step, uint64_t number, uint64_t at_ms);
