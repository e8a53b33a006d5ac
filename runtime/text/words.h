/* What the engine may know of a transcript without seeing it. Pure, English for now. */
#pragma once

#include <stdbool.h>

#include "base/slice.h"

struct words_signals {
    unsigned word_count;
    bool is_backchannel; /* nothing but "mm-hmm", "yeah", "okay", "right", … */
    bool is_hanging;     /* ends in the middle: "and", "my number is", "I", a trailing comma */
    bool is_spelling;    /* ends in single letters or digits: patience while the caller spells */
};

void words_look(struct words_signals *out, struct slice text);
unsigned words_count(struct slice text);
/* Word by word, whatever the case and the punctuation. */
bool words_are(struct slice text, struct slice phrase);     /* and nothing else */
bool words_contain(struct slice text, struct slice phrase); /* false for a phrase without words */
