/* When somebody works: the hours of a day on the wall clock, and of days as instants. Pure. */
#pragma once

#include "bindings/schedule.h"

#define OPENING_DAY_SPANS_MAX 8
#define OPENING_DAYS_MAX 3
#define OPENING_SPANS_MAX (OPENING_DAYS_MAX * OPENING_DAY_SPANS_MAX)

struct opening_span {
    int64_t open_s, close_s;
};

/* The spans of `day` for `staff` (SCHEDULE_NOBODY: the business), sorted, at most OPENING_DAY_SPANS_MAX. Whoever has no
   hours of their own works as the business does, and everybody keeps its holidays. `*name` is the holiday's ("" when it
   has none), NULL on an ordinary day. */
size_t opening_of_day(struct day_span out[OPENING_DAY_SPANS_MAX], const struct schedule *schedule,
    int staff, int32_t day, const char **name);

/* The spans of `days` (at most OPENING_DAYS_MAX) from `first_day` on, sorted, joined where they touch or overlap, none
   empty. An opening or closing that the clock skips is at the moment of the change; of one that comes twice it is the
   first. */
size_t opening_of_days(struct opening_span out[OPENING_SPANS_MAX], const struct schedule *schedule,
    const struct zone *zone, int staff, int32_t first_day, unsigned days);

/* The same for a walk over more days: adds those of `day` behind those of the days before, for which there must be room
   (OPENING_DAY_SPANS_MAX), and forgets those that are over by then. Both return how many there are. */
size_t opening_add_day(struct opening_span *spans, size_t count, const struct schedule *schedule,
    const struct zone *zone, int staff, int32_t day);
size_t opening_forget(struct opening_span *spans, size_t count, int64_t before_s);

bool opening_covers(const struct opening_span *spans, size_t count, int64_t start_s, int64_t end_s);
