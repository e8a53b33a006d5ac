#define HASH_NONFATAL_OOM 1

#include "routing/permits.h"

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

struct permits {
    uint8_t name[PERMITS_NAME_BYTES];
    unsigned holders; /* under the lock */
    atomic_uint taken;
    UT_hash_handle hh;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct permits *all;

static struct permits *add(const uint8_t name[PERMITS_NAME_BYTES])
{
    struct permits *permits = calloc(1, sizeof *permits);
    if (!permits)
        return NULL;
    memcpy(permits->name, name, PERMITS_NAME_BYTES);
    HASH_ADD(hh, all, name, PERMITS_NAME_BYTES, permits);
    if (permits->hh.tbl)
        return permits;
    free(permits); /* uthash found no memory */
    return NULL;
}

struct permits *permits_hold(const uint8_t name[PERMITS_NAME_BYTES])
{
    struct permits *permits;
    pthread_mutex_lock(&lock);
    HASH_FIND(hh, all, name, PERMITS_NAME_BYTES, permits);
    if (!permits)
        permits = add(name);
    if (permits)
        permits->holders++;
    pthread_mutex_unlock(&lock);
    return permits;
}

void permits_release(struct permits *permits)
{
    if (!permits)
        return;
    pthread_mutex_lock(&lock);
    bool is_last = --permits->holders == 0;
    if (is_last)
        HASH_DEL(all, permits);
    pthread_mutex_unlock(&lock);
    if (is_last)
        free(permits);
}

bool permits_take(struct permits *permits, unsigned most)
{
    unsigned taken = atomic_load(&permits->taken);
    do {
        if (most && taken >= most)
            return false;
    } while (!atomic_compare_exchange_weak(&permits->taken, &taken, taken + 1));
    return true;
}

void permits_give(struct permits *permits)
{
    unsigned taken = atomic_fetch_sub(&permits->taken, 1);
    assert(taken > 0);
}
