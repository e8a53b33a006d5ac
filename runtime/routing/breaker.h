/* A circuit breaker: whoever fails again and again is left alone for a while. Pure; time is given.

   state     what comes                                                    next
   CLOSED    FAILURES in the window, at least as many as successes         OPEN for a pause: 2 s, doubling to 60
             a failure that `opens` (the key, the quota)                   OPEN for 30 s or more
             BUSY that asks for more than a second                         OPEN for as long as it asks, 60 s at most
   OPEN      asked after the pause, or because nobody else is left         PROBING: one request, nobody else
   PROBING   it succeeds, or is refused for what it asks                   CLOSED
             it fails                                                      OPEN, for twice as long
             it is given up, or not heard of for 10 s                      another probe may go */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "providers/failure.h"

#define BREAKER_FAILURES 5
#define BREAKER_WINDOW_MS 20000
#define BREAKER_PAUSE_MS 2000
#define BREAKER_PEOPLE_PAUSE_MS 30000
#define BREAKER_PAUSE_MAX_MS 60000
#define BREAKER_PROBE_MS 10000

enum breaker_state { BREAKER_CLOSED, BREAKER_OPEN, BREAKER_PROBING };

struct breaker_count {
    unsigned failures, successes;
};

struct breaker {
    enum breaker_state state;
    uint64_t until_ms;                 /* OPEN: of the pause; PROBING: the probe is waited for */
    unsigned pause_ms;                 /* the last one; 0: none since it was closed */
    uint64_t newer_ms;                 /* when the newer half of the window began */
    struct breaker_count newer, older; /* halves of the window */
};

bool breaker_lets(const struct breaker *breaker, uint64_t now_ms);
void breaker_ask(struct breaker *breaker, uint64_t now_ms); /* unless closed, this is the probe */
void breaker_succeeded(struct breaker *breaker, uint64_t now_ms);
/* True: it was closed, and is open from now on. */
bool breaker_failed(struct breaker *breaker, const struct failure *failure, uint64_t now_ms);
void breaker_gave_up(struct breaker *breaker, uint64_t now_ms); /* nothing was learnt */
