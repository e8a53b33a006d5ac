/* What is counted of a call as it goes: which state it is in, whose it is, what became of interruptions and of its frames.
   One gauge has the call from its beginning to its end, so that moonline_calls adds up to moonline_calls_active.

   What happens to every frame costs no atomic here: it is compared with the worst of this thread's last five seconds, and
   pulse.c tells that. */
#pragma once

#include "base/worst.h"
#include "media/jitter.h"
#include "observe/metrics.h"
#include "observe/tenant_metrics.h"
#include "observe/turn_parts.h"
#include "script/port.h"

struct call;
struct live_worker;

struct tally {         /* of a call */
    enum metric state; /* the gauge that has it; METRIC_COUNT: none */
    struct tenant_metrics *tenant;
    bool is_spoken_over; /* a voice is over the reply, and what becomes of that is open */
    unsigned turns;
    uint64_t response_ms;  /* of the last answer, here and below; 0: there was none */
    enum turn_part mostly; /* its largest part */
    uint64_t mostly_ms;
    struct worst late; /* of our frames, in milliseconds */
};

struct line_worsts { /* of a thread's calls; in milliseconds */
    struct worst drift;
    struct worst jitter_depth;
    struct worst lead_missing; /* of the lead that is aimed at */
    struct worst tts_buffer;
};

/* All of a call, but the first, between tally_begin and tally_end. */
void tally_init(struct tally *tally);
void tally_begin(struct call *call);
void tally_end(struct call *call, const char *outcome);
void tally_state(struct call *call); /* as it stands now; after each run of the funnel */
const char *tally_state_name(const struct tally *tally); /* as moonline_calls has it; "": none */
void tally_turn(struct call *call);
void tally_answered(struct call *call, uint64_t now_ms); /* a reply's first sound leaves */
void tally_apology(struct call *call);
/* The first result of a tool, of calls and of texts; a late one that follows is the same tool's. */
void tally_tool_result(const struct script_result *result);

/* ---- a voice over a reply ---- */
void tally_lowered(struct call *call, uint64_t at_ms); /* the reply is, from then on */
void tally_resumed(struct call *call);
void tally_cut(struct call *call);

/* ---- frames ---- */
void tally_jitter(struct call *call, const struct jitter_stats *before, uint64_t now_ms);
void tally_late(struct call *call, uint64_t late_ms, uint64_t now_ms); /* with each of ours */
void tally_lead(struct call *call, uint64_t now_ms);   /* of a reply, before more of it is sent */
void tally_buffer(struct call *call, uint64_t now_ms); /* audio of a reply came */
void tally_tell(struct live_worker *worker, uint64_t now_ms);
