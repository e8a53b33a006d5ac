#include "live/admission.h"

#include <string.h>

#define WINDOW_MS ((uint64_t)ADMISSION_SLOTS * ADMISSION_SLOT_MS)

void admission_init(
    struct admission *admission, const struct admission_settings *settings, uint64_t now_ms)
{
    memset(admission, 0, sizeof *admission);
    admission->settings = *settings;
    admission->slot = now_ms / ADMISSION_SLOT_MS;
    admission->next_ms = now_ms + ADMISSION_STEP_MS;
}

static void count(
    struct admission_steps *steps, const struct admission_settings *settings, uint64_t late_ms)
{
    unsigned ms = late_ms < UINT32_MAX ? (unsigned)late_ms : UINT32_MAX;
    steps->count++;
    steps->late += ms > settings->late_ms;
    if (ms > steps->worst_ms)
        steps->worst_ms = ms;
}

/* Slots of time that passed since the newest one are emptied, and the newest is that of `at_ms`. */
static void turn_to(struct admission *admission, uint64_t at_ms)
{
    uint64_t wanted = at_ms / ADMISSION_SLOT_MS;
    if (wanted > admission->slot + ADMISSION_SLOTS)
        admission->slot = wanted - ADMISSION_SLOTS;
    while (admission->slot < wanted) {
        unsigned index = (unsigned)(++admission->slot % ADMISSION_SLOTS);
        memset(&admission->loop[index], 0, sizeof admission->loop[index]);
        memset(&admission->frames[index], 0, sizeof admission->frames[index]);
    }
}

static struct admission_steps sum(const struct admission_steps slots[ADMISSION_SLOTS])
{
    struct admission_steps all = {0};
    for (unsigned i = 0; i < ADMISSION_SLOTS; i++) {
        all.count += slots[i].count;
        all.late += slots[i].late;
        if (slots[i].worst_ms > all.worst_ms)
            all.worst_ms = slots[i].worst_ms;
    }
    return all;
}

static unsigned late_permille(const struct admission_steps *steps)
{
    return steps->count < ADMISSION_STEPS_MIN
               ? 0
               : (unsigned)((uint64_t)steps->late * 1000 / steps->count);
}

static void judge(struct admission *admission)
{
    struct admission_steps loop = admission_loop(admission), frames = admission_frames(admission);
    unsigned of_loop = late_permille(&loop), of_frames = late_permille(&frames);
    unsigned limit = admission->settings.late_percent * 10;
    admission->late_permille = of_loop > of_frames ? of_loop : of_frames;
    if (!limit)
        return;
    if (admission->late_permille >= limit)
        admission->is_late = true;
    else if (admission->late_permille * 2 < limit)
        admission->is_late = false;
}

/* Every step that was due is counted with its own delay, as the frames of a stalled call would have been. */
void admission_tick(struct admission *admission, uint64_t now_ms)
{
    if (now_ms > admission->next_ms + WINDOW_MS)
        admission->next_ms = now_ms - WINDOW_MS;
    for (; admission->next_ms <= now_ms; admission->next_ms += ADMISSION_STEP_MS) {
        turn_to(admission, admission->next_ms);
        count(&admission->loop[admission->slot % ADMISSION_SLOTS], &admission->settings,
            now_ms - admission->next_ms);
    }
    judge(admission);
}

uint64_t admission_deadline(const struct admission *admission)
{
    return admission->next_ms;
}

void admission_frame(struct admission *admission, uint64_t late_ms)
{
    count(&admission->frames[admission->slot % ADMISSION_SLOTS], &admission->settings, late_ms);
}

struct admission_steps admission_loop(const struct admission *admission)
{
    return sum(admission->loop);
}

struct admission_steps admission_frames(const struct admission *admission)
{
    return sum(admission->frames);
}
