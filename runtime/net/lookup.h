/* getaddrinfo on threads of its own, at most LOOKUP_THREADS of the process at once. libuv's pool would do,
   but it looks up two names at a time, a name server that does not answer holds each of them for ten
   seconds, and a loop cannot be destroyed before its lookups end. Here a lookup belongs to no loop: who
   waits may forget it at any time, and it ends alone. A name that is being looked up is not looked up
   twice: all who wait get the one answer. */
#pragma once

#include "net/internal.h"

#define LOOKUP_THREADS 16
#define LOOKUPS_WAITING 64 /* names that wait for a thread; more are refused */
#define LOOKUP_ADDRESSES 4

struct addresses {
    unsigned count;
    char text[LOOKUP_ADDRESSES][ADDRESS_SIZE]; /* numeric, IPv4 first */
};

struct lookup;
struct lookups; /* a loop's */

/* One who waits; part of its owner. Idle while `lookups` is NULL. */
struct lookup_wait {
    struct lookup_wait *next, **link; /* of the lookup, then of the loop's answers */
    struct lookups *lookups;
    struct addresses answer; /* none: not found */
};

must_use enum err lookups_create(struct lookups **out, struct net_loop *loop,
    void (*answered)(struct net_loop *loop, struct lookup_wait *wait));
void lookups_destroy(struct lookups *lookups); /* nothing waits any more */

/* ERR_FULL: too many names are being looked up already. `answered` comes on the loop's thread, never
   during this call; `wait` is idle again by then. */
must_use enum err lookup_start(struct lookup_wait *wait, struct lookups *lookups, const char *host);
void lookup_forget(struct lookup_wait *wait); /* `answered` will not be called; idle is fine */

unsigned lookups_under_way(void); /* of the process, waited for or not */
/* The IPv4 name server that is asked instead of the system's; port 0: the system's again. */
void lookup_ask_server(uint32_t address, uint16_t port);
