/* A TCP relay with bad habits, for tests: everything that goes through it is late, unsteady, cut to pieces,
   stalled, lost or broken off, as its control commands say.

       client ─► listening port ─► [ up: queue of pieces with due times ] ─► target
              ◄─                 ◄─ [ down ]                               ◄─

   TCP loses no bytes: what a network loses, a connection feels as delay. So loss, reordering and doubling work
   on whole WebSocket messages (frames.h), and are asked for with `messages`. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum direction { UP, DOWN }; /* UP: towards the target */

/* How one direction behaves now. */
struct habits {
    unsigned delay_ms;
    unsigned jitter_ms;        /* 0 to so much is added to each piece; order is kept */
    unsigned piece_bytes;      /* cut into pieces of 1 to so many bytes; 0: as read */
    unsigned bytes_per_second; /* 0: no limit */
    unsigned lose_per_mille;   /* of WebSocket messages that hold `match` */
    unsigned double_per_mille;
    unsigned swap_per_mille; /* with the message behind it */
    char match[32];          /* "": every text message */
};

/* A generator of its own, so that a seed gives the same habits again. */
static inline uint32_t shaper_random(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(*state >> 33);
}
