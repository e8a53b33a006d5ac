/* What is shown and kept of a call: lines on the screen as they happen, every event for timeline.json,
   latencies, both recordings. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "caller/latency.h"
#include "caller/line.h"
#include "caller/recording.h"

struct report {
    json_t *events;
    struct latency latency;
    struct recording recording;
    struct line_counts line; /* all streams of the call together */
    struct playout played;   /* counters only, likewise */
    unsigned protocol_errors;
    bool shows_agent_audio; /* nobody tells the words: show when the agent starts and stops */
};

must_use enum err report_init(struct report *report);
void report_free(struct report *report);
/* An event of the timeline; `text` may be NULL. */
void report_event(struct report *report, uint64_t at_ms, const char *kind, const char *text);
/* A line on the screen: "  0:03.2  who      text". */
void report_show(uint64_t at_ms, const char *who, const char *text);
/* Both, for what a person wants to see. */
void report_say(struct report *report, uint64_t at_ms, const char *who, const char *text);
void report_error(struct report *report, uint64_t at_ms, const char *text);
void report_add_stream(struct report *report, const struct line *line);
void report_print(const struct report *report);

struct report_summary {
    const char *call_sid;
    const char *from;
    const char *to;
    const char *scenario;
    const char *started_at;
    uint64_t duration_ms;
    bool is_completed;
    const char *why; /* "" when completed */
};
/* caller.wav, agent.wav and timeline.json; what cannot be written is told on stderr. */
must_use enum err report_write(
    const struct report *report, const struct report_summary *summary, const char *folder);
