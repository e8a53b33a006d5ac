/* What a hook's script wants heard and no reply carries yet: words and sounds, in their order. Words that follow each other
   become one, so that they are spoken as one. Bounded: what does not fit is refused, and nothing of what is there is
   lost. */
#pragma once

#include <stdbool.h>

#include "base/err.h"
#include "base/strbuf.h"
#include "bindings/call_ops.h"

#define ASIDES_WORDS_MAX_BYTES 8192
#define ASIDES_SOUNDS_MAX 16

struct aside {
    struct aside *prev, *next;
    struct call_sound *sound; /* NULL: words */
    struct strbuf words;
    bool is_protected; /* to be heard to its end */
};

struct asides {
    struct aside *list;
    size_t words_bytes, sound_count;
};

/* ERR_FULL, ERR_NOMEM. */
must_use enum err asides_add_words(struct asides *asides, struct slice words, bool is_protected);
/* Takes the sound, also when it fails. */
must_use enum err asides_add_sound_take(
    struct asides *asides, struct call_sound *sound, bool is_protected);
struct aside *asides_take(struct asides *asides); /* the first; NULL: none. For aside_free */
struct call_sound *aside_take_sound(struct aside *aside); /* NULL: it is words */
void aside_free(struct aside *aside);
void asides_clear(struct asides *asides);

/* Keeps the agent, or copies the bytes; NULL: no memory. */
struct call_sound *sound_keep(const struct call_sound *sound);
void sound_release(struct call_sound *sound); /* NULL is fine; any thread */
