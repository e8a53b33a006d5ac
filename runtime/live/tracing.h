/* Which moment of a call begins and ends which span (docs/tracing.md). The functions stand in live/call.h with the others'. */
#pragma once

#include "observe/trace.h"
#include "routing/route.h"

struct tracing {
    struct trace *trace; /* NULL: this call is not sampled */
    uint64_t root;
    uint64_t next_turn; /* of the words that are no turn yet; here and below 0: none is open */
    uint64_t turn;      /* of the reply that is alive */
    uint64_t media_in;  /* the caller's voice */
    uint64_t hearing;   /* and its transcript */
    uint64_t prompt;
    uint64_t model;
    uint64_t media_out;
    bool is_turn_taken;               /* the reply that begins answers it */
    unsigned partials;                /* of the transcript */
    unsigned rounds;                  /* of the model, in this turn */
    bool is_given_up[PROVIDER_SLOTS]; /* what the newest span of it asked for */
};
