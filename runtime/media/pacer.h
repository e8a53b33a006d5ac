/* Outbound clock: frames leave on absolute times t0 + n·20 ms, up to `lead_ms` ahead of our own
   play-out clock, so that a short stall of ours is never heard.

      pacer_put(frame) ─► [ ring of frames ] ─► pacer_take(now) ─► socket
                                     play-out position = (now − t0) clipped to what was sent

   An utterance starts when a frame is put while idle and ends when all is played: then the clock stops
   and the next utterance gets a new t0. When play-out runs dry in the middle, the gap is counted once and
   the clock moves by its length, so that later frames are on time again. Pure; no allocation. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "media/frame.h"

#define PACER_SLOTS                                                                                \
    160 /* 2.9 s of audio that waits (more waits where it came from), and what was sent last */
#define PACER_KEPT 16 /* sent frames that can be sent again */

struct pacer {
    uint8_t ring[PACER_SLOTS][FRAME_BYTES];
    unsigned head;     /* oldest waiting; the frames sent last stand before it */
    unsigned count;    /* waiting */
    unsigned lead_ms;  /* 160 */
    bool is_running;   /* between the first frame and the end of play-out */
    uint64_t t0_ms;    /* play-out of frame 0 of this utterance begins */
    uint64_t sent;     /* frames of this utterance handed out */
    uint64_t ready_ms; /* when the oldest waiting frame could first have been handed out */
    uint64_t
        underruns; /* play-out caught up with `sent` while more was expected; over all utterances */
    bool expects_more; /* the utterance is not complete yet */
    bool is_paused;    /* nothing is handed out, and the clock stands */
};

void pacer_init(struct pacer *pacer, unsigned lead_ms);
/* ERR_FULL: the ring is full and the frame was not taken. After pacer_end, while the utterance still plays, a frame
   makes it longer. */
must_use enum err pacer_put(struct pacer *pacer, const uint8_t frame[FRAME_BYTES], uint64_t now_ms);
void pacer_end(struct pacer *pacer); /* the utterance is complete; nothing when idle */
/* Hands out the next frame when it is due. `*late_ms` is how far past its deadline, or past its pacer_put
   when that was later: what we were late, not what the synthesis was. */
bool pacer_take(struct pacer *pacer, uint8_t out[FRAME_BYTES], uint64_t now_ms, uint64_t *late_ms);
/* When the next frame is due, or the play-out of a complete utterance ends. 0: nothing to do until the
   next pacer_put or pacer_end. */
uint64_t pacer_deadline(const struct pacer *pacer);
/* Milliseconds of this utterance played by now, never more than was sent; 0 when idle. */
uint64_t pacer_played_ms(const struct pacer *pacer, uint64_t now_ms);
uint64_t pacer_unplayed_ms(
    const struct pacer *pacer, uint64_t now_ms); /* sent or waiting, not yet played */
/* When everything of a complete utterance has been played; 0: idle, paused, or more waits or is expected. */
uint64_t pacer_end_ms(const struct pacer *pacer);
/* True once, when everything of a complete utterance has been played; the pacer is idle after it. */
bool pacer_finished(struct pacer *pacer, uint64_t now_ms);
/* Takes back what was sent and not yet played, to be sent again: after a `clear` at the carrier, which plays at constant
   delay and `lag_ms` behind our clock, the next frame taken is the one the carrier plays next. Only full frames: best
   called at pacer_boundary_ms. Returns how many frames. */
unsigned pacer_rewind(struct pacer *pacer, uint64_t lag_ms, uint64_t now_ms);
/* Between the two nothing is handed out: what was sent before counts as played. Right after pacer_rewind. */
void pacer_pause(struct pacer *pacer);
void pacer_resume(struct pacer *pacer, uint64_t now_ms); /* nothing when not paused */
/* When the frame taken last begins to be heard, by our play-out clock. */
uint64_t pacer_audible_ms(const struct pacer *pacer);
/* The next moment at which one frame's play-out ends and another's begins; now when idle. */
uint64_t pacer_boundary_ms(const struct pacer *pacer, uint64_t now_ms);
/* Drops what waits but the oldest frame, which may be altered; NULL: none waits. */
uint8_t *pacer_keep_one(struct pacer *pacer);
void pacer_clear(struct pacer *pacer); /* drops everything: idle */
unsigned pacer_free_slots(const struct pacer *pacer);
