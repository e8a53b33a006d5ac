#include "generator/playout.h"

static void begin(struct playout *playout, uint64_t now_us)
{
    playout->is_open = true;
    playout->first_us = now_us;
    playout->audio_us = 0;
    playout->ends_us = now_us + PLAYOUT_PREBUFFER_US;
    playout->least_us = 0;
}

/* The rest of the utterance is held against the place where it goes on. */
static void move_grid(struct playout *playout, uint64_t now_us)
{
    playout->underruns++;
    playout->first_us = now_us - playout->audio_us;
    playout->ends_us = now_us + PLAYOUT_PREBUFFER_US;
    playout->least_us = 0;
}

struct arrival playout_media(struct playout *playout, uint64_t now_us, uint64_t audio_us)
{
    struct arrival arrival = {0};
    arrival.is_new = !playout->is_open || now_us > playout->ends_us + PLAYOUT_QUIET_US;
    if (arrival.is_new)
        begin(playout, now_us);
    int64_t offset_us = (int64_t)(now_us - playout->first_us) - (int64_t)playout->audio_us;
    if (offset_us < playout->least_us)
        playout->least_us = offset_us;
    arrival.late_us = offset_us > 0 ? (uint64_t)offset_us : 0;
    arrival.off_pace_us = (uint64_t)(offset_us - playout->least_us);
    arrival.is_underrun = now_us > playout->ends_us;
    if (arrival.is_underrun)
        move_grid(playout, now_us);
    playout->audio_us += audio_us;
    playout->ends_us += audio_us;
    return arrival;
}

void playout_end(struct playout *playout)
{
    playout->is_open = false;
}
