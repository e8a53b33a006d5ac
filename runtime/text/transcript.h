/* What speech-to-text wrote, as people write. Pure. */
#pragma once

#include "base/slice.h"
#include "base/strbuf.h"

/* Blanks are single and never before a mark. English words that came without any capital and any mark, or all in capitals, get what
   a reader misses: a capital to begin with, at "I" and in the names of days and months, and a mark at the end, "?" behind a
   question. What has either already was written by a model that knows better. `language`: ISO 639-1; other ones keep their
   letters as they came. From the first word in brackets on ("[keypad] 12") it is none of what was said, and stays. Tidying what is
   tidy changes nothing. */
void transcript_tidy(struct strbuf *out, struct slice text, struct slice language);
