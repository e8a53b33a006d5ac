/* The process's table of used stream tokens (declared in stream_token.h). Once a call, not once a
   frame, so one lock around a hash map is enough. */
#define HASH_NONFATAL_OOM 1

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "telephony/stream_token.h"

#define CLAIMS_MAX 65536

struct claim_key { /* zeroed before use: compared as bytes */
    char call_sid[40];
    unsigned attempt;
};

struct claim {
    struct claim_key key;
    uint64_t expires_wall_ms;
    UT_hash_handle hh; /* in the order of claiming */
};

static struct {
    pthread_mutex_t lock;
    struct claim *first;
} claims = {PTHREAD_MUTEX_INITIALIZER, NULL};

static void forget(struct claim *claim)
{
    HASH_DEL(claims.first, claim);
    free(claim);
}

/* Tokens live equally long, so the expired ones stand in front. */
static void make_room(uint64_t now_wall_ms)
{
    while (claims.first && claims.first->expires_wall_ms <= now_wall_ms)
        forget(claims.first);
    if (HASH_COUNT(claims.first) >= CLAIMS_MAX)
        forget(claims.first);
}

static bool insert(const struct claim_key *key, uint64_t expires_wall_ms)
{
    struct claim *claim = calloc(1, sizeof *claim);
    if (!claim)
        return false;
    claim->key = *key;
    claim->expires_wall_ms = expires_wall_ms;
    HASH_ADD(hh, claims.first, key, sizeof claim->key, claim);
    if (!claim->hh.tbl) { /* uthash found no memory */
        free(claim);
        return false;
    }
    return true;
}

/* Without memory to remember the use, the answer is no: a token used twice is worse than one call
   that takes the way of a crashed one. */
bool stream_token_claim(const struct stream_token *token, uint64_t now_wall_ms)
{
    struct claim_key key;
    memset(&key, 0, sizeof key);
    memcpy(key.call_sid, token->call_sid, strnlen(token->call_sid, sizeof key.call_sid));
    key.attempt = token->attempt;
    pthread_mutex_lock(&claims.lock);
    make_room(now_wall_ms);
    struct claim *used;
    HASH_FIND(hh, claims.first, &key, sizeof key, used);
    bool is_new = !used && insert(&key, token->expires_wall_ms);
    pthread_mutex_unlock(&claims.lock);
    return is_new;
}
