/* Cuts a stream of model tokens into speakable pieces: sentences, and clauses of long sentences, so that
   the first words are spoken early and cutting off after any piece loses little.
   Feed tokens; take pieces; flush at the end of the reply. The cuts depend on the text alone, not on how
   it was split into tokens. No allocation. Pure.

      add("We open at 8")  add(" on Saturday. Shall")  ─►  next: "We open at 8 on Saturday."
*/
#pragma once

#include <stdbool.h>

#include "base/slice.h"

#define PIECES_BUFFER_BYTES 1024
#define PIECES_ADD_MAX_BYTES 512 /* a text up to this always fits once no piece is ready */

/* Telephone speech runs at about 15 characters a second. */
#define PIECE_FIRST_CHARS                                                                          \
    25 /* about 1.6 s: the reply's first piece ends at the first clause past this */
#define PIECE_CLAUSE_CHARS 40 /* later pieces may be this long before a clause's end cuts them */
#define PIECE_MAX_CHARS                                                                            \
    90 /* about 6 s: text without any such end is cut at the last blank before this */

struct pieces {
    char buffer[PIECES_BUFFER_BYTES]; /* text not yet taken */
    size_t len;
    size_t taken;  /* bytes at the front that the last pieces_next handed out */
    bool is_first; /* no piece handed out yet: cut at the first clause to speak early */
    bool is_mid;   /* the last piece ended inside a sentence */
    bool is_flushed;
    unsigned sentences; /* whole sentences handed out so far; the flushed rest counts as one */
};

void pieces_init(struct pieces *pieces);
/* Adds text; false when the buffer is full and nothing was added (take pieces first, then add again). */
bool pieces_add(struct pieces *pieces, struct slice text);
void pieces_flush(struct pieces *pieces); /* no more text will come until the next pieces_init */
/* The next piece with blanks trimmed, valid until the next call on `pieces`; false when none is ready.
   Never cuts inside a word, a number ("3.30", "5,000"), an abbreviation ("Dr.", "a.m.") or a UTF-8
   character; pieces joined with single blanks give back the text. Only a "word" of more than
   PIECES_ADD_MAX_BYTES − 4 bytes is cut between two characters, because a buffer must end somewhere. */
bool pieces_next(struct pieces *pieces, struct slice *out);
