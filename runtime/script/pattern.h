/* Lua patterns with a bound on their work: the same results as LuaJIT's string library, but a match that takes more
   than PATTERN_STEPS steps ends with a fault instead of holding the thread. Pure, without Lua.

   A pattern is read once into items; what is wrong with it becomes an item too, because Lua complains only when a match
   gets there. A step is one item tried or one byte of the text looked at. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"

#define PATTERN_MAX_BYTES 1024
#define PATTERN_CAPTURES_MAX 32
#define PATTERN_STEPS 500000 /* of one call: about 2 ms */
#define PATTERN_DEPTH_MAX 200

enum pattern_kind {
    PATTERN_CHAR,    /* the byte `first` */
    PATTERN_ANY,     /* any byte */
    PATTERN_SET,     /* a byte of sets[set] */
    PATTERN_OPEN,    /* a capture begins */
    PATTERN_HERE,    /* a capture of the position */
    PATTERN_CLOSE,   /* the innermost open capture ends */
    PATTERN_BACK,    /* what capture number `first` holds, again; 0 is none */
    PATTERN_BALANCE, /* from the byte `first` to the balancing byte `second` */
    PATTERN_FRONTIER,
    PATTERN_TEXT_END,
    PATTERN_FAULT, /* `fault` says what is wrong */
    PATTERN_DONE,
};

enum pattern_repeat { REPEAT_ONCE, REPEAT_MAYBE, REPEAT_ANY, REPEAT_SOME, REPEAT_FEW };

struct pattern_item {
    enum pattern_kind kind;
    enum pattern_repeat repeat; /* of CHAR, ANY, SET */
    unsigned char first, second;
    uint16_t set;
    const char *fault;
};

struct pattern {
    bool is_anchored;
    size_t item_count;
    size_t set_count;
    struct pattern_item items[PATTERN_MAX_BYTES + 1];
    unsigned char sets[PATTERN_MAX_BYTES / 2][32]; /* one bit a byte */
};

/* `may_anchor`: a leading ^ ties the match to where it begins (not so in gmatch). ERR_FULL: longer than 1 KiB. */
must_use enum err pattern_read(struct pattern *out, struct slice text, bool may_anchor);
/* Whether a text has none of the characters that mean something in a pattern. */
bool pattern_is_plain(struct slice text);

#define CAPTURE_OPEN (-1)
#define CAPTURE_HERE (-2)

struct pattern_capture {
    const char *start;
    ptrdiff_t len; /* or one of the two above */
};

/* One text searched, perhaps several times: steps_left goes down over all of them. */
struct matcher {
    const struct pattern *pattern;
    struct slice text;
    size_t steps_left;
    unsigned depth;
    const char *fault; /* NULL: none */
    bool may_pause;    /* set it: stop between two starts when half of the steps are used up */
    bool is_paused;    /* such a stop: go on at `first`, with fresh steps */
    size_t capture_count;
    struct pattern_capture captures[PATTERN_CAPTURES_MAX];
    const char *first, *end; /* of the match found */
};

void matcher_init(struct matcher *matcher, const struct pattern *pattern, struct slice text);
/* The first match that begins at offset `from` or later (at `from` only, when the pattern is anchored). False with
   `fault` set: the pattern is wrong there, or the steps are used up. False with `is_paused`: not at the end yet. */
bool matcher_find(struct matcher *matcher, size_t from);
