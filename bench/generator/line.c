#include "generator/line.h"

#define FRAME_US 20000
#define STALL_EVERY_FRAMES 500
#define JITTER_ONE_IN 20

bool line_has_faults(const struct line_faults *faults)
{
    return faults->drop_permille || faults->duplicate_permille || faults->reorder_permille ||
           faults->jitter_ms || faults->stall_ms;
}

static void keep(struct line *line, struct line_frame frame)
{
    if (line->count < LINE_FRAMES)
        line->frames[line->count++] = frame;
}

/* When a frame leaves that keeps its place behind those before it. */
static uint64_t due_in_order(struct line *line, uint64_t due_us)
{
    if (due_us < line->last_due_us)
        due_us = line->last_due_us;
    if (due_us < line->stalled_to_us)
        due_us = line->stalled_to_us;
    line->last_due_us = due_us;
    return due_us;
}

void line_put(struct line *line, const struct line_faults *faults, struct line_frame frame,
    uint64_t now_us, uint64_t (*dice)(void *owner, uint64_t below), void *owner,
    struct line_counts *counts)
{
    if (dice(owner, 1000) < faults->drop_permille) {
        counts->dropped++;
        return;
    }
    if (faults->stall_ms && now_us >= line->stalled_to_us && dice(owner, STALL_EVERY_FRAMES) == 0) {
        line->stalled_to_us = now_us + faults->stall_ms * 1000ull;
        counts->stalls++;
    }
    if (dice(owner, 1000) < faults->reorder_permille) {
        frame.due_us = now_us + 2 * FRAME_US + FRAME_US / 2;
        counts->reordered++;
        keep(line, frame);
        return;
    }
    uint64_t late_us = 0;
    if (faults->jitter_ms && dice(owner, JITTER_ONE_IN) == 0) {
        late_us = dice(owner, faults->jitter_ms * 1000ull);
        counts->late++;
    }
    frame.due_us = due_in_order(line, now_us + late_us);
    keep(line, frame);
    if (dice(owner, 1000) < faults->duplicate_permille) {
        counts->duplicated++;
        keep(line, frame);
    }
}

bool line_take(struct line *line, uint64_t now_us, struct line_frame *out)
{
    for (unsigned i = 0; i < line->count; i++) {
        if (line->frames[i].due_us > now_us)
            continue;
        *out = line->frames[i];
        for (unsigned next = i + 1; next < line->count; next++)
            line->frames[next - 1] = line->frames[next];
        line->count--;
        return true;
    }
    return false;
}
