/* What one session has heard of the item being spoken: finds where speech is, opens the decoder only there, and joins
   the words of an item's stretches.

      frames of 20 ms ─► loud enough? ─► stretch (300 ms before it … 700 ms of silence after it) ─► decoder
                                                 └─ words ─► text of the item ─► commit: final

   Pure but for the decoder. Times are counted in audio, never read from a clock. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "decoder.h"

#define HEARING_FRAME 160      /* samples: 20 ms */
#define HEARING_BEFORE 15      /* frames kept from before speech */
#define HEARING_TEXT_SIZE 4096 /* of an item; more words are dropped */

struct hearing {
    int16_t before[HEARING_BEFORE *
                   HEARING_FRAME]; /* the last frames, oldest first; the newest may be partial */
    size_t before_count;
    size_t frame_count;      /* samples of the frame being filled, at the end of `before` */
    bool is_fresh;           /* nothing decoded yet: `memory` is not set */
    bool is_open;            /* a stretch is in the decoder */
    unsigned quiet_frames;   /* in a row, in the stretch */
    unsigned frames_to_next; /* until the next partial */
    struct decoder_memory memory;
    char text[HEARING_TEXT_SIZE];    /* of the item's finished stretches */
    char partial[HEARING_TEXT_SIZE]; /* as told last */
};

void hearing_init(struct hearing *hearing);
/* Takes audio; true when there is a new partial in `partial`. ERR of the decoder is as if nothing was said. */
bool hearing_audio(
    struct hearing *hearing, struct decoder *decoder, const int16_t *pcm, size_t count);
/* Ends the item: its words into `words`; the next item begins empty. */
void hearing_commit(
    struct hearing *hearing, struct decoder *decoder, char words[HEARING_TEXT_SIZE]);
/* The decoder is given up in the middle of a stretch; its words are lost. */
void hearing_abandon(struct hearing *hearing, struct decoder *decoder);
