/* Filler phrases as a tenant's voice spoke them: asked of synthesis once per media thread and voice, kept for all calls
   that follow, so that they start at once and cost nothing. At most PHRASES_MAX; the oldest goes. Private to live. */
#pragma once

#include <stddef.h>
#define HASH_NONFATAL_OOM 1 /* before uthash: out of memory is ours to answer */
#include <uthash.h>

#include "base/slice.h"

#define PHRASES_MAX 128
#define PHRASE_MAX_BYTES 64000 /* 8 s, more than agent.lua has room for; longer ones are not kept */
#define PHRASE_KEY_SIZE 512

struct phrase {
    UT_hash_handle hh;
    char *ulaw;
    size_t len;
    char key[];
};

struct phrases {
    struct phrase *list; /* NULL: none */
};

/* The sound of what `key` names (voice and words); empty: not known. Valid until the next phrases_keep. */
struct slice phrases_find(const struct phrases *phrases, const char *key);
void phrases_keep(struct phrases *phrases, const char *key, struct slice ulaw);
void phrases_free(struct phrases *phrases);
