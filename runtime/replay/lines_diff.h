/* Two texts, line by line: what went and what came. Pure. */
#pragma once

#include "base/strbuf.h"

#define LINES_DIFF_MAX 2000 /* lines that differ, of either; more are told as one block */

/* Appends "- line" and "+ line" for what differs, each behind `indent`, in the order of the texts. */
void lines_diff(struct strbuf *out, const char *indent, const char *was, const char *now);
