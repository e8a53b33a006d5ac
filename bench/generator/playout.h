/* What the far end of a stream does with media, by arithmetic instead of a clock of its own: 40 ms are gathered
   before an utterance plays, then 20 ms are played every 20 ms; a buffer that runs dry inside an utterance is an
   underrun. An utterance ends with a mark that was reached, a clear, or a second of quiet. Pure. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define PLAYOUT_PREBUFFER_US 40000
#define PLAYOUT_QUIET_US 1000000

struct playout {
    bool is_open;
    uint64_t first_us; /* zero of the grid: first arrival; moved by an underrun */
    uint64_t audio_us; /* received in this utterance */
    uint64_t ends_us;  /* all that was received is played then */
    int64_t least_us;  /* the earliest a frame came, against the grid */
    unsigned underruns;
};

struct arrival {
    bool is_new;          /* begins an utterance */
    bool is_underrun;     /* the buffer had run dry before it */
    uint64_t late_us;     /* past its place on the grid `first arrival + audio so far` */
    uint64_t off_pace_us; /* past the sender's own pace, as its earliest frame showed it */
};

struct arrival playout_media(struct playout *playout, uint64_t now_us, uint64_t audio_us);
void playout_end(struct playout *playout); /* what comes next is new */
