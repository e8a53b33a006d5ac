/* Who of a route is asked next by a session that outlives its providers: the first in order that did not fail it lately and
   that the desk lets in. Whoever failed may be asked again after a pause, which doubles with every failure in a row; a failure
   that gets no better by itself has the longest one. Time is an argument. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "routing/route.h"

#define SUCCESSION_NOBODY ROUTE_MAX

struct succession {
    struct {
        unsigned failures; /* in a row */
        uint64_t not_before_ms;
        bool is_for_good; /* the last one gets no better by itself */
    } list[ROUTE_MAX];
};

/* Logs and counters are told as well. */
void succession_failed(struct succession *succession, const struct route *route, size_t index,
    const struct failure *failure, uint64_t now_ms);
void succession_worked(struct succession *succession, size_t index);
/* Enters the desk for the first of `among` (a bit each) that may be asked now, and returns it; SUCCESSION_NOBODY: none may. */
size_t succession_enter(
    struct succession *succession, const struct route *route, unsigned among, uint64_t now_ms);
/* Of all of them; and where every circuit is open, the first is asked all the same. */
size_t succession_insist(struct succession *succession, const struct route *route, uint64_t now_ms);
/* That a session of `to` goes on for one of `from`, to log and counters. */
void succession_tell(const struct route *route, size_t from, size_t to);
/* When it is worth another try. */
uint64_t succession_due_ms(const struct succession *succession, const struct route *route);
/* Waiting is no use: nobody of the route gets better by itself. */
bool succession_is_over(const struct succession *succession, const struct route *route);
