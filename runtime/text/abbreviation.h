/* Whether the dot behind a word ends a sentence. Pure, English. */
#pragma once

#include "base/slice.h"

enum dot {
    DOT_END,            /* ends the sentence */
    DOT_INSIDE,         /* "Dr.", "e.g.", an initial: never ends it */
    DOT_BEFORE_CAPITAL, /* "a.m.", "etc.": ends it when a capital follows */
    DOT_BEFORE_DIGIT,   /* "No.", "ext.": ends it unless a digit follows */
};

/* `word`: the letters and inner dots before the dot, without it. */
enum dot abbreviation_dot(struct slice word);
