/* Inbound jitter buffer on the sender's timestamps: arrivals in, one frame per 20 ms out.
   Depth follows measured jitter between `min_ms` and `max_ms`. A gap is concealed (spandsp's packet-loss
   concealment) and counted; late and duplicate frames are counted and dropped. No allocation after init.

      jitter_put(ts) ──► [ slot ][ slot ][ slot ] ──► jitter_get(now) every 20 ms
*/
#pragma once

#include <spandsp.h>
#include <stdbool.h>
#include <stdint.h>

#include "media/frame.h"

#define JITTER_SLOTS 32

struct jitter_stats {
    uint64_t count_in;
    uint64_t count_late;
    uint64_t count_duplicate;
    uint64_t count_concealed;
    uint64_t count_out;
};

enum jitter_result {
    JITTER_FRAME,     /* a frame as received */
    JITTER_CONCEALED, /* a frame made up for one that is missing */
    JITTER_EMPTY,     /* nothing to play yet: not started, or the sender is silent */
};

struct jitter {
    struct frame slots[JITTER_SLOTS];
    int64_t slot_index[JITTER_SLOTS]; /* frame number held by the slot, -1: empty */
    int64_t next_index;               /* frame number that leaves next */
    uint64_t next_due_ms;             /* our clock */
    bool is_started;
    double jitter_ms;                 /* smoothed |deviation| of arrival */
    double transit_ms;                /* smoothed arrival − timestamp */
    unsigned min_ms;
    unsigned max_ms;
    unsigned depth_ms;                /* now */
    unsigned misses;                  /* concealed in a row */
    plc_state_t plc;
    struct jitter_stats stats;
};

void jitter_init(struct jitter *jitter, unsigned min_ms, unsigned max_ms);
/* `timestamp_ms`: presentation time of the frame's first sample from stream start. */
void jitter_put(struct jitter *jitter, const struct frame *frame, uint64_t timestamp_ms, uint64_t now_ms);
/* When the next frame is due on our clock; 0 before the first arrival. */
uint64_t jitter_deadline(const struct jitter *jitter);
/* At or after the deadline: the next frame into `out`. After 10 concealed frames in a row it says
   JITTER_EMPTY and waits for the sender. Call until the deadline is in the future. */
enum jitter_result jitter_get(struct jitter *jitter, struct frame *out, uint64_t now_ms);
