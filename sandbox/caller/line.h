/* The telephone line: a media stream as Twilio holds it. Opens the WebSocket with a signed upgrade,
   sends `connected` and `start`, then one frame every 20 ms on an absolute clock, and plays what comes
   through a playout. Listener promises as in net/ws.h. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "caller/line_message.h"
#include "caller/playout.h"
#include "net/loop.h"

struct line_options {
    const char *url; /* as written in the TwiML */
    const char *via;
    bool is_via_tls;
    const char *token; /* "": unsigned */
    struct line_ids ids;
    const struct line_parameter *parameters;
    size_t parameter_count;
    uint64_t t0_ms; /* of clock_ms(): when the call's timeline began; 0: with this stream */
};

enum line_note {
    LINE_NOTE_MARK,      /* a mark came: text is its name */
    LINE_NOTE_MARK_ECHO, /* and was echoed */
    LINE_NOTE_CLEAR,     /* clear came */
    LINE_NOTE_ERROR,     /* Twilio would report this: text begins with its number */
};

/* Times are milliseconds of the call's timeline. */
struct line_listener {
    void (*on_started)(void *owner, uint64_t t0_ms); /* `start` was sent */
    /* Every 20 ms: the agent's frame that begins to play, and room for the caller's (given as silence). */
    void (*on_tick)(void *owner, uint64_t at_ms, const uint8_t agent[FRAME_BYTES], bool has_audio,
        uint8_t caller[FRAME_BYTES]);
    void (*on_audio_starts)(void *owner, uint64_t at_ms); /* media came while nothing was queued */
    void (*on_note)(void *owner, uint64_t at_ms, enum line_note note, const char *text);
    void (*on_closed)(void *owner, enum err err, const char *why); /* the line is gone after it */
};

struct line_counts {
    uint64_t frames_sent;
    unsigned late_ticks; /* more than 5 ms behind the clock */
    unsigned latest_ms;
    unsigned refused_sends; /* the server reads too slowly: 31930 */
    unsigned errors;        /* 31950 and 31951 */
};

struct line;
must_use enum err line_open(struct line **out, struct net_loop *loop,
    const struct line_options *options, const struct line_listener *listener, void *owner);
void line_press(struct line *line, char key);
void line_hang_up(struct line *line); /* sends stop and closes; on_closed follows */
const struct playout *line_playout(const struct line *line);
const struct line_counts *line_counts(const struct line *line);
