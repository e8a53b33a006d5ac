/* Cuts a stream of model tokens into speakable pieces: whole clauses, short enough that cutting off
   after any of them loses little (about 1.6 s of speech, the first one included).
   Feed tokens; take pieces; flush at the end of the reply. No allocation after init. Pure. */
#pragma once

#include <stdbool.h>

#include "base/slice.h"

#define PIECES_BUFFER_BYTES 1024
#define PIECE_MAX_CHARS 90 /* about 1.6 s at telephone pace is 25; a clause may run on to this bound before it is cut at a blank */

struct pieces {
    char buffer[PIECES_BUFFER_BYTES]; /* text not yet taken */
    size_t len;
    size_t taken;       /* bytes at the front that the last pieces_next handed out */
    bool is_first;      /* no piece handed out yet: cut at the first comma to speak early */
    bool is_flushed;
    unsigned sentences; /* whole sentences handed out so far */
};

void pieces_init(struct pieces *pieces);
/* Adds text; false when the buffer is full (take pieces first, then add again). */
bool pieces_add(struct pieces *pieces, struct slice text);
void pieces_flush(struct pieces *pieces); /* no more text will come */
/* The next piece with blanks trimmed, valid until the next call on `pieces`; false when none is ready.
   Never cuts inside a word, a number ("3.30", "5,000"), an abbreviation ("Dr.", "a.m.") or a UTF-8
   character; pieces joined with single blanks give back the text. */
bool pieces_next(struct pieces *pieces, struct slice *out);
