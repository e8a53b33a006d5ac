/* A model's answer as a text message: no Markdown, plain quotes and dashes (a curly one would make a message of 160 letters one
   of 70), at most so many segments, cut behind a sentence where there is one. Pure. */
#pragma once

#include "base/slice.h"
#include "base/strbuf.h"

/* `out` is empty before; empty after: there was nothing to send. Invalid UTF-8 is left out. */
void text_reply(struct strbuf *out, struct slice written, unsigned max_segments);
/* Letters that fit so many segments, when all of them are of the telephone's own alphabet: for whoever is to keep to it. */
unsigned text_reply_letters(unsigned max_segments);
