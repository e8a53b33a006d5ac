#include "bindings/slots.h"

#include <string.h>

#define DAY_S 86400
#define NOON_MIN (12 * 60)
#define EVENING_MIN (17 * 60)

/* The hours of everybody around one day: an appointment may begin on it and end on the next, in a span that began on
   the day before. */
struct work {
    const struct schedule *schedule;
    const struct zone *zone;
    uint32_t staff_mask;
    struct opening_span spans[SCHEDULE_STAFF_MAX][OPENING_SPANS_MAX];
    size_t counts[SCHEDULE_STAFF_MAX];
    size_t firsts[SCHEDULE_STAFF_MAX]; /* spans before it are too early for the day under way */
};

/* What is booked, as far as a walk in the order of time has come: of what began before only its end matters. */
struct booked {
    const struct schedule *schedule;
    size_t next; /* the first that begins later */
    int64_t until_s[SCHEDULE_STAFF_MAX];
};

/* In the order of days, from the one before the first that is asked about. */
static void add_day(struct work *work, int32_t day)
{
    const struct schedule *schedule = work->schedule;
    for (int staff = 0; staff < SCHEDULE_STAFF_MAX; staff++)
        if (work->staff_mask >> staff & 1)
            work->counts[staff] = opening_add_day(work->spans[staff], work->counts[staff], schedule,
                work->zone, schedule->staff_count ? staff : SCHEDULE_NOBODY, day);
}

static void forget(struct work *work, int64_t before_s)
{
    for (int staff = 0; staff < SCHEDULE_STAFF_MAX; staff++)
        work->counts[staff] = opening_forget(work->spans[staff], work->counts[staff], before_s);
    memset(work->firsts, 0, sizeof work->firsts);
}

/* The day itself is known then, and the one before; the next is still to be added. */
static void begin_work(struct work *work, const struct schedule *schedule, const struct zone *zone,
    int32_t day, uint32_t staff_mask)
{
    work->schedule = schedule;
    work->zone = zone;
    work->staff_mask = staff_mask & schedule_everybody(schedule);
    memset(work->counts, 0, sizeof work->counts);
    memset(work->firsts, 0, sizeof work->firsts);
    add_day(work, day - 1);
    add_day(work, day);
}

/* Of one day, times are asked for in their order: a span that ends too early for one does so for all after it. */
static bool is_at_work(struct work *work, int staff, int64_t start_s, int64_t end_s)
{
    const struct opening_span *spans = work->spans[staff];
    size_t *first = &work->firsts[staff];
    while (*first < work->counts[staff] && spans[*first].close_s < end_s)
        ++*first;
    return *first < work->counts[staff] && spans[*first].open_s <= start_s;
}

static uint32_t at_work(struct work *work, int64_t start_s, int64_t end_s)
{
    uint32_t mask = 0;
    for (uint32_t left = work->staff_mask; left; left &= left - 1) {
        int staff = __builtin_ctz(left);
        if (is_at_work(work, staff, start_s, end_s))
            mask |= 1u << staff;
    }
    return mask;
}

static void pass(struct booked *booked, const struct schedule_booking *booking)
{
    for (uint32_t left = booking->staff_mask; left; left &= left - 1) {
        int64_t *until_s = &booked->until_s[__builtin_ctz(left)];
        if (booking->end_s > *until_s)
            *until_s = booking->end_s;
    }
}

/* Which of `wanted` are free; times are asked for in their order. It ends when nobody is left, so that a full calendar
   costs no more than an empty one. */
static uint32_t not_busy(struct booked *booked, uint32_t wanted, int64_t start_s, int64_t end_s)
{
    const struct schedule_booking *bookings = booked->schedule->bookings;
    size_t count = booked->schedule->booking_count;
    while (booked->next < count && bookings[booked->next].start_s <= start_s)
        pass(booked, &bookings[booked->next++]);
    for (uint32_t left = wanted; left; left &= left - 1)
        if (booked->until_s[__builtin_ctz(left)] > start_s)
            wanted &= ~(left & -left);
    for (size_t i = booked->next; wanted && i < count && bookings[i].start_s < end_s; i++)
        wanted &= ~bookings[i].staff_mask;
    return wanted;
}

int slots_first(uint32_t mask)
{
    return mask ? __builtin_ctz(mask) : SCHEDULE_NOBODY;
}

