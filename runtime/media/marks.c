#include "media/marks.h"

uint32_t marks_sent(struct marks *marks, uint64_t due_ms)
{
    marks->sent++;
    marks->due_ms[marks->sent % MARKS_OPEN_MAX] = due_ms;
    if (marks->sent - marks->oldest >= MARKS_OPEN_MAX)
        marks->oldest = marks->sent - MARKS_OPEN_MAX + 1;
    return marks->sent;
}

static uint32_t lag_of(const struct marks *marks, int64_t transit_ms)
{
    int64_t lag_ms = transit_ms - marks->transit_ms;
    if (lag_ms <= MARKS_JITTER_MS)
        return 0;
    return lag_ms < MARKS_LAG_MAX_MS ? (uint32_t)lag_ms : MARKS_LAG_MAX_MS;
}

bool marks_echo(struct marks *marks, uint32_t generation, uint32_t number, uint64_t now_ms)
{
    bool is_waited_for = number && number >= marks->oldest && number <= marks->sent;
    if (generation != marks->generation || !is_waited_for)
        return false;
    marks->oldest = number + 1; /* echoes come in order: an earlier one is lost */
    int64_t transit_ms = (int64_t)(now_ms - marks->due_ms[number % MARKS_OPEN_MAX]);
    if (!marks->has_transit || transit_ms < marks->transit_ms)
        marks->transit_ms = transit_ms;
    marks->has_transit = true;
    uint32_t before_ms = marks->lag_ms;
    marks->lag_ms = lag_of(marks, transit_ms);
    marks->lags += marks->lag_ms && !before_ms;
    return true;
}

bool marks_are_open(const struct marks *marks)
{
    return marks->sent && marks->oldest <= marks->sent;
}

void marks_cleared(struct marks *marks)
{
    marks->generation++;
    marks->oldest = marks->sent + 1;
    marks->lag_ms = 0;
}

void marks_idle(struct marks *marks)
{
    marks->lag_ms = 0;
}
