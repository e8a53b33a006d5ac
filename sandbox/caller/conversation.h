/* What happens on the line, frame by frame: the scenario's director decides, lines are spoken, the agent
   is listened to, and all of it is reported.

      agent's frame ─► audible? ─► director ─► line to speak ─► caller's frame
            └──────────── recording, latency, timeline ───────────┘            */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "caller/director.h"
#include "caller/report.h"
#include "caller/speech.h"

struct conversation {
    const struct scenario *scenario;
    const struct speeches *speeches;
    struct report *report;
    struct director director;
    const struct speech *speaking; /* NULL: silent */
    size_t spoken;                 /* bytes of it */
    char tone;                     /* of a key that sounds; 0: none */
    unsigned tone_frames;          /* of it, played */
    bool is_agent_on;              /* its audio plays, short holes included */
    uint64_t audio_start_ms;       /* of this stretch */
    uint64_t audio_end_ms;
};

enum conversation_result {
    CONVERSATION_GOES_ON,
    CONVERSATION_HANGS_UP, /* the scenario is done */
    CONVERSATION_FAILED,   /* director.why */
};

void conversation_init(struct conversation *conversation, const struct scenario *scenario,
    const struct speeches *speeches, struct report *report);
/* Fills `caller`, which holds silence. `*key`: pressed now, or 0. */
enum conversation_result conversation_tick(struct conversation *conversation, uint64_t at_ms,
    const uint8_t agent[FRAME_BYTES], bool has_audio, uint8_t caller[FRAME_BYTES], char *key);
void conversation_audio_starts(struct conversation *conversation, uint64_t at_ms);
