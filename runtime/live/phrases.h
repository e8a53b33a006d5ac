/* What agents say in the same words in every call, as their voices spoke it once: greeting, fillers, goodbye. So it starts at once,
   costs nothing, and is heard when every vendor is down.

   One store for all threads. A phrase is immutable and counted: whoever found it holds it. Media threads look into memory and wait for
   nothing but each other's look; a thread of the store's own keeps it below a folder too, so that it is there after a restart. Bounded
   both here and there: what was not used for the longest time goes. `phrases` may be NULL everywhere: nothing is known or kept. */
#pragma once

#include <stdatomic.h>

#include "base/err.h"
#include "base/slice.h"
#include "callflow/heard.h"

#define PHRASES_MAX 512
#define PHRASES_MAX_BYTES (32 << 20) /* of audio, all of them */
#define PHRASE_MAX_BYTES 480000      /* 60 s; longer ones are not kept */
#define PHRASE_MAX_CHARACTERS 4096
#define PHRASE_KEY_SIZE 2048

struct phrase {
    atomic_uint references;
    struct slice ulaw;
    const struct heard_character *characters; /* of its words, in order */
    size_t character_count;                   /* 0: their times are not known */
};
void phrase_release(struct phrase *phrase); /* NULL is fine; any thread */

struct phrases;
/* With what the folder holds already. `path` NULL: in memory only. ERR_SYSTEM says why. */
must_use enum err phrases_open(struct phrases **out, const char *path, char why[256]);
void phrases_settle(struct phrases *phrases); /* until all is written */
void phrases_close(struct phrases *phrases);  /* the same; phrases that are held stay */

/* What `key` names: everything that makes it sound as it does. Held; NULL: not known. */
struct phrase *phrases_find(struct phrases *phrases, const char *key);
/* It is not known, and nobody else asks a synthesiser for it just now: whoever is told so does, and keeps it or gives it up. A claim
   that nobody gave up ends by itself. */
bool phrases_claim(struct phrases *phrases, const char *key, uint64_t now_ms);
void phrases_give_up(struct phrases *phrases, const char *key);
void phrases_keep(struct phrases *phrases, const char *key, struct slice ulaw,
    const struct heard_character *characters, size_t character_count);
