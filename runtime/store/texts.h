/* Texts of people that wait for an answer (migration 15): a node claims one conversation's at a time, under a lease; whoever
   died with one is followed by whoever looks next. The channel "moonline_texts" says that there may be something. */
#pragma once

#include "store/database.h"

#define TEXTS_CHANNEL "moonline_texts"

struct texts_rules {
    const char *node;
    unsigned settle_ms;      /* people write in several messages: so long after the last */
    unsigned lease_ms;       /* of a claim */
    uint64_t useless_ms;     /* older ones are left to the staff */
    unsigned turns_a_tenant; /* at a time, on all nodes */
    unsigned attempts_max;   /* turns that never ended; then it is left to the staff */
};

/* The answer's one value: null (none waits), {"wait_ms"}, {"left", "tenant"} (to the staff, and why: ask again), or the turn. */
must_use enum err texts_claim(struct query **out, struct database *database,
    const struct texts_rules *rules, unsigned timeout_ms, query_fn *fn, void *owner);
/* `turn_json`: the turn's "turn", "tenant", "conversation", "call", "ids", "from", "to", "sid", "number", with "answer" and "why" (both
   may be missing), "said", "version", "state", "phase", "tags", "outcome", "provider", "model". "t", or "f": its lease had ended. */
must_use enum err texts_end(struct query **out, struct database *database, struct slice turn_json,
    unsigned timeout_ms, query_fn *fn, void *owner);
/* The node's claims last for another lease. */
must_use enum err texts_keep(struct query **out, struct database *database,
    const struct texts_rules *rules, unsigned timeout_ms, query_fn *fn, void *owner);
/* It was not begun: nobody looks at it for so long. */
must_use enum err texts_put_back(struct query **out, struct database *database, struct slice turn,
    unsigned pause_ms, unsigned timeout_ms, query_fn *fn, void *owner);
