#include "observe/turn_parts.h"

const char *turn_part_name(enum turn_part part)
{
    static const char *const names[TURN_PART_COUNT] = {
        "silence_wait", "hearing", "script", "model", "tools", "synthesis", "playout", "own"};
    return names[part];
}

void turn_parts_begin(struct turn_parts *parts, uint64_t speech_ended_ms)
{
    *parts = (struct turn_parts){.from_ms = speech_ended_ms,
        .at_ms = speech_ended_ms,
        .waits_for = TURN_PART_OWN,
        .is_over = !speech_ended_ms};
}

/* A moment before what was told already is none: time does not go back. */
static void give(struct turn_parts *parts, enum turn_part part, uint64_t until_ms)
{
    if (parts->is_over || until_ms <= parts->at_ms)
        return;
    parts->ms[part] += until_ms - parts->at_ms;
    parts->at_ms = until_ms;
}

void turn_parts_wait_for(struct turn_parts *parts, enum turn_part part, uint64_t now_ms)
{
    if (parts->is_committed)
        give(parts, parts->waits_for, now_ms);
    parts->waits_for = part;
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

void turn_parts_commit(struct turn_parts *parts, const struct turn_wait *wait, uint64_t now_ms)
{
    if (parts->is_committed)
        return;
    parts->is_committed = true;
    uint64_t heard_ms = wait->final_ms ? wait->final_ms : now_ms;
    give(parts, TURN_PART_SILENCE_WAIT, earlier(parts->from_ms + wait->silence_ms, now_ms));
    give(parts, TURN_PART_HEARING, earlier(heard_ms, now_ms));
    give(parts, TURN_PART_SILENCE_WAIT, now_ms);
}

void turn_parts_end(struct turn_parts *parts, uint64_t now_ms)
{
    give(parts, parts->is_committed ? parts->waits_for : TURN_PART_SILENCE_WAIT, now_ms);
    parts->is_over = true;
}

uint64_t turn_parts_sum_ms(const struct turn_parts *parts)
{
    uint64_t sum_ms = 0;
    for (int part = 0; part < TURN_PART_COUNT; part++)
        sum_ms += parts->ms[part];
    return sum_ms;
}
