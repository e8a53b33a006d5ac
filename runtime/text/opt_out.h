/* Whether somebody wants no more texts, wants them again, or wants to know what this is. Pure; any bytes.

   A text is STOP when nothing but such a word is in it ("Stop!!", "S T O P", "please unsubscribe, thanks"), however spelled:
   letter case, punctuation, blanks, full-width letters, accents, doubled letters and the usual slips of the thumb; or when a
   sentence of it says so ("don't text me any more", "take me off your list"). The words are those of 47 CFR
   64.1200(a)(10) and the carrier's, with the Spanish and French ones it knows. "Can you stop by at five?", "end of the week
   works" and "cancel my appointment" are none. */
#pragma once

#include <stdbool.h>

#include "base/slice.h"

enum opt_out_word {
    OPT_OUT_NONE,
    OPT_OUT_STOP,
    OPT_OUT_START, /* START, UNSTOP, YES: of use only to those who are out; to others YES is an answer */
    OPT_OUT_HELP
};

enum opt_out_word opt_out_read_text(struct slice text);
/* In a call, where "stop" alone asks us to be quiet: only what is about texts, or lists. */
bool opt_out_was_spoken(struct slice words);
