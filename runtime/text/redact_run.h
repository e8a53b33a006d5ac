/* Digits that were read out: words, figures and what stands between them ("five five five, uh, oh one double two"), and
   whether they are somebody's number. Figures alone are phone_shape.h's, unless something named them. For redact.c. Pure. */
#pragma once

#include "text/redact_words.h"

#define RUN_DIGITS_MAX 24

/* What was named before: it says how few digits are enough. */
enum cue {
    CUE_NONE,
    CUE_PHONE,
    CUE_CALL, /* "reach me at": a time may follow as well */
    CUE_EMAIL,
    CUE_CARD,
    CUE_BIRTH,
    CUE_BIRTHDAY, /* the one that is celebrated */
    CUE_ORDER,    /* nobody's: an order's, a room's */
};

struct named {
    enum cue cue;
    bool is_linked;      /* "… is" stands behind it */
    unsigned words_left; /* until it is forgotten */
};

struct redact_run {
    size_t end;
    char digits[RUN_DIGITS_MAX + 1];
    size_t count;
    size_t words;   /* digits and pairs as words */
    size_t singles; /* most in a row that stand for one digit each */
    size_t longest; /* digits of the longest numeral */
    bool has_plus, has_zero_word, has_repeat, has_round;
    bool is_at_end; /* nothing stands behind it: more may come */
};

/* `first` begins it. */
void redact_run_read(struct slice text, const struct redact_word *first, struct redact_run *out);
/* The label it is hidden by, NULL: it stays, as far as this run goes. */
const char *redact_run_label(const struct redact_run *run, const struct named *named);
/* "[card]" or "[phone]" for as many digits that begin so. */
const char *redact_digits_label(size_t count, char first);
