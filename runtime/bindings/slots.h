/* Free times: spans of work minus what is booked. Pure, allocates nothing, and bounded: at most SLOTS_DAYS_MAX days and
   SLOTS_MAX times.

   A time is free for somebody when the whole appointment lies within their hours, and it with its buffer touches no
   booking of theirs. Offered are times on the wall clock's multiples of the schedule's step. */
#pragma once

#include "bindings/opening.h"

#define SLOTS_DAYS_MAX 60
#define SLOTS_MAX 50

enum slots_part { SLOTS_WHOLE_DAY, SLOTS_MORNING, SLOTS_AFTERNOON, SLOTS_EVENING };

struct slots_wish {
    int64_t from_s;
    unsigned days; /* of the wall clock, that of from_s included */
    unsigned minutes, buffer_minutes;
    uint32_t staff_mask;  /* who may do it */
    enum slots_part part; /* before noon, noon to five, from five on */
    unsigned limit;
};

struct slot {
    int64_t start_s;
    int staff; /* the first who is free */
};

/* In order of time; each time once. */
size_t slots_find(struct slot out[SLOTS_MAX], const struct schedule *schedule,
    const struct zone *zone, const struct slots_wish *wish);

/* Who could take an appointment at exactly that time, on the grid or not. */
struct slots_free {
    uint32_t at_work; /* their hours cover it */
    uint32_t free;    /* and nothing of theirs is in its way */
};
struct slots_free slots_at(const struct schedule *schedule, const struct zone *zone,
    int64_t start_s, unsigned minutes, unsigned buffer_minutes, uint32_t staff_mask);

int slots_first(uint32_t mask); /* the first of them; SCHEDULE_NOBODY: none */
