/* One word after the other of a text that is redacted, and what it can mean there: part of a number, of a date, of an e-mail
   address, or a hint that one comes. For redact*.c. Pure, allocates nothing; what single numbers and months are called is
   hint_words.h's. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/slice.h"

enum sense {
    SENSE_PLAIN,
    SENSE_STOP,   /* "my", "send": never a part of an address's name; value: one of enum stop */
    SENSE_IS,     /* "is", "it's": what comes is what was named before */
    SENSE_FILLER, /* "um" */
    SENSE_DIGIT,
    SENSE_PAIR,  /* "eleven" */
    SENSE_TENS,  /* "twenty", alone or before a digit */
    SENSE_ROUND, /* "hundred", "thousand": value is how many zeros */
    SENSE_REPEAT,
    SENSE_NUMERAL, /* figures; value is what they say, up to nine of them */
    SENSE_ORDINAL,
    SENSE_MONTH,
    SENSE_LETTER,   /* one alone, and "alpha", "bravo" */
    SENSE_SPELLING, /* "as", "for", "in": between a letter and the word that tells it; value 1: "like", between digits too */
    SENSE_JOINT,    /* "underscore", "dash" */
    SENSE_DOT,
    SENSE_AT,
    SENSE_THEN, /* what people say between groups of digits */
    SENSE_PLUS,
    SENSE_MAILBOX, /* "gmail" */
    SENSE_TOP,     /* "com", behind a dot */
    SENSE_EXTENSION,
    /* what is named: something of the kind comes, or came just now */
    SENSE_NAMES_PHONE,
    SENSE_NAMES_CALL, /* "reach", "text": less sure */
    SENSE_NAMES_EMAIL,
    SENSE_NAMES_CARD,
    SENSE_NAMES_BIRTH,
    SENSE_NAMES_BIRTHDAY, /* a day that is celebrated: it may be one that comes */
    SENSE_NAMES_PARTY,    /* "birthday cake" is for an ordinary day */
    SENSE_NAMES_ORDER,    /* a number that is nobody's */
    SENSE_NAMES_END,      /* "ends in", "expires": what comes is no whole number */
    SENSE_HIDDEN,         /* one of our labels */
};

/* Stops that mean more: "email me", "hang on", "walt the plumber". */
enum stop { STOP_PLAIN, STOP_PERSON, STOP_ON, STOP_THE };

/* What stands between a word and the one before. */
enum joint {
    JOINT_NONE,  /* something that parts them: a colon, a line's end, much room */
    JOINT_TIGHT, /* one sign without blanks: "peter.novak" */
    JOINT_BLANK, /* blanks and light punctuation */
    JOINT_STOP,  /* so, with a full stop or question mark: a sentence may end here */
};

struct redact_word {
    size_t start;
    size_t end;
    size_t count_digits; /* of a numeral */
    unsigned value;
    enum sense sense;
    enum joint before;
    bool is_amount; /* figures with ":", "/", "$", "%" or a decimal dot: no digits of a number */
    bool is_possessive; /* "birthday's" */
};

/* The word at `at` or, behind light punctuation, after it. False: none, or something else is in between. */
bool redact_word_read(struct slice text, size_t at, struct redact_word *out);
/* So, past "um". */
bool redact_word_next(struct slice text, size_t at, struct redact_word *out);
/* What stands between `from` and `to`, where words end and begin. */
enum joint redact_joint(struct slice text, size_t from, size_t to);
/* The label ("[phone]") that stands at `at`: its bytes, or 0. */
size_t redact_label(struct slice text, size_t at);
