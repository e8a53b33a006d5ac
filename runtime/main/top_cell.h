/* Text for a terminal that somebody else may have written: whatever it is, it takes the width it is given and moves nothing
   but the cursor to the right. What does not print becomes '?', or nothing where it takes no width (some of that turns what
   follows around); what the terminal's character set (LC_CTYPE) lacks does so too. Pure. */
#pragma once

#include "base/strbuf.h"

/* `text` in exactly `width` columns, cut with a '~' at its end, or padded. */
void top_cell(struct strbuf *out, const char *text, unsigned width, bool is_right);
/* The same without a padding; the columns it took. */
unsigned top_text(struct strbuf *out, const char *text, unsigned width);
