/* When the words of a transcript were said, where the vendor does not tell: the time of the voice shared out by the words'
   lengths. A digit counts as the word it is spoken as, a comma or a full stop as a short pause. Good to about a syllable
   in speech without long pauses. Pure. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "providers/stt.h"

/* Writes at most `most` words, slices of `text`; returns how many. Times lie in [start_ms, end_ms], in order. */
size_t word_times_estimate(
    struct stt_word *out, size_t most, struct slice text, uint32_t start_ms, uint32_t end_ms);
