/* How the providers stand that this process asks, over all threads, for people who look. An entry is made when a desk first knows of a
   provider, and stays; any thread counts and reads. */
#pragma once

#include <stdatomic.h>

#include "routing/catalog.h"

#define STANDINGS_MAX 64 /* (slot, name); past it nothing is known of others */

struct standing {
    enum provider_slot slot;
    char name[PROVIDER_NAME_SIZE];
    atomic_uint under_way;     /* requests, sessions, contexts, of all keys */
    atomic_uint circuits_open; /* of threads and keys: left alone, or tried again */
    atomic_uint usual_ms;      /* to its first answer, where that was last reckoned; 0: unknown */
};

/* NULL: there is no room. */
struct standing *standing_of(enum provider_slot slot, const char *name);
/* NULL: nobody asked it yet. */
const struct standing *standing_find(enum provider_slot slot, const char *name);
