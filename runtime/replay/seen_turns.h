/* What became of each turn of a call, read from the steps of its engine, recorded or simulated: whether the caller was cut off,
   how long the answer was waited for. Pure. */
#pragma once

#include "replay/call_steps.h"

#define CUT_OFF_MS 1500 /* a caller who goes on so soon after a turn was taken had not ended it */
#define SEEN_TURNS_MAX 1000

struct seen_turn {
    uint64_t commit_ms;
    uint32_t silence_ms;  /* from the end of speech to the commit */
    uint32_t words;       /* known by then */
    uint32_t words_after; /* of the same speech, told only after it */
    bool is_cut_off;      /* the caller went on, with words, within CUT_OFF_MS */
    uint32_t went_on_ms;  /* so: that long after the commit */
    bool is_taken_back;   /* the caller went on before anything was heard: the words wait again */
    bool is_answered;     /* something of the reply was heard */
    uint32_t wait_ms;     /* so: from the end of speech to the first sound */
    bool is_interrupted;  /* while it was heard */
    bool is_apology;      /* something failed */
    unsigned fillers;
    uint32_t
        speech; /* number of the last speech before it, from 1: what two runs are compared by */
};

struct seen_sums {
    unsigned turns, cut_offs, taken_back, words_after, interrupted, apologies, fillers;
    unsigned answered;
    uint32_t wait_p50_ms, wait_p90_ms, wait_max_ms;
};

struct seen_turns {
    struct seen_turn *list;
    size_t count;
    bool is_all; /* not more than SEEN_TURNS_MAX */
};

must_use enum err seen_turns_of(struct seen_turns *seen, const struct call_steps *steps);
/* NULL: none was taken after that speech. */
const struct seen_turn *seen_turn_after(const struct seen_turns *seen, uint32_t speech);
void seen_turns_free(struct seen_turns *seen);
/* Of several calls, too: they are joined first. */
must_use enum err seen_turns_join(struct seen_turns *all, const struct seen_turns *more);
must_use enum err seen_turns_sum(struct seen_sums *sums, const struct seen_turns *seen);
