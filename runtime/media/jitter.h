/* Inbound jitter buffer on the sender's timestamps: arrivals in, one frame per 20 ms out.
   Depth follows measured jitter between `min_ms` and `max_ms`. A gap is concealed (spandsp's packet-loss
   concealment) and counted; late and duplicate frames are counted and dropped. No allocation.

      jitter_put(ts) ──► [ slot ][ slot ][ slot ] ──► jitter_get(now) every 20 ms

   How the delay moves, always by whole frames:
   * longer: nothing is there when a frame is due. A concealed frame plays while its place is kept; when
     the frame comes after all, it plays 20 ms later than planned. When a later one comes instead, the
     place is given up: one lost frame costs one concealed frame and no delay.
   * shorter: the delay is above `depth_ms` for half a second, and a quiet frame is left out.
   * at once: after a stall of the caller or a burst beyond `max_ms`, what waits comes out without loss.
   A timestamp that jumps, forward or back, while frames go on arriving is a new clock of the sender: the
   next frame follows the last one without a gap. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <spandsp/telephony.h>

#include <spandsp/plc.h>

#include "media/frame.h"

#define JITTER_SLOTS 32

struct jitter_stats {
    uint64_t count_in;
    uint64_t count_late;      /* came when their place was given up */
    uint64_t count_duplicate; /* came before */
    uint64_t count_gaps;      /* runs of concealed frames */
    uint64_t count_concealed;
    uint64_t count_out; /* frames given out, concealed ones included */
    uint64_t
        count_skipped; /* received but left out: to shorten the delay, or the buffer was full */
    uint64_t count_resyncs;   /* jumps of the sender's clock */
    uint64_t count_reordered; /* came behind a later one, and in time */
    uint64_t count_lost;      /* did not come, nor late */
};

enum jitter_result {
    JITTER_FRAME,     /* a frame as received */
    JITTER_CONCEALED, /* a frame made up for one that is missing */
    JITTER_EMPTY,     /* nothing to play yet: not started, or the sender is silent */
};

struct jitter {
    uint8_t slots[JITTER_SLOTS][FRAME_BYTES]; /* as µ-law: what leaves is decoded again */
    int64_t slot_index[JITTER_SLOTS];         /* frame number held by the slot, -1: empty */
    int64_t next_index;                       /* frame number that leaves next */
    int64_t last_index;                       /* highest frame number received */
    int64_t first_index;                      /* since the sender began, or began again */
    uint64_t
        missing;    /* places before next_index that were given up, a bit each, the newest lowest */
    double base_ms; /* the sender's time of frame number 0 */
    uint64_t next_due_ms; /* our clock */
    bool is_started;      /* frames leave; false before the first and while the sender is silent */
    double jitter_ms;     /* smoothed |deviation| of arrival */
    double transit_ms;    /* smoothed arrival − timestamp */
    double origin_ms;     /* so, when the sender's clock had been watched for a second */
    unsigned settling;    /* frames until then */
    unsigned min_ms;
    unsigned max_ms;
    unsigned depth_ms; /* aimed at, now */
    unsigned misses;   /* concealed in a row */
    unsigned kept;     /* of those, how many kept the place of the missing frame */
    unsigned late_in_a_row;
    unsigned steady;   /* frames given out since the last concealed or skipped one */
    uint64_t stall_ms; /* deadlines passed over because the caller came too late for them */
    plc_state_t plc;
    struct jitter_stats stats;
};

/* Bounds are kept within 20 and 400 ms. */
void jitter_init(struct jitter *jitter, unsigned min_ms, unsigned max_ms);
/* `timestamp_ms`: presentation time of the frame's first sample from stream start. */
void jitter_put(
    struct jitter *jitter, const struct frame *frame, uint64_t timestamp_ms, uint64_t now_ms);
/* There will be no more: what is missing is lost. */
void jitter_end(struct jitter *jitter);
/* How far the sender's clock went ahead of ours, or behind: it is too slow when positive. From a second after the sender
   began, or its clock jumped. */
double jitter_drift_ms(const struct jitter *jitter);
/* When the next frame is due on our clock; 0 before the first arrival and while the sender is silent. */
uint64_t jitter_deadline(const struct jitter *jitter);
/* At or after the deadline: the next frame into `out`. After 10 concealed frames in a row it says
   JITTER_EMPTY and waits for the sender. Call until the deadline is in the future (or 0). */
enum jitter_result jitter_get(struct jitter *jitter, struct frame *out, uint64_t now_ms);
