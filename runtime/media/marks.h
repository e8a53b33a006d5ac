/* What the carrier's mark echoes say of its play-out. The echo of a mark is due when the audio before it was played by our
   own clock; it comes later by what the line takes, which is the least that was ever seen in the call. An echo that is
   later still means that the carrier stood still: the caller hears that much less than our clock says.

   A `clear` makes the carrier send back every mark it holds, played or not: those are of an older generation and say
   nothing. Pure; no allocation. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define MARKS_OPEN_MAX 16   /* echoes waited for; the oldest is given up for a new one */
#define MARKS_EVERY_MS 1600 /* of speech: a piece */
#define MARKS_JITTER_MS 60  /* later than the least by so much is no lag */
#define MARKS_LAG_MAX_MS 2000

struct marks {
    uint32_t generation;
    uint32_t sent; /* numbers count from 1 over the call */
    uint64_t due_ms[MARKS_OPEN_MAX];
    uint32_t oldest; /* number of the oldest that is waited for */
    bool has_transit;
    int64_t transit_ms; /* the least from due to echo */
    uint32_t lag_ms;    /* of the carrier behind our clock, as far as is known */
    uint32_t lags;      /* times it fell behind, for the record */
};

/* The number of a mark behind audio that will have been played at `due_ms`. */
uint32_t marks_sent(struct marks *marks, uint64_t due_ms);
/* False: of an older generation, or not waited for. */
bool marks_echo(struct marks *marks, uint32_t generation, uint32_t number, uint64_t now_ms);
bool marks_are_open(const struct marks *marks); /* an echo is waited for */
void marks_cleared(struct marks *marks); /* `clear` was sent: what follows is played at once */
void marks_idle(struct marks *marks);    /* an utterance ended: the next begins without lag */
