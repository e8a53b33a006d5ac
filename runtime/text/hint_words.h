/* A transcript as the words that hints are made of, and what single words mean. For hint_*.c. Pure. */
#pragma once

#include "text/hints.h"

#define HINT_WORDS_MAX 192 /* of one text; later ones are not looked at */
#define HINT_WORD_SIZE 64

struct hint_word {
    struct slice said;
    char lower[HINT_WORD_SIZE]; /* without punctuation around it; "" never */
    bool ends_sentence;         /* a full stop, "?" or "!" stands behind it */
    bool ends_clause;           /* that, or a comma */
};

struct hint_words {
    struct hint_word list[HINT_WORDS_MAX];
    size_t count;
};

/* "3pm" and "twenty-five" are two words, "p.m." is "pm", "555-0100" stays one; "um" and "uh" are none. */
void hint_words_read(struct hint_words *out, struct slice text);
const char *hint_word_at(const struct hint_words *words, size_t at); /* "" behind the end */
bool hint_word_is(const struct hint_words *words, size_t at, const char *word);
bool hint_word_is_one_of(const struct hint_words *words, size_t at, const char *const *list);
/* True when these words, parted by blanks, stand at `at`; their number, or 0. */
size_t hint_words_are(const struct hint_words *words, size_t at, const char *phrase);

#define HINT_NO_VALUE -1
int hint_digit(const char *word);   /* "five", "oh", "5" → 5 */
int hint_unit(const char *word);    /* "one" to "nineteen" */
int hint_tens(const char *word);    /* "twenty" to "ninety" */
int hint_numeral(const char *word); /* "12", at most 9 digits */
int hint_month(const char *word);   /* "december", "dec" → 12 */
int hint_weekday(const char *word); /* 1 is Monday */
int hint_ordinal_word(const char *word); /* "first" to "twentieth", "thirtieth", "21st" */
/* "twenty five", "seven", "30": up to 99; `*value`, and how many words; 0: no number. */
size_t hint_cardinal(const struct hint_words *words, size_t at, int *value);
/* "twenty fifth", "1st", "thirtieth": up to 31. */
size_t hint_ordinal(const struct hint_words *words, size_t at, int *value);

/* One matcher a kind: how many words from `at` on are this hint; 0: none is there. */
size_t hint_match_email(const struct hint_words *words, size_t at, struct hint *out);
size_t hint_match_digits(const struct hint_words *words, size_t at, struct slice country,
    struct hint *out); /* a telephone number too */
size_t hint_match_letters(const struct hint_words *words, size_t at, struct hint *out);
size_t hint_match_date(
    const struct hint_words *words, size_t at, const struct hints_place *place, struct hint *out);
size_t hint_match_time(const struct hint_words *words, size_t at, struct hint *out);
