/* What the store's two halves share: phrases.c answers and is told, phrases_disk.c is the thread that writes. */
#pragma once

#include <limits.h>
#include <pthread.h>
#define HASH_NONFATAL_OOM 1 /* before uthash: out of memory is ours to answer */
#include <uthash.h>

#include "base/crypto.h"
#include "live/phrases.h"

#define PHRASE_NAME_SIZE (2 * SHA256_BYTES + 1)
#define CLAIMS_MAX 32

struct kept_phrase {
    UT_hash_handle hh; /* in order of use, oldest first */
    char name[PHRASE_NAME_SIZE];
    struct phrase *phrase; /* held */
    bool is_unwritten;
    bool is_untold; /* used, and its file does not say so yet */
    unsigned long long told_ms;
};

struct phrase_claim {
    char name[PHRASE_NAME_SIZE];
    uint64_t until_ms;
};

struct phrases {
    pthread_mutex_t lock; /* guards all below; held for no disk */
    pthread_cond_t has_work;
    pthread_cond_t has_settled;
    pthread_t writer;
    bool has_writer;
    struct kept_phrase *list;
    size_t bytes;
    struct phrase_claim claims[CLAIMS_MAX];
    bool has_news; /* for the writer */
    bool is_writing;
    bool is_closing;
    char path[PATH_MAX / 2];
};

/* Held once; NULL: no memory. */
struct phrase *phrase_make(
    struct slice ulaw, const struct heard_character *characters, size_t character_count);
/* Takes it; false: it is known already, or memory ran out. Locked. */
bool phrases_add_take(struct phrases *phrases, const char *name, struct phrase *phrase);

/* phrases_disk.c */
must_use enum err phrases_read_folder(struct phrases *phrases);
void *phrases_write(
    void *phrases); /* the thread: until the store closes and there is nothing to write */
