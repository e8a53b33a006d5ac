/* What a media thread knows of the providers it asks: which are out of order, how fast they are, how many requests of a key are
   under way. Every request or session enters before it begins and leaves when it is over. */
#pragma once

#include "net/loop.h"
#include "routing/route.h"

struct desk;
must_use enum err desk_create(struct desk **out, struct net_loop *loop);
void desk_destroy(struct desk *desk); /* NULL is fine */

enum desk_verdict {
    DESK_ENTERED, /* ask it, and leave */
    DESK_OPEN,    /* its circuit is open: it failed lately */
    DESK_FULL,    /* as much of its key is under way as may be */
};

/* `desk` may be NULL, here and below: everything may be asked. */
enum desk_verdict desk_enter(struct desk *desk, const struct route *route, size_t index);
/* What became of it: `failure` NULL for a success, or for one that we gave up ourselves (`first_ms` 0 then).
   `first_ms`: from the question to the first of the answer. */
void desk_leave(struct desk *desk, const struct route *route, size_t index,
    const struct failure *failure, unsigned first_ms);
