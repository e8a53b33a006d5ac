/* How many tokens a chat model counts for a text: an estimate, without the model's vocabulary. The text is cut as its
   tokenizer cuts it before looking anything up (words with the space before them, digits by threes, runs of punctuation);
   what a word comes to follows from its length and script. docs/prompts.md has how near that comes. Pure. */
#pragma once

#include <stddef.h>

#include "base/slice.h"

size_t tokens_estimate(struct slice text);