struct slots_free slots_at(const struct schedule *schedule, const struct zone *zone,
    int64_t start_s, unsigned minutes, unsigned buffer_minutes, uint32_t staff_mask)
{
    struct work work;
    struct booked booked = {.schedule = schedule};
    int32_t day = wall_day(zone, start_s);
    int64_t end_s = start_s + minutes * 60;
    begin_work(&work, schedule, zone, day, staff_mask);
    add_day(&work, day + 1);
    uint32_t working = at_work(&work, start_s, end_s);
    return (struct slots_free){
        working, not_busy(&booked, working, start_s, end_s + buffer_minutes * 60)};
}

static bool is_in_part(enum slots_part part, unsigned minute)
{
    switch (part) {
    case SLOTS_WHOLE_DAY:
        return true;
    case SLOTS_MORNING:
        return minute < NOON_MIN;
    case SLOTS_AFTERNOON:
        return minute >= NOON_MIN && minute < EVENING_MIN;
    case SLOTS_EVENING:
        return minute >= EVENING_MIN;
    }
    return false;
}

/* A walk over the days: what is found is found in order. */
struct search {
    const struct schedule *schedule;
    const struct zone *zone;
    const struct slots_wish *wish;
    struct work work;
    int64_t day_s, day_end_s; /* of the day under way */
    struct slot *out;
    size_t count;
    struct booked booked;
};

/* On the wall clock of the day under way; the zone is asked only where its clocks change. */
static unsigned minute_of(const struct search *search, int64_t at_s)
{
    if (search->day_end_s - search->day_s == DAY_S)
        return (unsigned)((at_s - search->day_s) / 60);
    return wall_minutes(search->zone, at_s);
}

static bool is_on_grid(const struct search *search, int64_t at_s)
{
    return at_s % 60 == 0 && minute_of(search, at_s) % search->schedule->step_minutes == 0;
}

/* The next instant after `at_s` on a multiple of the step. Where clocks change in between the wall clock decides, so a
   day of 25 hours has the repeated times twice and one of 23 none that it skips. */
static int64_t next_step(const struct search *search, int64_t at_s)
{
    unsigned step = search->schedule->step_minutes;
    int64_t next_s = at_s - at_s % 60 + (int64_t)(step - minute_of(search, at_s) % step) * 60;
    unsigned off = minute_of(search, next_s) % step;
    int64_t early_s = next_s - (int64_t)off * 60;
    if (!off || (early_s > at_s && is_on_grid(search, early_s)))
        return early_s;
    return next_s + (int64_t)(step - off) * 60;
}

static void search_day(struct search *search)
{
    const struct schedule *schedule = search->schedule;
    const struct slots_wish *wish = search->wish;
    int64_t at_s = search->day_s > wish->from_s ? search->day_s : wish->from_s;
    if (!is_on_grid(search, at_s))
        at_s = next_step(search, at_s);
    for (; at_s < search->day_end_s && search->count < wish->limit;
         at_s = next_step(search, at_s)) {
        int64_t end_s = at_s + wish->minutes * 60, busy_end_s = end_s + wish->buffer_minutes * 60;
        if (busy_end_s > schedule->known_until_s)
            return;
        uint32_t mask = at_work(&search->work, at_s, end_s);
        if (!mask || !is_in_part(wish->part, minute_of(search, at_s)))
            continue;
        mask = not_busy(&search->booked, mask, at_s, busy_end_s);
        if (mask)
            search->out[search->count++] = (struct slot){at_s, slots_first(mask)};
    }
}

size_t slots_find(struct slot out[SLOTS_MAX], const struct schedule *schedule,
    const struct zone *zone, const struct slots_wish *wish)
{
    struct search search = {
        .schedule = schedule, .zone = zone, .wish = wish, .out = out, .booked.schedule = schedule};
    int32_t first = wall_day(zone, wish->from_s);
    begin_work(&search.work, schedule, zone, first, wish->staff_mask);
    search.day_end_s = wall_to_utc(zone, first, 0);
    for (int32_t day = first + 1; day <= first + (int32_t)wish->days; day++) {
        search.day_s = search.day_end_s;
        search.day_end_s = wall_to_utc(zone, day, 0);
        forget(&search.work, search.day_s);
        add_day(&search.work, day);
        search_day(&search);
        if (search.count == wish->limit)
            break;
    }
    return search.count;
}
