#include "generator/report.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#define SEND_LATE_MAX_MS 5.0
#define STEAL_MAX 0.03
#define OTHERS_MAX 0.10
#define LATE_US 5000

/* A run that measured the machine instead of the server says so. */
static const char *why_invalid(struct fleet *fleet, const struct machine_use *use)
{
    if (fleet->send_late.count == 0)
        return "no frame was sent in the window";
    if (samples_ms(&fleet->send_late, 0.99) >= SEND_LATE_MAX_MS)
        return "the generator itself was late";
    if (use->steal_share >= STEAL_MAX)
        return "the hypervisor stole too much";
    if (use->others_share > OTHERS_MAX)
        return "another job used the machine";
    return NULL;
}

static json_t *spread(struct samples *samples)
{
    return json_pack("{s:I, s:f, s:f, s:f, s:f}", "count", (json_int_t)samples->count, "p50",
        samples_ms(samples, 0.5), "p95", samples_ms(samples, 0.95), "p99",
        samples_ms(samples, 0.99), "max", samples_ms(samples, 1));
}

static double share_above(const struct samples *samples)
{
    return samples->count ? (double)samples_above(samples, LATE_US) / (double)samples->count : 0;
}

/* Each call in a word or two, and the sums over all. */
static json_t *calls_json(const struct fleet *fleet, json_t *sums)
{
    json_t *list = json_array();
    unsigned good = 0, asked = 0, answered = 0, unanswered = 0, barges = 0, barges_done = 0;
    for (unsigned i = 0; i < fleet->options.calls; i++) {
        const struct call *call = &fleet->calls[i];
        json_array_append_new(
            list, json_pack("{s:s, s:b, s:i, s:i, s:i, s:I, s:i, s:s}", "call_sid", call->call_sid,
                      "completed", call->is_good, "asked", call->asked, "answered", call->answered,
                      "unanswered", call->unanswered, "frames", (json_int_t)call->media_in,
                      "underruns", call->playout.underruns, "why", call->why));
        good += call->is_good;
        asked += call->asked;
        answered += call->answered;
        unanswered += call->unanswered;
        barges += call->barges;
        barges_done += call->barges_done;
    }
    json_object_update_new(sums,
        json_pack("{s:i, s:i, s:i, s:i, s:i, s:i}", "completed", good, "asked", asked, "answered",
            answered, "unanswered", unanswered, "barges", barges, "barges_done", barges_done));
    return list;
}

static json_t *stream_json(struct fleet *fleet)
{
    return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:f, s:f, s:o, s:o}", "frames_out",
        (json_int_t)fleet->frames_out, "frames_in", (json_int_t)fleet->frames_in, "odd_frames",
        (json_int_t)fleet->odd_frames, "underruns", (json_int_t)fleet->underruns, "marks",
        (json_int_t)fleet->marks, "clears", (json_int_t)fleet->clears, "talked_over",
        (json_int_t)fleet->talked_over, "bad_messages", (json_int_t)fleet->bad_messages,
        "late_share", share_above(&fleet->late), "off_pace_share", share_above(&fleet->off_pace),
        "late_ms", spread(&fleet->late), "off_pace_ms", spread(&fleet->off_pace));
}

/* What the line did to callers' frames; the calls in seconds, where they have lengths of their own. */
static json_t *line_json(const struct fleet *fleet)
{
    const struct line_counts *line = &fleet->line;
    return json_pack("{s:I, s:I, s:I, s:I, s:I}", "dropped", (json_int_t)line->dropped,
        "duplicated", (json_int_t)line->duplicated, "reordered", (json_int_t)line->reordered,
        "late", (json_int_t)line->late, "stalls", (json_int_t)line->stalls);
}

static double call_seconds(
    const struct report *report, const struct fleet *fleet, const struct machine_use *use)
{
    return fleet->options.length_to_ms ? (double)fleet->call_us / 1e6
                                       : use->seconds * report->window_up;
}

static json_t *machine_json(
    const struct report *report, const struct fleet *fleet, const struct machine_use *use)
{
    double call_s = call_seconds(report, fleet, use);
    uint64_t before = report->before.server_rss_bytes, during = report->to.server_rss_bytes;
    double kib = during > before ? (double)(during - before) / 1024 : 0;
    return json_pack("{s:f, s:f, s:f, s:f, s:f, s:f, s:f, s:f, s:f, s:f}", "seconds", use->seconds,
        "cpu_ms_per_call_second", call_s > 0 ? use->server_s * 1000 / call_s : 0, "server_core",
        use->server_s / use->seconds, "generator_core", use->own_share, "helpers_core",
        use->helpers_share, "others_core", use->others_share, "steal", use->steal_share,
        "rss_before_mib", (double)before / 1048576, "rss_during_mib", (double)during / 1048576,
        "rss_per_call_kib", kib / fleet->options.calls);
}

