/* Which calls there are and how they do, for people who watch (GET /api/top). Each media thread writes a roster of its own
   once a second, from its pulse, and only while somebody wants one; the newest lies in a place of its thread until whoever
   watches takes it, or a newer one takes its place. No lock; one allocation a second and thread. Nothing of the caller is
   in it: no number, no word. */
#pragma once

#include "live/live.h"
#include "observe/turn_parts.h"

#define ROSTER_CALLS_MAX 1024 /* of a thread; what is beyond them is a count */
#define ROSTER_EVERY_MS 1000
#define ROSTER_WANTED_MS 10000 /* after the last question, threads write none */

struct roster_call {
    char call_sid[40];
    char tenant_id[TENANT_ID_SIZE];
    char version[VERSION_SIZE]; /* of the scripts that answered last; "": none yet */
    const char *state;          /* as in moonline_calls */
    uint64_t age_ms;
    unsigned turns;
    uint64_t waiting_ms;   /* that the caller waits for an answer now; 0: not */
    uint64_t response_ms;  /* of the last answer; 0: there was none */
    enum turn_part mostly; /* its largest part */
    uint64_t mostly_ms;
    unsigned late_ms; /* the worst of its frames, in five seconds */
};

struct roster {
    uint64_t at_ms;
    size_t left_out;
    size_t count;
    struct roster_call calls[];
};

/* Any thread: rosters are written from now on, the first within a pulse. */
void roster_want(struct live *live, uint64_t now_ms);
/* Any thread, one at a time: that thread's newest, if it is one that nobody took (to be freed); NULL: it is not. */
struct roster *roster_take(struct live *live, unsigned thread);
