/* Some models think aloud: their reply begins with <think>…</think>, which nobody should hear. Takes
   deltas, gives back what may be spoken. Only a block at the very start counts. Pure. */
#pragma once

#include <stddef.h>

#include "base/slice.h"
#include "base/strbuf.h"

enum thought_state {
    THOUGHT_START,  /* nothing but blanks and a part of <think> so far */
    THOUGHT_INSIDE, /* waiting for </think> */
    THOUGHT_AFTER,  /* skipping blanks behind it */
    THOUGHT_SPEECH, /* everything passes */
};

struct thought {
    enum thought_state state;
    size_t matched; /* characters of the tag seen in a row */
    size_t blanks;  /* blanks held back before the tag, at most 8 are kept */
};

void thought_filter(struct thought *thought, struct slice delta, struct strbuf *out);
void thought_finish(struct thought *thought, struct strbuf *out); /* gives out what was held back */
