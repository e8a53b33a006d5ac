/* One caller: places the call as Twilio does, talks in turns, and measures what comes back.

     PLANNED ─► RINGING ─► CONNECTING ─► UP ─► OVER
                webhook    upgrade       │
                                         ▼
     GREETING ─► ASKING ─► AWAITING ─► HEARING ─► RESTING ─► ASKING …
                              ▲            │
                              └─ BARGING ◄─┘  (when asked to interrupt) */
#pragma once

#include "generator/options.h"
#include "generator/playout.h"
#include "wire/channel.h"
#include "wire/samples.h"

#define CALL_SID_SIZE 35
#define CALL_MARKS_MAX 32
#define CALL_FRAME_US 20000
#define CALL_FRAME_TEXT 216 /* 160 bytes in base64 */

enum call_state { CALL_PLANNED, CALL_RINGING, CALL_CONNECTING, CALL_UP, CALL_OVER };
enum turn_phase { GREETING, ASKING, AWAITING, HEARING, BARGING, RESTING };

struct call_mark {
    char name[64];
    uint64_t played_us; /* when all that was sent before it has played; 0: at once */
};

struct call {
    struct fleet *fleet;
    unsigned number;
    struct channel channel;
    struct alarm alarm;
    enum call_state state;
    enum turn_phase phase;
    char call_sid[CALL_SID_SIZE];
    char stream_sid[CALL_SID_SIZE];
    char stream_url[512];
    struct strbuf parameters; /* customParameters as JSON members */
    char key[32];
    uint8_t mask[4];
    bool is_upgraded;
    uint64_t up_us;    /* since when */
    uint64_t leave_us; /* when it has lasted as long as it is to; 0: nobody knows */
    uint64_t next_us;  /* when the next frame is due */
    uint64_t sequence, chunk;
    struct line line;
    /* the turn */
    uint64_t phase_us;     /* since when */
    uint64_t rest_us;      /* RESTING lasts so long */
    unsigned speech_frame; /* of the caller's words */
    uint64_t asked_us;     /* its last one was sent */
    uint64_t onset_us;     /* of an interruption */
    uint64_t heard_us;     /* last media of the agent */
    struct playout playout;
    struct call_mark marks[CALL_MARKS_MAX];
    unsigned mark_first, mark_count;
    /* what is said of it in the end */
    unsigned asked, answered, unanswered;
    unsigned barges, barges_done;
    uint64_t media_in;
    bool is_leaving; /* no further turn */
    bool is_good;    /* ended by us, with nothing missing */
    char why[96];
};

/* What all calls share. */
struct fleet {
    struct poller poller;
    struct options options;
    struct ssl_ctx_st *tls;
    struct call *calls;
    char (*speech)[CALL_FRAME_TEXT]; /* made once */
    unsigned speech_frames;
    char silence[CALL_FRAME_TEXT];
    char run[9]; /* makes SIDs of this run different from others' */
    bool is_measuring;
    unsigned up, most_up, over;
    /* measured in the window */
    struct samples send_late, late, off_pace, response, barge;
    uint64_t frames_in, frames_out, odd_frames, underruns, marks, clears, talked_over, bad_messages;
    uint64_t audio_us;
    uint64_t call_us; /* of all calls that are over */
    struct line_counts line;
};

void call_place(struct call *call); /* state PLANNED */
void call_leave(struct call *call); /* finish the turn under way, then hang up */
void call_fail(struct call *call, const char *why);
/* talk.c of the generator calls these when the stream is there. */
void call_up(struct call *call);
void call_tick(struct call *call);
void call_message(struct call *call, struct slice text);
void call_send(struct call *call, char *text, size_t len); /* masks in place */
uint64_t call_random(struct call *call, uint64_t below);
