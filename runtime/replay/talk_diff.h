/* A recorded talk held against today's (replay/recorded_call.h, replay/today.h), turn by turn.

     {"turns":[{"turn","words","changes":[{"what","was","now"}],"diverged":[text…]}],"differ","diverged"}

   "what" is prompt, messages, "tools offered", hooks, tools, said, phase, state or turn (one that was not, or is no more). */
#pragma once

#include <jansson.h>

#include "base/strbuf.h"

json_t *talk_diff(const json_t *was, const json_t *now); /* NULL: no memory */
unsigned talk_diff_count(const json_t *diff);            /* turns that differ, or diverged */
void talk_diff_print(struct strbuf *out, const json_t *diff);
