/* Text as a URL carries it: "peter%20dot%20novak", "%28212%29%20555-0142". For redact.c, which knows words and signs. Pure. */
#pragma once

#include "base/strbuf.h"

/* The text with those escapes as the signs they stand for; others stay. False: there are none, and nothing was written. */
bool redact_unescape(struct strbuf *out, struct slice text);
