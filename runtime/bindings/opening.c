#include "bindings/opening.h"
#include "text/civil.h"

#include <string.h>

static size_t add_sorted(struct day_span *spans, size_t count, struct day_span span)
{
    if (count == OPENING_DAY_SPANS_MAX)
        return count;
    size_t at = count;
    while (at && spans[at - 1].open_min > span.open_min)
        at--;
    memmove(spans + at + 1, spans + at, (count - at) * sizeof *spans);
    spans[at] = span;
    return count + 1;
}

/* True when `staff` has a row of that day, closed or not. */
static bool take_holiday(struct day_span *out, size_t *count, const struct schedule *schedule,
    int staff, int32_t day, const char **name)
{
    bool is_one = false;
    for (size_t i = 0; i < schedule->holiday_count; i++) {
        const struct schedule_holiday *holiday = &schedule->holidays[i];
        if (holiday->staff != staff || holiday->day != day)
            continue;
        if (!is_one || !(*name)[0])
            *name = holiday->name;
        is_one = true;
        if (!holiday->is_closed)
            *count = add_sorted(out, *count, holiday->span);
    }
    return is_one;
}

size_t opening_of_day(struct day_span out[OPENING_DAY_SPANS_MAX], const struct schedule *schedule,
    int staff, int32_t day, const char **name)
{
    size_t count = 0;
    *name = NULL;
    if (staff != SCHEDULE_NOBODY && take_holiday(out, &count, schedule, staff, day, name))
        return count;
    if (take_holiday(out, &count, schedule, SCHEDULE_NOBODY, day, name))
        return count;
    int whose =
        staff != SCHEDULE_NOBODY && schedule->staff[staff].has_own_hours ? staff : SCHEDULE_NOBODY;
    int weekday = civil_weekday(day);
    for (size_t i = 0; i < schedule->span_count; i++)
        if (schedule->spans[i].staff == whose && schedule->spans[i].weekday == weekday)
            count = add_sorted(out, count, schedule->spans[i].span);
    return count;
}

/* `out` stays sorted by opening: days come in their order, and their spans in theirs. */
static size_t join(struct opening_span *out, size_t count, struct opening_span span)
{
    if (span.close_s <= span.open_s)
        return count;
    if (count && span.open_s <= out[count - 1].close_s) {
        if (span.close_s > out[count - 1].close_s)
            out[count - 1].close_s = span.close_s;
        return count;
    }
    out[count] = span;
    return count + 1;
}

static int64_t instant(const struct zone *zone, int32_t day, unsigned minutes)
{
    return wall_to_utc(zone, day + (int32_t)(minutes / 1440), minutes % 1440);
}

size_t opening_add_day(struct opening_span *spans, size_t count, const struct schedule *schedule,
    const struct zone *zone, int staff, int32_t day)
{
    struct day_span of_day[OPENING_DAY_SPANS_MAX];
    const char *name;
    size_t day_count = opening_of_day(of_day, schedule, staff, day, &name);
    for (size_t i = 0; i < day_count; i++)
        count = join(spans, count,
            (struct opening_span){
                instant(zone, day, of_day[i].open_min), instant(zone, day, of_day[i].close_min)});
    return count;
}

size_t opening_forget(struct opening_span *spans, size_t count, int64_t before_s)
{
    size_t over = 0;
    while (over < count && spans[over].close_s <= before_s)
        over++;
    memmove(spans, spans + over, (count - over) * sizeof *spans);
    return count - over;
}

size_t opening_of_days(struct opening_span out[OPENING_SPANS_MAX], const struct schedule *schedule,
    const struct zone *zone, int staff, int32_t first_day, unsigned days)
{
    size_t count = 0;
    for (unsigned day = 0; day < days; day++)
        count = opening_add_day(out, count, schedule, zone, staff, first_day + (int32_t)day);
    return count;
}

bool opening_covers(const struct opening_span *spans, size_t count, int64_t start_s, int64_t end_s)
{
    for (size_t i = 0; i < count; i++)
        if (spans[i].open_s <= start_s && end_s <= spans[i].close_s)
            return true;
    return false;
}
