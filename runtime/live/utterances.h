/* The caller's words that belong to no turn yet: one text an item of speech-to-text, in the order they were spoken,
   whatever order finals and partials come in. Private to live. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/strbuf.h"

#define UTTERANCES_MAX 8
#define UTTERANCES_MAX_BYTES 8192 /* each */

struct utterance {
    uint32_t item; /* 0: words that were given back */
    bool is_final;
    struct strbuf text;
};

struct utterances {
    struct utterance list[UTTERANCES_MAX]; /* by item, ascending */
    unsigned count;
};

void utterances_init(struct utterances *utterances);
/* The item's text as now known. A partial does not replace a final. When all places are taken, the two oldest become one. */
void utterances_set(struct utterances *utterances, uint32_t item, struct slice text, bool is_final);
/* All of it, joined by blanks; heap, NULL: no memory. */
char *utterances_join(const struct utterances *utterances);
void utterances_clear(struct utterances *utterances);
