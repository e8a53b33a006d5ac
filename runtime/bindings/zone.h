/* Time zones by IANA name, read from the system's zone files (RFC 8536), without touching the process's own TZ. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"

struct zone;

/* Zones once read, for one thread. */
struct zones {
    struct zone *first;
    size_t count;
};

/* Read once, then kept. ERR_NOT_FOUND: no such zone; ERR_BAD: not a zone file; ERR_FULL: more than 64 zones. */
must_use enum err zones_get(const struct zone **out, struct zones *zones, struct slice name);
void zones_clear(struct zones *zones);

struct zone_moment {
    int offset_s; /* east of UTC */
    bool is_dst;
    char abbreviation[16];
};

void zone_at(const struct zone *zone, int64_t utc_s, struct zone_moment *out);
/* Wall-clock seconds (as if they were UTC) → UTC. Of a time that comes twice, the first. ERR_NOT_FOUND: the clock skips it. */
must_use enum err zone_to_utc(const struct zone *zone, int64_t local_s, int64_t *utc_s);
