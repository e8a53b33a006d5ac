/* Twilio's play-out of what a server sends: audio of any size is queued and played in frames of 20 ms;
   a mark is echoed when all audio before it has been played, at once when nothing is queued; clear
   drops the queue and echoes every pending mark.

      media ─► [ queue ] ─► tick every 20 ms ─► ear        marks: positions in the byte stream

   Pure: the caller of playout_tick owns the clock. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "media/frame.h"

#define PLAYOUT_MARKS_MAX 512
#define PLAYOUT_MARK_SIZE 128
#define PLAYOUT_QUEUE_MAX_BYTES (8000u * 600) /* ten minutes */
#define PLAYOUT_UNDERRUN_MAX_MS 400           /* a longer silence is the end of what was said */

struct playout_mark {
    char name[PLAYOUT_MARK_SIZE];
    uint64_t position; /* bytes received before it */
};

struct playout {
    uint8_t *queue;
    size_t len;
    size_t capacity;
    uint64_t received;                            /* bytes, ever */
    uint64_t done;                                /* bytes played to their end or dropped */
    size_t playing;                               /* bytes of the frame that is being played */
    struct playout_mark marks[PLAYOUT_MARKS_MAX]; /* oldest first */
    size_t mark_count;
    unsigned dry_frames; /* ticks without audio since the last one with */
    bool was_cleared;    /* since then */
    bool has_played;
    /* What went wrong, for the report. */
    unsigned underruns;   /* silences shorter than PLAYOUT_UNDERRUN_MAX_MS between two frames */
    unsigned underrun_ms; /* all of them together */
    unsigned odd_sizes;   /* media messages that are not whole frames of 160 bytes */
    unsigned cut_frames;  /* frames padded with silence because the queue ended inside */
    unsigned messages;    /* media messages */
    uint64_t most_queued; /* bytes */
};

void playout_init(struct playout *playout);
void playout_free(struct playout *playout);
/* ERR_FULL: more than ten minutes wait. `*starts` when nothing was queued or playing before. */
must_use enum err playout_media(
    struct playout *playout, const uint8_t *ulaw, size_t len, bool *starts);
must_use enum err playout_mark(struct playout *playout, const char *name); /* ERR_FULL */
size_t playout_clear(struct playout *playout);                             /* bytes dropped */
/* The frame of the next 20 ms; false: silence (`out` is silence). What the tick before gave out has
   been played now. */
bool playout_tick(struct playout *playout, uint8_t out[FRAME_BYTES]);
/* The next mark to echo, in order; false: none is due. Ask after every call above. */
bool playout_take_mark(struct playout *playout, char name[PLAYOUT_MARK_SIZE]);
