/* A media thread's calls, and its post from the script thread. Private to live. */
#pragma once

#include "live/call.h"

must_use enum err worker_add(
    struct live_worker *worker, struct call *call); /* gives it its key; ERR_NOMEM: it is not in */
void worker_remove(struct live_worker *worker, struct call *call);

/* pulse.c: the thread measures itself from now on. */
must_use enum err pulse_start(struct live_worker *worker);
void pulse_beat(struct live_worker *worker); /* what is known is as of now */
void pulse_stop(struct live_worker *worker); /* also what was not started */

/* roster.c: with each beat. */
void roster_tell(struct live_worker *worker, uint64_t now_ms);
void roster_drop_all(struct live *live);

enum call_command_kind {
    CALL_SAY,
    CALL_PLAY,
    CALL_HANG_UP,
    CALL_VOICEMAIL,
    CALL_TRANSFER,
    CALL_RECORD,
};

struct call_command { /* a letter from a script to its call */
    struct letter letter;
    enum call_command_kind kind;
    struct call_asker from;
    uint64_t call_key;
    char *text;
    struct call_sound *sound;      /* PLAY */
    struct handover_plan *plan;    /* TRANSFER */
    enum call_recording recording; /* RECORD */
    bool is_protected;             /* SAY, PLAY: to be heard to its end */
};
void call_command_free(struct call_command *command);
