/* A caller for the ears' tests: text is spoken by the sandbox's voice, sent through 8 kHz µ-law in 20 ms frames with
   silence around it, and the words that come back are compared with what was said. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "ears.h"

struct hearer {
    struct ears_pool *pool;
    struct ears *ears;
    struct mailbox results;
    uint32_t item;           /* committed last */
    unsigned count_partials; /* of the last item */
    uint64_t heard_samples;  /* sent so far, silence included */
    uint32_t noise;          /* state of the line noise */
};

struct line {
    const char *text;
    const char *voice;
    double speed;
    unsigned before_ms; /* silence before the voice; not a whole number of frames either */
    int noise_level;    /* largest sample of the line noise */
};

struct score {
    unsigned words;
    unsigned word_errors;
    unsigned digits;
    unsigned digit_errors;
    unsigned lines;
    unsigned perfect_lines;
};

void hearer_start(struct hearer *hearer, unsigned threads);
void hearer_stop(struct hearer *hearer);
/* What was heard; the caller frees it. */
char *hearer_listen(struct hearer *hearer, const struct line *line);
/* Compares by least edits, ignoring case and punctuation; prints what differs. */
void score_add(struct score *score, const char *said, const char *heard);
