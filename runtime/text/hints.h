/* What a caller's words hold besides words: telephone numbers, e-mail addresses, runs of digits, dates, times of day and spelled
   letters, each in the form a tool wants. Speech-to-text writes them as it likes ("five five five, oh one double oh", "555-0100",
   "next tuesday at half past three"); this reads all of it. English. Pure.

   A hint that could mean something else says so (`is_uncertain`): "at three" is taken for the afternoon, "next Friday" on a
   Wednesday for the one of the next week. Nothing is ever corrected from them without asking; they go to the prompt and to scripts. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

#define HINTS_MAX 16
#define HINT_VALUE_SIZE 256

enum hint_kind {
    HINT_PHONE,   /* "+15550100001", or "5550123" without an area code */
    HINT_EMAIL,   /* "jane.doe@example.com" */
    HINT_DIGITS,  /* "10023": three or more that are none of the others */
    HINT_DATE,    /* "2026-12-01" */
    HINT_TIME,    /* "15:30" */
    HINT_LETTERS, /* "SMITH": three or more */
};
const char *hint_kind_name(enum hint_kind kind); /* "phone", "email", … */

struct hint {
    enum hint_kind kind;
    bool is_uncertain;
    char value[HINT_VALUE_SIZE];
    struct slice said; /* within the text */
};

/* What the words are read by. */
struct hints_place {
    int32_t today; /* days since 1970, on the business's own clock */
    struct slice
        country; /* ISO 3166: of national telephone numbers, and whether 12/1 is in December or January */
};

struct hints {
    struct hint list[HINTS_MAX]; /* in the order they were said; more are left out */
    size_t count;
};

void hints_find(struct hints *out, struct slice text, const struct hints_place *place);
