#include "caller/report.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "caller/files.h"

enum err report_init(struct report *report)
{
    memset(report, 0, sizeof *report);
    report->events = json_array();
    recording_init(&report->recording);
    return report->events ? ERR_OK : ERR_NOMEM;
}

void report_free(struct report *report)
{
    json_decref(report->events);
    recording_free(&report->recording);
}

void report_event(struct report *report, uint64_t at_ms, const char *kind, const char *text)
{
    json_t *event = json_pack("{s:I, s:s}", "ms", (json_int_t)at_ms, "kind", kind);
    if (text && text[0])
        json_object_set_new(event, "text", json_string(text));
    json_array_append_new(report->events, event);
}

void report_show(uint64_t at_ms, const char *who, const char *text)
{
    uint64_t tenths = at_ms / 100;
    printf("%3" PRIu64 ":%02" PRIu64 ".%" PRIu64 "  %-7s %s\n", tenths / 600, tenths / 10 % 60,
        tenths % 10, who, text);
    fflush(stdout);
}

void report_say(struct report *report, uint64_t at_ms, const char *who, const char *text)
{
    report_show(at_ms, who, text);
    report_event(report, at_ms, who, text);
}

void report_error(struct report *report, uint64_t at_ms, const char *text)
{
    report->protocol_errors++;
    report_say(report, at_ms, "error", text);
}

void report_add_stream(struct report *report, const struct line *line)
{
    const struct line_counts *counts = line_counts(line);
    const struct playout *playout = line_playout(line);
    report->line.frames_sent += counts->frames_sent;
    report->line.late_ticks += counts->late_ticks;
    report->line.refused_sends += counts->refused_sends;
    if (counts->latest_ms > report->line.latest_ms)
        report->line.latest_ms = counts->latest_ms;
    report->played.messages += playout->messages;
    report->played.underruns += playout->underruns;
    report->played.underrun_ms += playout->underrun_ms;
    report->played.odd_sizes += playout->odd_sizes;
    report->played.cut_frames += playout->cut_frames;
    report->played.received += playout->received;
    if (playout->most_queued > report->played.most_queued)
        report->played.most_queued = playout->most_queued;
}

void report_print(const struct report *report)
{
    latency_print(&report->latency, stdout);
    printf("\nAudio: %.1f s came in %u messages, at most %" PRIu64 " ms queued; underruns inside"
           " utterances: %u (%u ms); odd sizes: %u, cut frames: %u\n",
        (double)report->played.received / 8000, report->played.messages,
        report->played.most_queued / 8, report->played.underruns, report->played.underrun_ms,
        report->played.odd_sizes, report->played.cut_frames);
    printf("Caller's clock: %" PRIu64 " frames sent, %u more than 5 ms late (latest %u ms)%s\n",
        report->line.frames_sent, report->line.late_ticks, report->line.latest_ms,
        report->line.refused_sends ? ", some refused: the server reads too slowly" : "");
    if (report->protocol_errors)
        printf("Protocol errors: %u\n", report->protocol_errors);
}

static json_t *audio_json(const struct report *report)
{
    return json_pack("{s:I, s:i, s:i, s:i, s:i, s:I, s:I, s:i, s:i, s:i}", "agent_bytes",
        (json_int_t)report->played.received, "agent_messages", (int)report->played.messages,
        "underruns", (int)report->played.underruns, "underrun_ms", (int)report->played.underrun_ms,
        "odd_sizes", (int)report->played.odd_sizes, "most_queued_ms",
        (json_int_t)(report->played.most_queued / 8), "frames_sent",
        (json_int_t)report->line.frames_sent, "late_frames", (int)report->line.late_ticks,
        "latest_ms", (int)report->line.latest_ms, "cut_frames", (int)report->played.cut_frames);
}

static json_t *timeline_json(const struct report *report, const struct report_summary *summary)
{
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:I, s:b, s:s, s:i, s:o, s:o, s:O}", "call_sid",
        summary->call_sid, "from", summary->from, "to", summary->to, "scenario", summary->scenario,
        "started_at", summary->started_at, "duration_ms", (json_int_t)summary->duration_ms,
        "completed", summary->is_completed, "why", summary->why, "protocol_errors",
        (int)report->protocol_errors, "audio", audio_json(report), "latency",
        latency_json(&report->latency), "events", report->events);
}

static enum err write_timeline(
    const struct report *report, const struct report_summary *summary, const char *folder)
{
    char path[1200];
    snprintf(path, sizeof path, "%s/timeline.json", folder);
    json_t *timeline = timeline_json(report, summary);
    char *text = timeline ? json_dumps(timeline, JSON_INDENT(1)) : NULL;
    json_decref(timeline);
    if (!text) {
        errno = ENOMEM;
        return ERR_NOMEM;
    }
    enum err err = file_write(path, slice_from(text), SLICE("\n"));
    free(text);
    return err;
}

enum err report_write(
    const struct report *report, const struct report_summary *summary, const char *folder)
{
    enum err err = folder_make(folder);
    if (!err)
        err = recording_write(&report->recording, folder);
    if (!err)
        err = write_timeline(report, summary, folder);
    if (err)
        fprintf(stderr, "moonline call: cannot write to %s: %s\n", folder, strerror(errno));
    return err;
}
