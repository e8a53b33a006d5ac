/* Whether a media thread is late: what it measures of itself, and what it makes of that.

     every 20 ms: when did the loop come by?        ─┐  of 20 ms steps, the share that came more than `late_ms` late,
     every frame sent: how far past its deadline?   ─┴► over the last five seconds; the larger of the two counts

   Late from `late_percent` on, and until the share is less than half of it: in between nothing changes. A stall is as many
   late steps as frames would have been late in it, so 100 ms of one are not quite 2 % of the window. A share of few steps
   means nothing and is 0. Pure; no allocation. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define ADMISSION_SLOTS 10
#define ADMISSION_SLOT_MS 500
#define ADMISSION_STEP_MS 20
#define ADMISSION_STEPS_MIN                                                                        \
    100 /* of a share that counts: the loop's of two seconds, or the frames of two of speech */

struct admission_settings {
    unsigned late_ms;      /* past its deadline by more than this, a step is late */
    unsigned late_percent; /* of the steps make the thread late; 0: nothing does */
};

/* Steps of one kind, in one slot or several. */
struct admission_steps {
    unsigned count;
    unsigned late;
    unsigned worst_ms;
};

struct admission {
    struct admission_settings settings;
    struct admission_steps loop[ADMISSION_SLOTS];
    struct admission_steps frames[ADMISSION_SLOTS];
    uint64_t slot;    /* number of the newest since the clock began */
    uint64_t next_ms; /* when the loop is to come by */
    unsigned late_permille;
    bool is_late;
};

void admission_init(
    struct admission *admission, const struct admission_settings *settings, uint64_t now_ms);
/* The loop came by: at the deadline, or at any other time. Judges anew. */
void admission_tick(struct admission *admission, uint64_t now_ms);
uint64_t admission_deadline(const struct admission *admission);
void admission_frame(struct admission *admission, uint64_t late_ms); /* a frame was sent */
/* The window's sums, for whoever watches. */
struct admission_steps admission_loop(const struct admission *admission);
struct admission_steps admission_frames(const struct admission *admission);
