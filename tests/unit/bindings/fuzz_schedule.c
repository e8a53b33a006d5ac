/* Any JSON as a profile, any text as a time: refused, or a schedule whose free times come in order, are free when they are
   asked for one by one, and read back from their text as themselves; around the days on which clocks change. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "bindings/slots.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_slots(
    const struct schedule *schedule, const struct zone *zone, const struct slots_wish *wish)
{
    struct slot slots[SLOTS_MAX];
    size_t count = slots_find(slots, schedule, zone, wish);
    if (count > wish->limit)
        abort();
    for (size_t i = 0; i < count; i++) {
        char stamp[WALL_STAMP_SIZE];
        int64_t at_s;
        struct slots_free free = slots_at(schedule, zone, slots[i].start_s, wish->minutes,
            wish->buffer_minutes, wish->staff_mask);
        wall_write_stamp(stamp, zone, slots[i].start_s);
        if (slots[i].start_s < (i ? slots[i - 1].start_s + 1 : wish->from_s) ||
            slots_first(free.free) != slots[i].staff ||
            wall_read_time(stamp, zone, &at_s) != ERR_OK || at_s != slots[i].start_s)
            abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const int64_t starts_s[] = {1772953200, 1793505600, 1795410000};
    static const char *const names[] = {"America/New_York", "Australia/Lord_Howe"};
    static struct schedule schedule;
    static struct zones zones;
    char why[SCHEDULE_WHY_SIZE];
    char *text = slice_dup((struct slice){(const char *)data, size});
    json_t *profile = json_loadb((const char *)data, size, JSON_DECODE_ANY, NULL);
    memset(&schedule, 0, sizeof schedule);
    bool is_read = schedule_fill(&schedule, profile, NULL, why) == ERR_OK;
    schedule.known_until_s = WALL_SECONDS_MAX;
    for (size_t i = 0; i < 6; i++) {
        const struct zone *zone;
        int64_t at_s;
        if (zones_get(&zone, &zones, slice_from(names[i % 2])))
            break;
        if (wall_read_time(text, zone, &at_s) == ERR_OK)
            wall_day(zone, at_s);
        struct slots_wish wish = {starts_s[i / 2] + (int64_t)size * 61, 3, 30, 10, SCHEDULE_ALL,
            SLOTS_WHOLE_DAY, SLOTS_MAX};
        if (is_read)
            check_slots(&schedule, zone, &wish);
    }
    schedule_clear(&schedule);
    json_decref(profile);
    free(text);
    return 0;
}
