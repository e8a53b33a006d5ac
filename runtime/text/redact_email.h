/* E-mail addresses word by word: "jane dot doe at example dot com". What stands behind the "at" tells one; the name is then
   found backwards through the words that were kept. For redact.c. Pure. */
#pragma once

#include "text/redact_words.h"

#define TRAIL_SIZE 64 /* words that a name may have: "m as in mary, a, r, k" is nine */

/* A word that was kept or hidden, and where the output stood before it. */
struct seen {
    size_t out_len;
    enum sense sense;
    enum joint before;
    bool is_the;
};

struct trail {
    struct seen list[TRAIL_SIZE];
    size_t count; /* ever put; the last TRAIL_SIZE are there */
};

void trail_put(struct trail *trail, const struct redact_word *word, size_t out_len);
/* The word that is `back` words before the end, NULL: none. */
const struct seen *trail_at(const struct trail *trail, size_t back);
/* The domain behind an "at" that ends at `at`: where it ends, or 0. */
size_t redact_spoken_domain(struct slice text, size_t at);
/* How many words of the trail's end are the name before an "at". */
size_t redact_spoken_name(const struct trail *trail);
