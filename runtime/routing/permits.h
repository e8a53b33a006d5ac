/* How many requests or sessions of one key are under way in the whole process. Taking and giving back is an atomic step from any
   thread; finding the counter takes a lock, and is done once a desk. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define PERMITS_NAME_BYTES 32 /* a digest of slot, provider and key */

struct permits;

struct permits *permits_hold(const uint8_t name[PERMITS_NAME_BYTES]); /* NULL: no memory */
void permits_release(struct permits *permits);                        /* NULL is fine */
/* False: `most` are taken already. `most` 0: no limit, but counted. */
bool permits_take(struct permits *permits, unsigned most);
void permits_give(struct permits *permits);
