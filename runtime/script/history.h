/* What was said in a call, as call.history shows it: who, the words as they were heard, the turn. The newest 40 lines.

   It is told to the script thread in pieces: a media thread keeps the lines that no job has taken along yet, a job says
   "from line `first` on, these", and the script thread's copy is cut at that line before they are put behind it. So a
   line costs its own bytes once, a job that is refused or sent twice changes nothing, and a turn that the caller goes on
   with takes its line back. Lua tables are only made for scripts that look (bindings/call.c). */
#pragma once

#include <jansson.h>

#include "base/err.h"
#include "base/slice.h"

#define HISTORY_LINES_MAX 40
#define HISTORY_TEXT_MAX_BYTES 2000 /* of a line; longer ones end in "…" */

struct history {
    json_t *lines;        /* array of {"role","text","turn"}; NULL: none */
    unsigned first;       /* number of its first, counted from the call's beginning */
    unsigned caller_turn; /* the last line is the caller's of that turn; 0: it is not */
};

/* `role`: "caller", "agent", "tool". Without memory the line is not there. */
void history_add(struct history *history, const char *role, struct slice text, unsigned turn);
/* Takes the last line back when it is the caller's of that turn. */
void history_drop_caller(struct history *history, unsigned turn);
/* What a job takes along: the lines as text (heap; NULL: none). */
char *history_text(const struct history *history);
void history_told(struct history *history); /* the job is on its way */
/* On the script thread: from `first` on there are these lines. */
void history_take(struct history *history, unsigned first, const char *lines_json);
/* Without the caller's words of that turn; a new array, NULL: none. */
json_t *history_before(const struct history *history, unsigned turn);
void history_clear(struct history *history);
