/* A text as plain lower-case words, for opt_out.c: letters of other widths and accents folded, spelled letters joined ("s t o p",
   "o p t - o u t"), doubled ones kept once ("stoppp"), "do not" and "don't" the same. Pure. */
#pragma once

#include <stdbool.h>

#include "base/slice.h"

#define PLAIN_WORD_SIZE 24
#define PLAIN_WORDS_MAX 240 /* of a text; what comes after is not looked at */

struct plain_word {
    char text[PLAIN_WORD_SIZE]; /* cut */
    bool ends_clause; /* the text ends behind it, or a sign that parts sentences stands there */
};

struct plain_words {
    struct plain_word list[PLAIN_WORDS_MAX];
    unsigned count;
};

void plain_words_read(struct plain_words *out, struct slice text);
