/* How many segments a text is sent and billed as: 160 letters of GSM 03.38's alphabet (some count twice), or 70 units of UTF-16
   when one letter is not in it; 153 or 67 each as soon as there are several, and no letter is torn apart. Pure. */
#pragma once

#include <stdbool.h>

#include "base/slice.h"

#define TEXT_SEGMENTS_MAX 10  /* more is an e-mail */
#define TEXT_LETTERS_MAX 1600 /* the carrier's own limit */

struct text_segments {
    unsigned count;   /* 0: an empty text */
    unsigned letters; /* as people count them */
    bool is_gsm;      /* in the short alphabet */
};

/* UTF-8; a byte that is none counts as one letter outside of the alphabet. */
struct text_segments text_segments(struct slice text);