static json_t *all_json(const struct report *report, struct fleet *fleet)
{
    struct machine_use use = machine_between(&report->from, &report->to);
    const char *why = why_invalid(fleet, &use);
    double talk_s = call_seconds(report, fleet, &use);
    json_t *root = json_pack("{s:i, s:i, s:b, s:s, s:f, s:f, s:o, s:o, s:o, s:o, s:o}", "calls",
        fleet->options.calls, "up", report->window_up, "valid", why == NULL, "why_invalid",
        why ? why : "", "expected_ms", fleet->options.expected_ms, "agent_share",
        talk_s > 0 ? (double)fleet->audio_us / 1e6 / talk_s : 0, "response_ms",
        spread(&fleet->response), "barge_ms", spread(&fleet->barge), "send_late_ms",
        spread(&fleet->send_late), "stream", stream_json(fleet), "machine",
        machine_json(report, fleet, &use));
    if (root) {
        json_object_set_new(root, "line", line_json(fleet));
        json_object_set_new(root, "call_seconds", json_real(talk_s));
        json_object_set_new(root, "each", calls_json(fleet, root));
    }
    return root;
}

/* ---- for people ---- */

static double number(const json_t *root, const char *group, const char *name)
{
    return json_number_value(json_object_get(json_object_get(root, group), name));
}

static long long count(const json_t *root, const char *name)
{
    return (long long)json_integer_value(json_object_get(root, name));
}

static void print_spread(const json_t *root, const char *name, const char *title)
{
    if (number(root, name, "count") > 0)
        printf("  %-28s p50 %.1f  p95 %.1f  p99 %.1f  max %.1f ms (%.0f)\n", title,
            number(root, name, "p50"), number(root, name, "p95"), number(root, name, "p99"),
            number(root, name, "max"), number(root, name, "count"));
}

static void print(const json_t *root)
{
    printf(
        "%lld calls, %lld up, %lld completed; turns asked %lld, answered %lld, unanswered %lld\n",
        count(root, "calls"), count(root, "up"), count(root, "completed"), count(root, "asked"),
        count(root, "answered"), count(root, "unanswered"));
    print_spread(root, "response_ms", "response");
    print_spread(root, "barge_ms", "barge-in, onset to clear");
    print_spread(root, "send_late_ms", "generator's own lateness");
    printf("  frames out %.0f, in %.0f (odd %.0f), underruns %.0f, late %.3f %%, off pace %.3f %%, "
           "agent talks %.0f %%\n",
        number(root, "stream", "frames_out"), number(root, "stream", "frames_in"),
        number(root, "stream", "odd_frames"), number(root, "stream", "underruns"),
        100 * number(root, "stream", "late_share"), 100 * number(root, "stream", "off_pace_share"),
        100 * json_number_value(json_object_get(root, "agent_share")));
    printf("  server %.3f ms per call-second, %.1f MiB, %.1f KiB a call; cores: server %.2f, "
           "generator %.2f, helpers %.2f, others %.2f, steal %.1f %%\n",
        number(root, "machine", "cpu_ms_per_call_second"),
        number(root, "machine", "rss_during_mib"), number(root, "machine", "rss_per_call_kib"),
        number(root, "machine", "server_core"), number(root, "machine", "generator_core"),
        number(root, "machine", "helpers_core"), number(root, "machine", "others_core"),
        100 * number(root, "machine", "steal"));
    const char *why = json_string_value(json_object_get(root, "why_invalid"));
    if (why && *why)
        printf("  NOT VALID: %s\n", why);
}

int report_write(const struct report *report, struct fleet *fleet)
{
    json_t *root = all_json(report, fleet);
    if (!root) {
        fprintf(stderr, "bench_calls: no memory for the report\n");
        return 1;
    }
    print(root);
    const char *path = fleet->options.json_file;
    int failed = path && json_dump_file(root, path, JSON_INDENT(1));
    if (failed)
        fprintf(stderr, "bench_calls: cannot write %s\n", path);
    json_decref(root);
    return failed ? 1 : 0;
}
