#include "media/echo_guard.h"

#include <math.h>

#include "media/frame.h"
#include "media/level.h"

#define WINDOW_SLOTS 20                  /* 400 ms: 300 of echo, 100 of network */
#define HEARD_MIN (WINDOW_SLOTS * 3 / 4) /* frames that a window needs to prove anything */
#define LOSS_MIN_DB 15.0     /* until more is proven; no line is believed to lose less */
#define AUDIBLE_DBOV (-45.0) /* quieter frames of ours prove nothing */
#define STEP_FRAMES 32       /* 8 of them: five seconds of speaking */

void echo_guard_init(struct echo_guard *guard)
{
    for (unsigned i = 0; i < ECHO_SLOTS; i++)
        guard->slots[i] =
            (struct echo_slot){.played_dbov = LEVEL_SILENCE_DBOV, .heard_dbov = LEVEL_SILENCE_DBOV};
    lowest_init(&guard->gain, STEP_FRAMES, -LOSS_MIN_DB);
}

/* The place of a slot, emptied when it held an older one. */
static struct echo_slot *slot_at(struct echo_guard *guard, uint64_t number)
{
    struct echo_slot *slot = &guard->slots[number % ECHO_SLOTS];
    if (slot->number != number)
        *slot = (struct echo_slot){
            .number = number, .played_dbov = LEVEL_SILENCE_DBOV, .heard_dbov = LEVEL_SILENCE_DBOV};
    return slot;
}

void echo_guard_play(struct echo_guard *guard, uint64_t audible_ms, double level_dbov)
{
    slot_at(guard, audible_ms / FRAME_MS)->played_dbov = level_dbov;
}

void echo_guard_cut(struct echo_guard *guard, uint64_t now_ms)
{
    for (unsigned i = 0; i < ECHO_SLOTS; i++)
        if (guard->slots[i].number > now_ms / FRAME_MS)
            guard->slots[i].played_dbov = LEVEL_SILENCE_DBOV;
}

static uint64_t window_start(uint64_t now)
{
    return now > WINDOW_SLOTS ? now - WINDOW_SLOTS : 0;
}

double echo_guard_level(const struct echo_guard *guard, uint64_t now_ms)
{
    uint64_t now = now_ms / FRAME_MS;
    double loudest = LEVEL_SILENCE_DBOV;
    for (uint64_t number = window_start(now); number <= now; number++) {
        const struct echo_slot *slot = &guard->slots[number % ECHO_SLOTS];
        if (slot->number == number)
            loudest = fmax(loudest, slot->played_dbov);
    }
    return fmax(loudest + fmin(guard->gain.value, -LOSS_MIN_DB), LEVEL_SILENCE_DBOV);
}

/* What was audible when the window began has come back by now, if it ever does. */
static void learn(struct echo_guard *guard, uint64_t now)
{
    uint64_t then = window_start(now);
    const struct echo_slot *first = &guard->slots[then % ECHO_SLOTS];
    if (first->number != then || first->played_dbov < AUDIBLE_DBOV)
        return;
    double heard = LEVEL_SILENCE_DBOV;
    unsigned count = 0;
    for (uint64_t number = then; number <= now; number++) {
        const struct echo_slot *slot = &guard->slots[number % ECHO_SLOTS];
        if (slot->number != number)
            continue;
        heard = fmax(heard, slot->heard_dbov);
        count += slot->heard_count;
    }
    if (count >= HEARD_MIN)
        lowest_add(&guard->gain, heard - first->played_dbov);
}

void echo_guard_hear(struct echo_guard *guard, uint64_t now_ms, double level_dbov)
{
    uint64_t now = now_ms / FRAME_MS;
    struct echo_slot *slot = slot_at(guard, now);
    slot->heard_dbov = fmax(slot->heard_dbov, level_dbov);
    if (slot->heard_count++ == 0)
        learn(guard, now);
}
