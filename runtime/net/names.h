/* The addresses of names on one loop: kept a minute, asked anew after it, and used beyond it while no
   newer answer comes, so that a dead name server stops nobody from reaching a known place. */
#pragma once

#include "net/lookup.h"

#define NAMES_KEPT 32

/* One name. */
struct name {
    struct lookup_wait lookup; /* first: an answer finds its name */
    char host[HOST_SIZE];      /* "": free */
    struct addresses addresses;
    uint64_t fresh_until_ms;
    bool is_asking;
    struct net_resolve *waiting;
};

struct names {
    struct lookups *lookups;
    struct name kept[NAMES_KEPT];
};

/* resolve.c: the addresses of `name` are new, or were not found (`is_found` false). */
void resolve_answered(struct name *name, bool is_found);

struct name *names_find(struct names *names, const char *host); /* NULL: unknown */
/* The name with a lookup under way. ERR_FULL: too many are; ERR_NOMEM. */
must_use enum err names_ask(struct name **out, struct names *names, const char *host);
