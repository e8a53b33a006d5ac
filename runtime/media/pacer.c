#include "media/pacer.h"

#include <string.h>

void pacer_init(struct pacer *pacer, unsigned lead_ms)
{
    pacer->lead_ms = lead_ms;
    pacer->underruns = 0;
    pacer_clear(pacer);
}

void pacer_clear(struct pacer *pacer)
{
    pacer->head = 0;
    pacer->count = 0;
    pacer->is_running = false;
    pacer->expects_more = false;
    pacer->is_paused = false;
    pacer->t0_ms = 0;
    pacer->sent = 0;
    pacer->ready_ms = 0;
}

/* When the last frame sent has been played. */
static uint64_t dry_ms(const struct pacer *pacer)
{
    return pacer->t0_ms + pacer->sent * FRAME_MS;
}

/* Play-out of what comes next begins now. */
static void shift_clock(struct pacer *pacer, uint64_t now_ms)
{
    pacer->t0_ms = now_ms - pacer->sent * FRAME_MS;
}

enum err pacer_put(struct pacer *pacer, const uint8_t frame[FRAME_BYTES], uint64_t now_ms)
{
    if (pacer_free_slots(pacer) == 0)
        return ERR_FULL;
    if (!pacer->is_running) {
        pacer->is_running = true;
        pacer->t0_ms = now_ms;
        pacer->sent = 0;
    } else if (!pacer->expects_more && !pacer->count && now_ms > dry_ms(pacer)) {
        shift_clock(pacer, now_ms); /* all was played and complete: no underrun */
    }
    if (!pacer->count)
        pacer->ready_ms = now_ms;
    pacer->expects_more = true;
    memcpy(pacer->ring[(pacer->head + pacer->count) % PACER_SLOTS], frame, FRAME_BYTES);
    pacer->count++;
    return ERR_OK;
}

void pacer_end(struct pacer *pacer)
{
    pacer->expects_more = false;
}

/* The next frame may leave when it and all before it are at most `lead_ms` of unplayed audio. */
static uint64_t due_ms(const struct pacer *pacer)
{
    uint64_t ahead_ms = pacer->lead_ms > FRAME_MS ? pacer->lead_ms - FRAME_MS : 0;
    uint64_t offset_ms = pacer->sent * FRAME_MS;
    return pacer->t0_ms + (offset_ms > ahead_ms ? offset_ms - ahead_ms : 0);
}

bool pacer_take(struct pacer *pacer, uint8_t out[FRAME_BYTES], uint64_t now_ms, uint64_t *late_ms)
{
    uint64_t due = due_ms(pacer);
    if (pacer->is_paused || !pacer->count || now_ms < due)
        return false;
    uint64_t from_ms = due > pacer->ready_ms ? due : pacer->ready_ms;
    *late_ms = now_ms > from_ms ? now_ms - from_ms : 0;
    if (now_ms > dry_ms(pacer)) {
        pacer->underruns += pacer->sent > 0;
        shift_clock(pacer, now_ms);
    }
    memcpy(out, pacer->ring[pacer->head], FRAME_BYTES);
    pacer->head = (pacer->head + 1) % PACER_SLOTS;
    pacer->count--;
    pacer->sent++;
    return true;
}

uint64_t pacer_deadline(const struct pacer *pacer)
{
    if (!pacer->is_running || pacer->is_paused)
        return 0;
    if (pacer->count)
        return due_ms(pacer);
    return pacer->expects_more ? 0 : dry_ms(pacer);
}

uint64_t pacer_played_ms(const struct pacer *pacer, uint64_t now_ms)
{
    if (!pacer->is_running || now_ms <= pacer->t0_ms)
        return 0;
    uint64_t sent_ms = pacer->sent * FRAME_MS;
    uint64_t played_ms = now_ms - pacer->t0_ms;
    return played_ms < sent_ms && !pacer->is_paused ? played_ms : sent_ms;
}

uint64_t pacer_unplayed_ms(const struct pacer *pacer, uint64_t now_ms)
{
    if (!pacer->is_running)
        return 0;
    return (pacer->sent + pacer->count) * FRAME_MS - pacer_played_ms(pacer, now_ms);
}

uint64_t pacer_end_ms(const struct pacer *pacer)
{
    bool is_sent = pacer->is_running && !pacer->is_paused && !pacer->expects_more && !pacer->count;
    return is_sent ? dry_ms(pacer) : 0;
}

bool pacer_finished(struct pacer *pacer, uint64_t now_ms)
{
    uint64_t end_ms = pacer_end_ms(pacer);
    bool is_over = end_ms && now_ms >= end_ms;
    if (is_over)
        pacer_clear(pacer);
    return is_over;
}

unsigned pacer_free_slots(const struct pacer *pacer)
{
    unsigned waiting_max = PACER_SLOTS - PACER_KEPT; /* rewound frames may lie beyond it */
    return pacer->count < waiting_max ? waiting_max - pacer->count : 0;
}

unsigned pacer_rewind(struct pacer *pacer, uint64_t lag_ms, uint64_t now_ms)
{
    uint64_t heard_ms = pacer_played_ms(pacer, now_ms > lag_ms ? now_ms - lag_ms : 0);
    uint64_t played = (heard_ms + FRAME_MS / 2) / FRAME_MS;
    uint64_t unplayed = pacer->sent > played ? pacer->sent - played : 0;
    unsigned back = unplayed < PACER_KEPT ? (unsigned)unplayed : PACER_KEPT;
    if (!back)
        return 0;
    pacer->head = (pacer->head + PACER_SLOTS - back) % PACER_SLOTS;
    pacer->count += back;
    pacer->sent -= back;
    pacer->ready_ms = now_ms;
    shift_clock(pacer, now_ms); /* the carrier plays them from now */
    return back;
}

uint64_t pacer_audible_ms(const struct pacer *pacer)
{
    return pacer->t0_ms + (pacer->sent ? pacer->sent - 1 : 0) * FRAME_MS;
}

uint8_t *pacer_keep_one(struct pacer *pacer)
{
    if (!pacer->count)
        return NULL;
    pacer->count = 1;
    return pacer->ring[pacer->head];
}

uint64_t pacer_boundary_ms(const struct pacer *pacer, uint64_t now_ms)
{
    if (!pacer->is_running || now_ms <= pacer->t0_ms)
        return now_ms;
    uint64_t frames = (now_ms - pacer->t0_ms + FRAME_MS - 1) / FRAME_MS;
    return pacer->t0_ms + frames * FRAME_MS;
}

void pacer_pause(struct pacer *pacer)
{
    pacer->is_paused = pacer->is_running;
}

void pacer_resume(struct pacer *pacer, uint64_t now_ms)
{
    if (!pacer->is_paused)
        return;
    pacer->is_paused = false;
    pacer->ready_ms = now_ms;
    shift_clock(pacer, now_ms);
}
